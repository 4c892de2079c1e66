"""Backup and restore by command, of a real node that takes in records meanwhile."""

import json
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from node.client.errors import error_from_rpc
from node.config import load_config
from node.errors import FileError, Reason
from node.stubs.intake.v1 import intake_pb2 as pb
from node.usecases.upkeep.backup import restore
from tests.kit.nodes.processes import Running, batch, found

KEYS = {
    "keys/log.key",
    "keys/tls.pem",
    "keys/witness.key",
    "officer/client.pem",
    "officer/client.yaml",
    "officer/server.crt",
}


def gongzhi(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "node.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def well(*arguments: object) -> str:
    done = gongzhi(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A node's folder and a backup with keys, made in the middle of an intake; the node is stopped after."""
    base = tmp_path_factory.mktemp("backup")
    config = found(base, "changsha")[0]
    with Running(config) as node:
        list(node.submit(iter([batch(number * 100, 100) for number in range(20)])))
        stopping = threading.Event()
        sizes: list[int] = []

        def batches() -> Iterator[pb.SubmitRequest]:
            number = 20
            while not stopping.is_set():
                yield batch(number * 100, 100)
                number += 1

        def feed() -> None:
            sizes.extend(answer.seq + 100 for answer in node.submit(batches()))

        feeder = threading.Thread(target=feed)
        feeder.start()
        said = json.loads(well("backup", "--node", node.folder, "--out", base / "whole", "--with-keys", "--json"))
        well("backup", "--node", node.folder, "--out", base / "bare.tar")
        stopping.set()
        feeder.join(60)
        assert 2000 <= said["tree_size"] <= node.status().tree_size
        assert sizes[-1] > 2000
    return config.keys.parent, base / "whole"


def test_a_backup_is_described_by_its_manifest(backed_up: tuple[Path, Path]) -> None:
    _, backup = backed_up
    manifest = json.loads((backup / "manifest.json").read_text())
    listed = {file["path"]: file["bytes"] for file in manifest["files"]}
    stored = {path.relative_to(backup).as_posix(): path.stat().st_size for path in backup.rglob("*") if path.is_file()}
    assert listed == {path: size for path, size in stored.items() if path != "manifest.json"}
    assert {*KEYS, "data/node.db", "data/usage.db", "node.yaml", "policy.yaml"} <= set(listed)
    assert manifest["checkpoint"].split("\n")[1] == str(manifest["tree_size"])
    assert backup.stat().st_mode & 0o077 == 0
    assert not [path for path in backup.parent.iterdir() if "partial" in path.name]


def test_no_key_is_in_a_backup_unless_asked_for(backed_up: tuple[Path, Path], tmp_path: Path) -> None:
    bare = backed_up[1].parent / "bare.tar"
    assert bare.stat().st_mode & 0o777 == 0o600
    said = gongzhi("restore", bare, "--dir", tmp_path / "node")
    assert said.returncode == 0, said.stderr
    assert "holds no keys" in said.stderr
    assert not KEYS & {path.relative_to(tmp_path / "node").as_posix() for path in (tmp_path / "node").rglob("*")}
    secret = (backed_up[0] / "keys" / "log.key").read_bytes().strip()
    assert secret not in bare.read_bytes()


def _restored(backup: Path, target: Path) -> int:
    done = gongzhi("restore", backup, "--dir", target, "--json")
    assert done.returncode == 0, done.stderr
    assert "DOES NOT PUBLISH" in done.stderr
    return int(json.loads(done.stdout)["tree_size"])


def test_a_restored_node_answers_but_publishes_only_when_confirmed(
    backed_up: tuple[Path, Path], tmp_path: Path
) -> None:
    target = tmp_path / "node"
    size = _restored(backed_up[1], target)
    well("audit", "--node", target)
    config = load_config(target)
    with Running(config) as node:
        assert node.status().tree_size == size
        with pytest.raises(grpc.RpcError) as caught:
            list(node.submit(iter([batch(10**6)])))
        assert error_from_rpc(caught.value).reason is Reason.RESTORED
        assert node.status().tree_size == size
        assert "already_running" in gongzhi("restore", "--confirm", size, "--node", target).stderr
    refused = gongzhi("restore", "--confirm", size + 1, "--node", target)
    assert refused.returncode == 2
    assert refused.stderr.startswith("gongzhi: restored:")
    well("restore", "--confirm", size, "--node", target)
    with Running(config) as node:
        [answer] = node.submit(iter([batch(10**6)]))
        assert answer.outcomes[0].id == f"changsha-{size}"
    assert "not_found" in gongzhi("restore", "--confirm", size, "--node", target).stderr


@pytest.mark.parametrize("name", ["backup", "backup.tar"])
def test_only_the_owner_gets_into_a_restored_node(backed_up: tuple[Path, Path], tmp_path: Path, name: str) -> None:
    out, target = tmp_path / name, tmp_path / "restored"
    well("backup", "--out", out, "--with-keys", "--node", backed_up[0])
    well("restore", out, "--dir", target)
    folders = [target, *(path for path in target.rglob("*") if path.is_dir())]
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in folders} == {path.name: "0o700" for path in folders}
    secret = [path for path in (target / "keys").iterdir() if path.is_file()]
    assert secret
    assert {path.stat().st_mode & 0o077 for path in secret} == {0}


def test_nothing_is_written_over(backed_up: tuple[Path, Path], tmp_path: Path) -> None:
    folder, backup = backed_up
    before = sorted(folder.rglob("*"))
    assert "is not empty" in gongzhi("restore", backup, "--dir", folder).stderr
    assert "already exists" in gongzhi("backup", "--node", folder, "--out", backup).stderr
    assert sorted(folder.rglob("*")) == before
    (tmp_path / "empty").mkdir()
    _restored(backup, tmp_path / "empty")


@pytest.mark.parametrize(
    ("path", "spoil"),
    [
        ("data/node.db", lambda raw: raw[:-5000] + b"x" + raw[-4999:]),
        ("data/node.db", lambda raw: raw[:-4096]),
        ("policy.yaml", lambda raw: raw + b"#"),
        ("manifest.json", lambda raw: raw.replace(b'"tree_size": ', b'"tree_size": 1')),
        ("manifest.json", lambda raw: raw.replace(b"policy.yaml", b"../policy.yaml")),
        ("manifest.json", lambda raw: b"{}"),
    ],
)
def test_a_damaged_backup_is_not_restored(
    backed_up: tuple[Path, Path], tmp_path: Path, path: str, spoil: Callable[[bytes], bytes]
) -> None:
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-a", str(backed_up[1]), str(copy)], check=True)
    raw = (copy / path).read_bytes()
    (copy / path).write_bytes(spoil(raw))
    assert (copy / path).read_bytes() != raw
    done = gongzhi("restore", copy, "--dir", tmp_path / "node")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-2].startswith(("gongzhi: storage_corrupt:", "gongzhi: invalid_argument:"))
    assert [each.name for each in tmp_path.iterdir()] == ["copy"]


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no")
    (tmp_path / "folder").mkdir()
    for backup in (tmp_path / "file", tmp_path / "folder"):
        assert "invalid_argument" in gongzhi("restore", backup, "--dir", tmp_path / "node").stderr
    assert gongzhi("restore", tmp_path / "folder").returncode == 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside", tarfile.REGTYPE),
        ("/outside", tarfile.REGTYPE),
        ("data/link", tarfile.SYMTYPE),
        ("data/hard", tarfile.LNKTYPE),
        ("data/pipe", tarfile.FIFOTYPE),
        ("data/node.db", tarfile.REGTYPE),
    ],
)
def test_an_archive_writes_plain_files_below_its_folder_alone(tmp_path: Path, name: str, kind: bytes) -> None:
    archive, target = tmp_path / "backup.tar", tmp_path / "in/restored"
    target.parent.mkdir()
    with tarfile.open(archive, "w") as made:
        for each, type_ in (("data/node.db", tarfile.REGTYPE), (name, kind)):
            member = tarfile.TarInfo(each)
            member.type, member.linkname = type_, "../../outside"
            made.addfile(member)
    with pytest.raises(FileError, match="is not a backup"):
        restore(archive, target, lambda *_: None)
    assert {path.name for path in tmp_path.rglob("*")} == {"in", "backup.tar"}
