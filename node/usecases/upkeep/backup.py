"""Backs a node up while it runs, and restores it. A backup is a node's folder with a manifest, verified as a whole.

A restored node does not publish: `confirm_restore.py`. See docs/operations.md.
"""

import hashlib
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from node.config import PATHS, Config, load_config
from node.core.log.checkpoint import LogKey
from node.errors import FileError, NodeError, Reason
from node.folder.backup_note import note_backup
from node.folder.files import load_federation
from node.messages import _
from node.storage.sqlite.inspection import inspect
from node.storage.sqlite.snapshot import copy_database
from node.storage.sqlite.soundness import check_database
from node.usecases.upkeep.audit import audit
from node.whole_file import write_file

MANIFEST = "manifest.json"
_FORMAT = 1
_DERIVED = "search.db"
_ATTACHMENTS = "evidence"
_SAFE = re.compile(r"[\w.-]+(/[\w.-]+)*")
MARKER = "restored"
"""In the data folder of a restored node that publishes nothing yet."""
OnProgress = Callable[[str, int, int], None]


class BackedUp(BaseModel):
    """A file of a backup; `path` is relative to its folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    size_bytes: int = Field(alias="bytes")
    sha256: str


class Manifest(BaseModel):
    """What a backup holds. `root` is the own log's root in hexadecimal, `checkpoint` the signed note over it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    city: str
    made_at: datetime
    tree_size: int
    root: str
    checkpoint: str
    with_keys: bool
    files: tuple[BackedUp, ...]


def back_up(config: Config, out: Path, now: datetime, on_progress: OnProgress, *, with_keys: bool) -> Manifest:
    """Writes a backup of a node, running or not, and verifies it before it takes its name.

    Args:
        config: Of the node.
        out: A folder to make, or a file to make where it ends in `.tar`.
        now: Aware; stands in the manifest.
        on_progress: (what, done, in all).
        with_keys: Whether the node's private keys and its officer's go in.

    Raises:
        NodeError: INVALID_ARGUMENT, `out` is there already; NOT_FOUND, there is no log yet; STORAGE_FULL or
            STORAGE_CORRUPT.
    """
    if out.exists():
        raise FileError(Reason.INVALID_ARGUMENT, str(out), _("already exists"))
    if not config.node_db.exists():
        raise NodeError(Reason.NOT_FOUND, _("{city} has no log yet", city=config.city))
    with _whole(out) as work:
        _copy(config, work, on_progress, with_keys=with_keys)
        manifest = _describe(work, now, on_progress, with_keys=with_keys)
        write_file(work / MANIFEST, manifest.model_dump_json(indent=2, by_alias=True).encode(), 0o600)
        if out.suffix == ".tar":
            _pack(work, out)
        else:
            work.rename(out)
    with suppress(OSError):  # the backup of a disk that can no more be written is good all the same
        note_backup(config.data_dir, out, now, manifest.tree_size)
    return manifest


def restore(backup: Path, target: Path, on_progress: OnProgress) -> Manifest:
    """Puts a backup in place as a node that answers but does not publish, after verifying all of it.

    Args:
        backup: What `back_up` made.
        target: Folder of the node to make; must not be there, or be empty.
        on_progress: (what, done, in all).

    Raises:
        NodeError: INVALID_ARGUMENT, the target is not empty or the backup cannot be read; STORAGE_CORRUPT, it is
            damaged.
    """
    if target.exists() and any(target.iterdir()):
        raise FileError(Reason.INVALID_ARGUMENT, str(target), _("is not empty: restore into an empty folder"))
    with _whole(target) as work:
        _unpack(backup, work)
        manifest = check_backup(work, on_progress)
        (work / MANIFEST).rename(work / "data" / MARKER)
        for name in ("keys", "officer"):
            (work / name).mkdir(exist_ok=True)
        _close(work)
        if target.exists():
            target.rmdir()
        work.rename(target)
    return manifest


def check_backup(folder: Path, on_progress: OnProgress) -> Manifest:
    """Verifies a backup: every file, every page, and the whole log against its signed checkpoint.

    Raises:
        NodeError: STORAGE_CORRUPT, or INVALID_ARGUMENT where it is no backup.
    """
    manifest = _read_manifest(folder)
    for file in manifest.files:
        path = folder / file.path
        if not path.is_file() or path.stat().st_size != file.size_bytes or _digest(path) != file.sha256:
            raise NodeError(
                Reason.STORAGE_CORRUPT, _("{path} differs from the file that was backed up", path=file.path)
            )
    for name in _databases(folder):
        check_database(name)
    if _verified(folder, on_progress) != (manifest.tree_size, manifest.root, manifest.checkpoint):
        raise NodeError(Reason.STORAGE_CORRUPT, _("the log differs from the manifest"))
    return manifest


