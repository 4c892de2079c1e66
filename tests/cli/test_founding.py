"""No start forks a log: a node whose data folder lacks the log of its keys, or loses it while it runs, is held back."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest

from node.bootstrap import build_role
from node.cli.main import gongzhi
from node.config import Config, load_config
from node.errors import NodeError, Reason
from node.folder.clock import SystemClock
from node.folder.keyfile import create_log_key, load_log_key
from node.storage.sqlite.founding import found_log
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.store import Store
from node.stubs.intake.v1 import intake_pb2 as pb
from node.usecases.upkeep.backup import back_up, restore
from node.usecases.upkeep.start_checks import check_start
from tests.kit.commands import invoke
from tests.kit.nodes.processes import Running, batch, found


def empty_folder(own: Config, other: Config) -> None:
    shutil.rmtree(own.data_dir)
    own.data_dir.mkdir()


def no_node_db(own: Config, other: Config) -> None:
    own.node_db.unlink()


def an_empty_file(own: Config, other: Config) -> None:
    own.node_db.write_bytes(b"")


def the_folder_of_another_city(own: Config, other: Config) -> None:
    shutil.rmtree(own.data_dir)
    shutil.copytree(other.data_dir, own.data_dir)


def a_log_under_another_key(own: Config, other: Config) -> None:
    own.node_db.unlink()
    signer = create_log_key(own.keys / "other.key", own.city)
    Store(own.node_db, own.city, signer, SystemClock()).close()


def a_log_of_an_earlier_founding(own: Config, other: Config) -> None:
    mark = (own.keys / "founded").read_bytes()
    own.node_db.unlink()
    found_log(own, SystemClock())
    (own.keys / "founded").write_bytes(mark)


def a_link_that_leads_elsewhere(own: Config, other: Config) -> None:
    shutil.rmtree(own.data_dir)
    own.data_dir.symlink_to(other.data_dir)


SPOILT = [
    empty_folder, no_node_db, an_empty_file, the_folder_of_another_city, a_log_under_another_key,
    a_log_of_an_earlier_founding, a_link_that_leads_elsewhere,
]  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_data_folder_without_the_log_of_these_keys_starts_no_node(
    tmp_path: Path, spoil: Callable[[Config, Config], None]
) -> None:
    own, other = found(tmp_path, "changsha", "wuhan")
    check_start(own)
    spoil(own, other)
    before = {path.name for path in own.data_dir.iterdir()}
    with pytest.raises(NodeError) as refused:
        check_start(own)
    assert refused.value.reason is Reason.DATA_LOST
    assert str(own.node_db) in refused.value.message
    with pytest.raises(NodeError) as refused:  # a process that its supervisor starts again
        build_role(own, "node")
    assert refused.value.reason is Reason.DATA_LOST
    assert {path.name for path in own.data_dir.iterdir()} - before <= {"lock", "node.db-shm", "node.db-wal"}


def test_the_command_refuses_it_in_a_sentence(tmp_path: Path) -> None:
    [own] = found(tmp_path, "changsha")
    empty_folder(own, own)
    command = [sys.executable, "-m", "node.cli.main", "run", "--node", str(own.keys.parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"gongzhi: data_lost: {own.node_db}: is missing, but keys/ holds the keys")
    assert "frames" not in done.stderr


def test_a_node_that_nobody_pulled_from_is_begun_anew_on_purpose(tmp_path: Path) -> None:
    [own] = found(tmp_path, "changsha")
    command = ["init", "--anew", "--city", "changsha", "--dir", str(own.keys.parent)]
    with pytest.raises(NodeError, match="already"):
        invoke(gongzhi, *command, text="y\n", catch_exceptions=False)
    empty_folder(own, own)
    assert invoke(gongzhi, *command, text="n\n").exit_code == 1
    assert invoke(gongzhi, *command, text="y\n").exit_code == 0
    check_start(own)


def test_a_restored_node_starts_with_the_keys_put_back(tmp_path: Path) -> None:
    [own] = found(tmp_path, "changsha")
    folder = own.keys.parent
    back_up(own, tmp_path / "backup", datetime.now(UTC), lambda *_: None, with_keys=False)
    restore(tmp_path / "backup", tmp_path / "again", lambda *_: None)
    shutil.copy(folder.parent / "federation.yaml", tmp_path / "again" / "federation.yaml")
    for each in ("log.key", "tls.pem", "witness.key"):
        shutil.copy(folder / "keys" / each, tmp_path / "again" / "keys" / each)
    again = load_config(tmp_path / "again")
    check_start(again)  # without the mark
    shutil.copy(folder / "keys" / "founded", again.keys / "founded")
    check_start(again)


def test_a_node_of_an_earlier_release_is_marked_at_its_first_start(tmp_path: Path) -> None:
    [own] = found(tmp_path, "changsha")
    (own.keys / "founded").unlink()
    store = Store(own.node_db, own.city, load_log_key(own.log_key), SystemClock())
    store.submit(lambda connection: connection.execute("DELETE FROM founding")).result()
    store.close()
    check_start(own)
    role = build_role(own, "node")
    role.start()
    role.stop()
    (stored,) = Reader(own.node_db).connection.execute("SELECT id FROM founding").fetchone()
    assert (own.keys / "founded").read_text().strip() == stored


@pytest.mark.parametrize(
    ("options", "listens"),
    [
        (("--exchange-address", "x.example:7200"), 7200),
        (("--exchange-address", "x.example:443", "--port", "7500"), 7500),
        ((), 7100),
    ],
)
def test_a_node_listens_on_the_port_that_it_announces(tmp_path: Path, options: tuple[str, ...], listens: int) -> None:
    command = ["init", "--city", "changsha", "--dir", str(tmp_path / "node"), *options]
    assert invoke(gongzhi, *command, catch_exceptions=False).exit_code == 0
    listen = load_config(tmp_path / "node").listen
    ports = [int(getattr(listen, name).rpartition(":")[2]) for name in type(listen).model_fields]
    assert ports == list(range(listens, listens + 5))


def test_a_port_that_only_root_may_use_is_told(tmp_path: Path) -> None:
    unprivileged = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if unprivileged < 2:
        pytest.skip("here anybody may listen on any port")

    def init(port: int) -> str:
        command = ["init", "--city", "changsha", "--dir", str(tmp_path / str(port)), "--port", str(port)]
        return invoke(gongzhi, *command, catch_exceptions=False).stderr

    told = init(unprivileged - 1)
    assert f"Only root may listen on 127.0.0.1:{unprivileged - 1}: " in told
    assert "Only root may listen on" in told
    assert init(unprivileged) == ""


def unlink(own: Config, other: Config) -> None:
    own.node_db.unlink()


def unlink_the_write_ahead_log(own: Config, other: Config) -> None:
    own.node_db.with_name(f"{own.node_db.name}-wal").unlink()


def move_away(own: Config, other: Config) -> None:
    own.data_dir.rename(own.data_dir.with_name("elsewhere"))


def put_another_in_its_place(own: Config, other: Config) -> None:
    shutil.copy(other.node_db, own.data_dir / "new.db")
    (own.data_dir / "new.db").rename(own.node_db)


def lead_the_link_elsewhere(own: Config, other: Config) -> None:
    own.data_dir.unlink()
    own.data_dir.symlink_to(other.data_dir)


@pytest.mark.parametrize(
    "lose",
    [unlink, unlink_the_write_ahead_log, move_away, put_another_in_its_place, lead_the_link_elsewhere],
)
def test_what_is_not_in_the_file_is_not_acknowledged(tmp_path: Path, lose: Callable[[Config, Config], None]) -> None:
    own, other = found(tmp_path, "changsha", "wuhan")
    if lose is lead_the_link_elsewhere:
        own.data_dir.rename(tmp_path / "volume")
        own.data_dir.symlink_to(tmp_path / "volume")
    with Running(own) as node:
        [answer] = node.submit(iter([batch(1)]))
        assert answer.outcomes[0].status == pb.STATUS_ACCEPTED
        lose(own, other)
        with suppress(grpc.RpcError):
            for answer in node.submit(iter([batch(2)])):
                raise AssertionError(f"acknowledged: {answer}")
        assert node.process.wait(40) == 2
        [event] = [each for each in node.events() if each["event"] == "cannot_go_on"]
        assert event["reason"] == "data_lost"
