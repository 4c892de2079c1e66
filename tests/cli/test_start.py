"""A node that cannot start says why in one line, with exit code 2, and leaves nothing running and nothing changed."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest

from node.config import Config, Listen
from node.core.log.checkpoint import LogKey
from node.core.log.cosignature import WitnessKey
from node.core.reason_texts import meaning_and_advice
from node.errors import NodeError, Reason
from node.folder.data_lock import hold_data
from node.folder.keyfile import load_log_key, load_witness_key
from tests.kit.nodes.processes import Running, found
from tests.kit.waiting import eventually

# Root may write anything, unless it gives that up.
AS_ANYBODY = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


def run(config: Config, *prefix: str) -> subprocess.CompletedProcess[str]:
    command = [*prefix, sys.executable, "-m", "node.cli.main", "run", "--node", str(config.keys.parent)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def refused(config: Config, *prefix: str) -> str:
    """The one line with which a node does not start."""
    done = run(config, *prefix)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert '"frames"' not in done.stderr
    assert not processes_of(config)
    line, advice = done.stderr.splitlines()
    reason = line.split(": ")[1]
    assert advice == meaning_and_advice(Reason(reason))
    assert line.startswith("gongzhi: ")
    return line.removeprefix("gongzhi: ")


def processes_of(config: Config) -> list[int]:
    """Every process that was started for this folder and is still there."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = each.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"run" in command and str(config.keys.parent).encode() in command:
            found.append(int(each.parent.name))
    return found


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return found(tmp_path, "changsha")[0]


@pytest.mark.parametrize("listener", list(Listen.model_fields))
def test_an_address_that_is_taken_is_named_before_anything_starts(config: Config, listener: str) -> None:
    address = getattr(config.listen, listener)
    with socket.create_server(("127.0.0.1", int(address.rpartition(":")[2]))):
        line = refused(config)
    assert line.startswith(f"already_running: cannot listen on {address}: another program may be using it")
    assert f"listen.{listener}" in line
    assert not (config.data_dir / "metrics").exists()


@pytest.mark.parametrize("listener", list(Listen.model_fields))
def test_an_address_that_two_listeners_share_is_named(config: Config, listener: str) -> None:
    settings = config.keys.parent / "node.yaml"
    own, other = (getattr(config.listen, each) for each in (listener, "query" if listener != "query" else "intake"))
    settings.write_text(settings.read_text().replace(f"{listener}: {own}", f"{listener}: {other}"))
    assert other in refused(config)


def test_an_address_of_another_machine_is_named(config: Config) -> None:
    settings = config.keys.parent / "node.yaml"
    settings.write_text(settings.read_text().replace(f"exchange: {config.listen.exchange}", "exchange: 192.0.2.1:7100"))
    assert refused(config).startswith("invalid_config: cannot listen on 192.0.2.1:7100: ")


def test_a_second_run_leaves_the_running_node_as_it_was(config: Config) -> None:
    with Running(config) as node:
        node.status()
        before = node.metrics().count("gongzhi_rpc_total")
        assert before
        done = run(config)
        assert done.returncode == 2
        line, _ = done.stderr.splitlines()
        assert line.startswith(f"gongzhi: already_running: {config.data_dir}: this node is running already")
        assert node.metrics().count("gongzhi_rpc_total") >= before
        assert len(node.children()) == 2


def test_metrics_answer_at_one_path_alone(config: Config) -> None:
    with Running(config) as node:
        assert "gongzhi_records" in node.metrics()
        base = f"http://{config.listen.metrics}"
        for path, method, code in (("/", "GET", 404), ("/metrics/x", "GET", 404), ("/metrics", "POST", 501)):
            with pytest.raises(urllib.error.HTTPError) as answered:
                urllib.request.urlopen(urllib.request.Request(base + path, method=method), timeout=20)
            assert answered.value.code == code


def test_the_processes_end_with_a_supervisor_that_is_killed(config: Config) -> None:
    with Running(config) as node:
        node.stop(signal.SIGKILL)
        eventually(lambda: not processes_of(config))


def test_the_processes_end_with_a_supervisor_that_is_killed_while_they_begin(config: Config) -> None:
    for after_s in (0.8, 1.5, 2.5):
        folder = str(config.keys.parent)
        begun = subprocess.Popen([sys.executable, "-m", "node.cli.main", "run", "--node", folder], stderr=-3)
        time.sleep(after_s)
        begun.kill()
        begun.wait(10)
        eventually(lambda: not processes_of(config), timeout_s=20)


def test_the_data_folder_is_held_until_the_last_process_has_ended(config: Config) -> None:
    with Running(config) as node:
        [writer, asker] = node.children()
        os.kill(asker, signal.SIGSTOP)
        try:
            node.process.kill()
            node.process.wait(10)
            eventually(lambda: not Path(f"/proc/{writer}").exists())
            assert "already" in refused_by_lock(config)
        finally:
            os.kill(asker, signal.SIGCONT)
        eventually(partial(is_free, config))


