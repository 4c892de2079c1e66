"""A new TLS certificate locks nobody out: clients follow over the connection they trust, and --finish waits for all."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from node.cli.main import gongzhi
from node.config import load_config
from node.core.members.clients import Kind
from node.core.members.federation import format_fingerprint
from node.core.members.officers import Account, OfficerRole
from node.core.members.pinning import THEY_REFUSED, WE_REFUSED
from node.errors import NodeError, Reason
from node.folder.files import load_clients, save_clients
from node.folder.followers import not_followed, note_pins
from node.folder.identity import add_client, load_identity
from node.folder.keyfile import load_tls_identity
from tests.kit.commands import invoke
from tests.kit.nodes.processes import Running, found
from tests.kit.samples.registry import rows, write_csv
from tests.kit.waiting import eventually


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    [config] = found(tmp_path_factory.mktemp("rotation"), "changsha")
    with Running(config) as running:
        yield running


@pytest.fixture
def identities(node: Running, tmp_path: Path) -> Iterator[Path]:
    """One of each kind, all of the certificate that is in use."""
    now = datetime.now(UTC)
    add_client(node.config, "registry", Kind.ADAPTER, tmp_path / "registry", now)
    account = Account("张三", (OfficerRole.CASE_OFFICER,), "A01")
    add_client(node.config, "zhang", Kind.OFFICER, tmp_path / "zhang", now, account=account)
    add_client(node.config, "jd", Kind.PLATFORM, tmp_path / "jd", now, account=Account("京东"))
    yield tmp_path
    shutil.rmtree(node.config.data_dir / "followers", ignore_errors=True)
    clients = load_clients(node.config.clients)
    for name in ("registry", "zhang", "jd"):
        clients = clients.without(name) if clients.find(name) else clients
    save_clients(node.config.clients, clients)


def load(identity: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """The adapter hands a table in."""
    path = write_csv(identity.parent / "f.csv", rows(1))
    program = Path(sys.executable).with_name("gongzhi-adapter")
    command = [str(program), "load", str(path), "--mapping", "registry", "--identity", str(identity)]
    return subprocess.run([*command, *options], capture_output=True, text=True, timeout=60, check=False)


def call(*words: object) -> Result:
    return invoke(gongzhi, *words, catch_exceptions=False)


def rotate(node: Running, *options: str) -> Result:
    done = call("key", "rotate", "--tls", *options, "--node", node.folder)
    time.sleep(1.2)  # a running node looks at its files each second
    return done


def names(node: Running) -> list[str]:
    return [client.name for client in not_followed(node.config, datetime.now(UTC))]


def test_clients_follow_by_themselves_and_finish_waits_for_them(node: Running, identities: Path) -> None:
    old = load_identity(identities / "registry").server_certs
    said = rotate(node).output
    assert "3 clients learn the new certificate at their next call: registry, zhang, jd" in said
    with pytest.raises(NodeError) as refused:
        rotate(node, "--finish")
    assert refused.value.reason is Reason.NOT_FOLLOWED
    for name in ("registry", "zhang", "jd"):
        assert name in refused.value.message
    # What was refused changed nothing, and the calls teach the clients.
    done = load(identities / "registry")
    assert (done.returncode, done.stderr.count("ssl_transport")) == (0, 0), done.stderr
    assert names(node) == ["zhang", "jd"]
    assert call("inbox", "--as", identities / "zhang").exit_code == 0
    assert call("inbox", "--as", identities / "jd").exit_code == 0
    assert names(node) == []
    assert "not seen" not in rotate(node, "--status").output
    assert rotate(node, "--finish").exit_code == 0
    new = load_tls_identity(node.config.tls_identity).certificate
    assert new not in old
    for name in ("zhang", "jd"):
        assert call("inbox", "--as", identities / name).exit_code == 0
    assert load_identity(node.config.officer).server_certs == (new,)
    assert load(identities / "registry").returncode == 0
    assert load_identity(identities / "registry").server_certs == (new,)


def test_each_identity_of_one_client_follows_for_itself(node: Running, identities: Path) -> None:
    add_client(node.config, "jd", Kind.PLATFORM, identities / "second", datetime.now(UTC), account=Account("京东"))
    rotate(node)
    assert call("inbox", "--as", identities / "jd").exit_code == 0
    assert "jd" in names(node)
    assert call("inbox", "--as", identities / "second").exit_code == 0
    assert "jd" not in names(node)
    assert rotate(node, "--finish", "--force").exit_code == 0


def test_one_that_was_away_is_told_which_side_refused_and_cured_by_hand(node: Running, identities: Path) -> None:
    for _ in range(2):  # twice before it calls again
        rotate(node)
        assert rotate(node, "--finish", "--force").exit_code == 0
    began = time.monotonic()
    done = load(identities / "registry")
    assert time.monotonic() - began < 10
    assert done.returncode == 4
    assert f"tls_refused: {node.config.listen.intake}: {WE_REFUSED}" in done.stderr
    assert "ssl_transport" not in done.stderr
    with pytest.raises(NodeError) as refused:
        call("inbox", "--as", identities / "zhang")
    assert (refused.value.reason, refused.value.message) == (Reason.TLS_REFUSED, WE_REFUSED)
    (identities / "registry" / "server.crt").write_text(call("client", "server-cert", "--node", node.folder).output)
    assert load(identities / "registry").returncode == 0
    assert "registry" not in names(node)


def test_one_that_the_node_does_not_know_is_told_so(node: Running, identities: Path) -> None:
    call("client", "remove", "registry", "--node", node.folder)
    time.sleep(1.5)
    done = load(identities / "registry")
    assert done.returncode == 4
    assert f"tls_refused: {node.config.listen.intake}: {THEY_REFUSED}" in done.stderr


def test_a_bundle_that_cannot_be_written_goes_on_and_is_named(
    node: Running, identities: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotate(node)
    monkeypatch.setattr("node.client.node_client.write_server", lambda *_: (_ for _ in ()).throw(OSError()))
    assert call("inbox", "--as", identities / "zhang").exit_code == 0
    assert "zhang" in names(node)
    rotate(node, "--finish", "--force")


def test_a_city_that_has_not_taken_over_the_card_is_named(node: Running, tmp_path: Path) -> None:
    changsha, wuhan = found(tmp_path, "changsha", "wuhan")
    settings = wuhan.keys.parent / "node.yaml"
    shutil.copy(tmp_path / "federation.yaml", wuhan.keys.parent)
    settings.write_text(settings.read_text().replace("../federation.yaml", "federation.yaml"))
    wuhan = load_config(settings)
    with Running(wuhan):
        turn = ("key", "rotate", "--tls", "--node", changsha.keys.parent)
        call(*turn)
        with pytest.raises(NodeError, match="would lock out 1: wuhan"):
            call(*turn, "--finish")
        assert "has not added" in call(*turn, "--status").output
        shutil.copy(tmp_path / "federation.yaml", wuhan.federation)
        eventually(lambda: "has not added" not in call(*turn, "--status").output)
        assert call(*turn, "--finish").exit_code == 0


def test_a_city_that_is_away_is_named_and_holds_nothing_up(tmp_path: Path) -> None:
    changsha, _ = found(tmp_path, "changsha", "wuhan")
    turn = ("key", "rotate", "--tls", "--node", changsha.keys.parent)
    call(*turn)
    finished = call(*turn, "--finish")
    assert finished.exit_code == 0
    assert "wuhan cannot be reached" in finished.output


@pytest.mark.parametrize("which", ["log", "tls", "witness"])
def test_a_prepared_key_that_is_not_on_the_card_is_not_put_in_use(tmp_path: Path, which: str) -> None:
    own, other = found(tmp_path, "changsha", "wuhan")
    for config in (own, other):
        call("key", "rotate", f"--{which}", "--node", config.keys.parent)
    name = {"log": "log.next.key", "tls": "tls.next.pem", "witness": "witness.next.key"}[which]
    shutil.copy(other.keys / name, own.keys / name)
    with pytest.raises(NodeError, match="not on this node's card"):
        call("key", "rotate", f"--{which}", "--finish", "--node", own.keys.parent)


def test_a_lost_identity_is_removed_alone_and_blocks_no_more(node: Running, identities: Path) -> None:
    add_client(node.config, "jd", Kind.PLATFORM, identities / "new", datetime.now(UTC), account=Account("京东"))
    lost = load_identity(identities / "jd").tls.certificate.fingerprint
    rotate(node)
    for identity in ("new", "zhang"):
        assert call("inbox", "--as", identities / identity).exit_code == 0
    assert load(identities / "registry").returncode == 0
    assert format_fingerprint(lost) in rotate(node, "--status").output
    with pytest.raises(NodeError, match=r"would lock out 1: jd.*client remove NAME --certificate"):
        rotate(node, "--finish")
    note_pins(node.config.data_dir, lost, ["ab" * 32])
    removing = ("client", "remove", "jd", "--certificate", format_fingerprint(lost), "--node", node.folder)
    assert format_fingerprint(lost) in call(*removing).output
    assert not (node.config.data_dir / "followers" / lost).exists()
    assert f"jd {format_fingerprint(lost)}" in call("trail", "list", "--json", "--node", node.folder).output
    with pytest.raises(NodeError) as refused:
        call(*removing)
    assert refused.value.reason is Reason.NOT_FOUND
    assert rotate(node, "--finish").exit_code == 0
    assert call("inbox", "--as", identities / "new").exit_code == 0
    kept = load_identity(identities / "new").tls.certificate.fingerprint
    with pytest.raises(NodeError, match="no other certificate"):
        call("client", "remove", "jd", "--certificate", kept, "--node", node.folder)