@contextmanager
def _whole(place: Path) -> Iterator[Path]:
    """A folder beside `place` to work in; nothing of it stays unless it was renamed."""
    work = place.with_name(f".{place.name}.partial")
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(mode=0o700)
        yield work
    except OSError as error:
        raise FileError(
            Reason.STORAGE_FULL, str(place), _("cannot be written: {error}", error=error.strerror)
        ) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _copy(config: Config, work: Path, on_progress: OnProgress, *, with_keys: bool) -> None:
    (work / "data").mkdir(mode=0o700)
    for database in sorted(config.data_dir.glob("*.db")):
        if database.name != _DERIVED:
            _copy_one(database, work / "data" / database.name, on_progress)
    _copy_attachments(config.data_dir / _ATTACHMENTS, work / "data" / _ATTACHMENTS)
    for name in ("federation", "policy", "clients"):
        shutil.copyfile(getattr(config, name), work / f"{name}.yaml")
    calendars = [f"calendar-{number}.yaml" for number in range(len(config.calendars))]
    for name, source in zip(calendars, config.calendars, strict=True):
        shutil.copyfile(source, work / name)
    write_file(work / "node.yaml", _with_own_paths(config.file.read_text("utf-8"), calendars).encode())
    if with_keys:
        shutil.copytree(config.keys, work / "keys")
        shutil.copytree(config.officer, work / "officer")


def _copy_attachments(source: Path, target: Path) -> None:
    """After the databases: what they name is there, unless it was destroyed meanwhile."""
    target.mkdir(mode=0o700)
    for path in source.glob("*"):
        if path.suffix != ".part":
            with suppress(FileNotFoundError):
                shutil.copyfile(path, target / path.name)


def _copy_one(source: Path, target: Path, on_progress: OnProgress) -> None:
    copy_database(source, target, lambda done, total: on_progress(source.name, done, total))


def _with_own_paths(settings: str, calendars: Sequence[str]) -> str:
    """The settings with every path as it is by default: the files lie in the backup's own folder."""
    own = {name: Config.model_fields[name].default for name in PATHS}
    text = re.sub(rf"(?m)^({'|'.join(PATHS)}):.*$", lambda match: f"{match[1]}: {own[match[1]]}", settings)
    return re.sub(r"(?m)^calendars:.*\n?(?:[ -].*\n?)*", f"calendars: [{', '.join(calendars)}]\n", text)


def _describe(work: Path, now: datetime, on_progress: OnProgress, *, with_keys: bool) -> Manifest:
    size, root, checkpoint = _verified(work, on_progress)
    paths = sorted(path for path in work.rglob("*") if path.is_file())
    files = [
        BackedUp(path=path.relative_to(work).as_posix(), bytes=path.stat().st_size, sha256=_digest(path))
        for path in paths
    ]
    return Manifest(
        format=_FORMAT, city=load_config(work).city, made_at=now, tree_size=size, root=root, checkpoint=checkpoint,
        with_keys=with_keys, files=tuple(files),
    )  # fmt: skip


def _verified(folder: Path, on_progress: OnProgress) -> tuple[int, str, str]:
    """Size, root and checkpoint of the own log, after recomputing every log from its records."""
    config = load_config(folder)
    federation = load_federation(config.federation)

    def keys_of(city: str) -> tuple[LogKey, ...]:
        member = federation.find(city)
        return member.log_keys if member else ()

    with inspect(config.node_db) as inspection:
        audits = audit(inspection, keys_of, on_progress)
        own = inspection.origins()[0]
    if faults := [fault for audited in audits for fault in audited.faults]:
        raise NodeError(
            Reason.STORAGE_CORRUPT, _("the audit of the copy found faults; the first is: {fault}", fault=faults[0])
        )
    return own.size, own.root.hex(), (own.checkpoint or b"").decode()


def _databases(folder: Path) -> list[Path]:
    return sorted((folder / "data").glob("*.db"))


def _read_manifest(folder: Path) -> Manifest:
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        raise FileError(Reason.INVALID_ARGUMENT, str(folder), _("has no backup manifest")) from None
    if manifest.format != _FORMAT or not all(_is_inside(file.path) for file in manifest.files):
        raise FileError(Reason.INVALID_ARGUMENT, str(folder), _("is not a backup that this release can read"))
    return manifest


def _is_inside(path: str) -> bool:
    return bool(_SAFE.fullmatch(path)) and ".." not in path.split("/")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pack(work: Path, out: Path) -> None:
    partial = work / out.name
    with tarfile.open(partial, "x") as archive:
        for path in sorted(work.iterdir()):
            if path != partial:
                archive.add(path, path.name)
    partial.chmod(0o600)
    partial.rename(out)


def _close(folder: Path) -> None:
    """Nobody but the owner gets in: an archive names no folders, and a copy has the modes of where it lay."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else path.stat().st_mode & 0o600)


def _unpack(backup: Path, work: Path) -> None:
    try:
        if backup.is_dir():
            shutil.copytree(backup, work, dirs_exist_ok=True)
            return
        with tarfile.open(backup) as archive:
            for member in archive:
                _unpack_one(archive, member, work)
    except (tarfile.TarError, FileNotFoundError):
        raise FileError(Reason.INVALID_ARGUMENT, str(backup), _("is not a backup")) from None


def _unpack_one(archive: tarfile.TarFile, member: tarfile.TarInfo, work: Path) -> None:
    """Writes a file of the archive, below `work` alone; extraction filters are younger than Debian 12's Python 3.11.2.

    Raises:
        TarError: It is neither a file nor a folder, stands there twice, or would lie elsewhere.
    """
    path = work / member.name
    is_plain = member.isdir() or (member.isfile() and not path.exists())
    if not _is_inside(member.name) or not is_plain:
        raise tarfile.TarError(member.name)
    if content := archive.extractfile(member):
        path.parent.mkdir(parents=True, exist_ok=True)
        with content, path.open("xb") as file:
            shutil.copyfileobj(content, file)
