"""Real nodes over mTLS: they cosign, compare, prove with witnesses, and hold back one that was rolled back."""

import json
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest

from node.client.errors import error_from_rpc
from node.config import Config, Sync
from node.core.log.fork import make_fork
from node.errors import Reason
from node.folder.files import load_federation
from node.folder.keyfile import load_log_key, load_tls_identity
from node.rpc.peer_client import connect
from node.storage.sqlite.reader import Reader
from node.stubs.control.v1 import control_pb2
from node.stubs.exchange.v1.exchange_pb2 import CompareRequest
from tests.kit.nodes.processes import Running, batch, found
from tests.kit.simulator.telling import note
from tests.kit.waiting import eventually

THREE = ("changsha", "wuhan", "hefei")


def gongzhi(*args: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "node.cli.main", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def well(*args: object) -> str:
    done = gongzhi(*args)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def three(tmp_path: Path) -> dict[str, Config]:
    return {config.city: config for config in found(tmp_path, *THREE)}


def size_at(config: Config, city: str) -> int:
    origin = Reader(config.node_db).find_origin(city)
    return origin.size if origin else 0


def test_a_record_is_proven_with_two_witnesses_and_an_old_node_goes_along(
    three: dict[str, Config], tmp_path: Path
) -> None:
    federation = three["wuhan"].federation
    with ExitStack() as stack:
        nodes = {city: stack.enter_context(Running(config)) for city, config in three.items()}
        list(nodes["wuhan"].submit(iter([batch(1, 20)])))
        eventually(lambda: sorted(nodes["wuhan"].status().witnesses) == ["changsha", "hefei"], timeout_s=60)
        assert nodes["wuhan"].status().witnessed_size == 20
        proof = tmp_path / "proof.json"
        for city in ("wuhan", "hefei"):
            well("prove", "wuhan-3", "--out", proof, "--node", nodes[city].folder)
        checked = json.loads(well("check-proof", proof, "--federation", federation, "--witnesses", 2, "--json"))
        assert sorted(checked["witnesses"]) == ["changsha", "hefei"]
        told = well("check-proof", proof, "--federation", federation, "--witnesses", 2)
        assert "cosigned by hefei" in told
        few = gongzhi("check-proof", proof, "--federation", federation, "--witnesses", 3, "--json")
        assert (few.returncode, json.loads(few.stdout)["reason"]) == (1, Reason.TOO_FEW_WITNESSES)
        assert gongzhi("check-proof", proof, "--key", "x", "--witnesses", 1).returncode == 2
        assert "own log (20 records) cosigned up to: " in well("status", "--node", nodes["wuhan"].folder)


def test_a_node_from_before_witnesses_runs_on_and_gets_a_key(three: dict[str, Config]) -> None:
    """Neither key nor line on the card, as an older release left it."""
    hefei, wuhan = three["hefei"], three["wuhan"]
    hefei.witness_key.unlink()
    lines = hefei.federation.read_text().splitlines(keepends=True)
    at = next(at for at, line in enumerate(lines) if "hefei.gongzhi.internal/witness" in line)
    del lines[at - 1 : at + 1]
    hefei.federation.write_text("".join(lines))
    folder = hefei.keys.parent
    assert "no witness key" in gongzhi("federation", "check", "--node", folder).stdout
    with Running(wuhan) as origin:
        list(origin.submit(iter([batch(1, 5)])))
        with Running(hefei) as old:
            eventually(lambda: size_at(hefei, "wuhan") == 5)
            assert any(event["event"] == "no_witness_key" for event in old.events())
        assert not origin.status().witnesses
        well("key", "rotate", "--witness", "--node", folder)
        well("key", "rotate", "--witness", "--finish", "--node", folder)
        well("federation", "check", "--node", folder)
        with Running(hefei):
            eventually(lambda: list(origin.status().witnesses) == ["hefei"], timeout_s=60)


def test_a_restored_node_is_told_what_it_lost_and_is_not_confirmed(three: dict[str, Config], tmp_path: Path) -> None:
    changsha, wuhan = three["changsha"], three["wuhan"]
    folder = wuhan.keys.parent
    with ExitStack() as stack:
        stack.enter_context(Running(changsha))
        with Running(wuhan) as node:
            list(node.submit(iter([batch(1, 5)])))
            eventually(lambda: size_at(changsha, "wuhan") == 5)
            well("backup", "--node", folder, "--out", tmp_path / "backup", "--with-keys")
            list(node.submit(iter([batch(100, 3)])))
            eventually(lambda: size_at(changsha, "wuhan") == 8)
        settings = (folder / "node.yaml").read_text()
        shutil.rmtree(folder)
        well("restore", tmp_path / "backup", "--dir", folder)
        (folder / "node.yaml").write_text(settings)
        with Running(wuhan) as node:
            eventually(lambda: any("8" in alert.text for alert in node.status().alerts), timeout_s=60)
            said = gongzhi("status", "--node", folder)
            assert said.returncode == 3
            assert "peers hold 8" in said.stdout
            with pytest.raises(grpc.RpcError) as held:
                list(node.submit(iter([batch(900)])))
            assert error_from_rpc(held.value).reason is Reason.RESTORED
        refused = gongzhi("restore", "--confirm", 5, "--node", folder)
        assert refused.returncode == 2
        assert "changsha showed 8" in refused.stderr
        assert "restore a newer backup" in refused.stderr
        assert Reader(changsha.node_db).peers.state("wuhan").frozen is False


def _forked(node: Running) -> list[control_pb2.Alert]:
    return [alert for alert in node.status().alerts if alert.reason == Reason.LOG_FORKED]


def test_a_forked_log_freezes_everywhere_and_is_forgotten_once_rebuilt(
    three: dict[str, Config], tmp_path: Path
) -> None:
    """The evidence reaches one node; both honest nodes freeze, an officer checks it offline and later forgets."""
    changsha, wuhan = three["changsha"], three["wuhan"]
    signer = load_log_key(wuhan.log_key)
    with ExitStack() as stack:
        nodes = {city: stack.enter_context(Running(config)) for city, config in three.items()}
        list(nodes["wuhan"].submit(iter([batch(1, 5)])))
        eventually(lambda: size_at(changsha, "wuhan") == size_at(three["hefei"], "wuhan") == 5)
        true = Reader(changsha.node_db).origin("wuhan")
        assert true.checkpoint
        fork = make_fork("wuhan", note("wuhan", 5, bytes(32), signer), true.checkpoint, true.root)
        _accuse(three["hefei"], changsha, fork)
        for node in nodes.values():
            eventually(lambda node=node: _forked(node), timeout_s=60)  # type: ignore[misc]
        said = gongzhi("status", "--node", nodes["hefei"].folder)
        assert said.returncode == 3
        assert "ALERT log_forked wuhan" in said.stdout
        [alert] = _forked(nodes["changsha"])
        incident = nodes["changsha"].status().incidents[0].number
        assert str(incident) in alert.text
        evidence = tmp_path / "fork.json"
        well("peer", "payload", incident, "--out", evidence, "--node", nodes["changsha"].folder)
        assert "PROVEN: wuhan signed two different histories" in well(
            "check-fork", evidence, "--federation", changsha.federation
        )
        assert "log_forked" in gongzhi("peer", "release", "wuhan", "--node", nodes["changsha"].folder).stderr
        with pytest.raises(grpc.RpcError) as held:
            list(nodes["wuhan"].submit(iter([batch(900)])))
        assert error_from_rpc(held.value).reason is Reason.LOG_FORKED
        assert (
            "already_running" in gongzhi("peer", "forget", "wuhan", "--yes", "--node", nodes["changsha"].folder).stderr
        )
    folder = changsha.keys.parent
    assert "take over its new card first" in gongzhi("peer", "forget", "wuhan", "--yes", "--node", folder).stderr
    well("federation", "remove", "wuhan", "--node", folder)
    assert "5 records of wuhan destroyed" in well("peer", "forget", "wuhan", "--yes", "--node", folder)
    well("audit", "--node", folder)
    assert Reader(changsha.node_db).origin("wuhan").size == 0
    assert Reader(changsha.node_db).peers.incidents()


def _accuse(accuser: Config, accused_at: Config, fork: bytes) -> None:
    """One call of Compare with the accuser's own certificate."""
    member = load_federation(accused_at.federation).member(accused_at.city)
    with connect(member, load_tls_identity(accuser.tls_identity), Sync()) as peer:
        peer.compare(CompareRequest(forks=[fork]).SerializeToString())