def is_free(config: Config) -> bool:
    try:
        os.close(hold_data(config.data_dir))
    except NodeError:
        return False
    return True


def refused_by_lock(config: Config) -> str:
    return run(config).stderr


def no_folder(config: Config) -> None:
    shutil.rmtree(config.data_dir)


def a_file_for_a_folder(config: Config) -> None:
    shutil.rmtree(config.data_dir)
    config.data_dir.write_text("")


def full_disk(config: Config) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(config.data_dir)], check=True)
    (config.data_dir / "lock").touch()
    with (config.data_dir / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


def read_only(config: Config) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(config.data_dir)], check=True)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (no_folder, "data_lost"),
        (a_file_for_a_folder, "data_lost"),
        (full_disk, "storage_full"),
        (read_only, "storage_read_only"),
    ],
)
def test_a_data_folder_that_cannot_be_used_is_named(
    config: Config, spoil: Callable[[Config], None], reason: str
) -> None:
    mounts = spoil in {full_disk, read_only}
    try:
        spoil(config)
    except subprocess.CalledProcessError:
        pytest.skip("may not mount here")
    try:
        line = refused(config)
    finally:
        if mounts:
            subprocess.run(["umount", str(config.data_dir)], check=True)
    assert line.startswith(f"{reason}: {config.data_dir}")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A node that has run: all its databases are there, each whole in one file."""
    config = found(tmp_path_factory.mktemp("stopped"), "changsha")[0]
    with Running(config):
        pass
    for each in config.data_dir.glob("*.db"):
        with closing(sqlite3.connect(each)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return config


@pytest.mark.parametrize("name", ["node.db", "usage.db", "search.db", "evidence.db", "evidence_usage.db"])
@pytest.mark.parametrize("damage", ["header", "pages", "cut"])
def test_a_damaged_database_is_named(stopped: Config, name: str, damage: str) -> None:
    path = stopped.data_dir / name
    good = path.read_bytes()
    path.write_bytes(
        {
            "header": os.urandom(100) + good[100:],
            "pages": good[:100] + os.urandom(len(good) - 100),
            "cut": good[: 4096 + 100],
        }[damage]
    )
    try:
        line = refused(stopped)
    finally:
        path.write_bytes(good)
    assert line.startswith(f"storage_corrupt: {path}: the database is damaged; ")
    assert ("delete it" if name == "search.db" else "restore a backup") in line


@pytest.mark.parametrize("name", ["node.db", "trail.db", "metrics"])
def test_what_may_only_be_read_is_named(stopped: Config, name: str) -> None:
    """SQLite opens such a database all the same, and leaves a journal that stays read-only when the mode is mended."""
    path = stopped.data_dir / name
    if name == "metrics":
        path.mkdir(exist_ok=True)
        (path / "counter_1.db").touch()
    mode, journal = path.stat().st_mode, Path(f"{path}-wal")
    stood = journal.exists()  # what an earlier test's node, killed, had not put into the file yet
    path.chmod(mode & ~0o222)
    try:
        line = refused(stopped, *AS_ANYBODY)
    finally:
        path.chmod(mode)
    assert line == f"storage_read_only: {path}: cannot be written: Permission denied"
    assert journal.exists() == stood


@pytest.mark.parametrize("which", ["log.key", "tls.pem", "witness.key"])
def test_a_key_that_is_not_on_the_card_starts_no_node(tmp_path: Path, which: str) -> None:
    changsha, wuhan = found(tmp_path, "changsha", "wuhan")
    shutil.copy(wuhan.keys / which, changsha.keys / which)
    kind = {"log.key": "log keys", "tls.pem": "certificates", "witness.key": "witness keys"}[which]
    assert refused(changsha) == f"invalid_key: keys/{which} is not one of the {kind} on the card"


@pytest.mark.parametrize("which", ["log.key", "witness.key"])
def test_a_key_of_the_card_under_another_name_starts_no_node(tmp_path: Path, which: str) -> None:
    """Notes carry the name of their key: under another, no peer believes them."""
    [changsha] = found(tmp_path, "changsha")
    path = changsha.keys / which
    key: LogKey | WitnessKey = load_log_key(path).key if which == "log.key" else load_witness_key(path).key
    renamed = key._replace(name="oldname.gongzhi.internal/log")
    label, word, _, _, secret = path.read_text().strip().split("+", 4)
    path.write_text(f"{label}+{word}+{renamed.name}+{renamed.key_id.hex()}+{secret}\n")
    called = {"log.key": "log keys", "witness.key": "witness keys"}[which]
    assert refused(changsha) == f"invalid_key: keys/{which} is not one of the {called} on the card"
