"""Disk and databases."""

import shutil
from collections.abc import Iterator
from datetime import timedelta

from node.core.finding import Code, Finding, new_finding
from node.errors import NodeError
from node.folder.backup_note import read_note
from node.storage.sqlite.founding import WrongLog, log_faults
from node.storage.sqlite.library import check_sqlite_version
from node.storage.sqlite.soundness import check_database, journal_mode
from node.storage.sqlite.trail import first_broken
from node.usecases.upkeep.checks.keys import minute
from node.usecases.upkeep.checks.scene import Scene
from node.usecases.upkeep.start_checks import data_errors

_LOW_MIB = 2048
_FULL_MIB = 256
_MIB = 2**20
_OLD = timedelta(days=7)


def disk(scene: Scene) -> Iterator[Finding]:
    """There is room for what comes."""
    free_mib = shutil.disk_usage(scene.config.data_dir).free // _MIB
    if free_mib < _FULL_MIB:
        yield new_finding(Code.DISK_FULL, free_mib=free_mib)
    elif free_mib < _LOW_MIB:
        yield new_finding(Code.DISK_LOW, free_mib=free_mib)


def data_folder(scene: Scene) -> Iterator[Finding]:
    """The data folder can be written; as at a start, by writing."""
    for error in data_errors(scene.config):
        yield new_finding(Code.DATA_UNWRITABLE, error=error.message)


def backup(scene: Scene) -> Iterator[Finding]:
    """The newest backup is no older than it may be."""
    note, settings = read_note(scene.config.data_dir), scene.config.backup
    if note.failed_at is not None:
        yield new_finding(Code.BACKUP_FAILED, at=minute(note.failed_at), error=note.error)
    if note.at is None:
        if note.failed_at is None:
            yield new_finding(Code.BACKUP_NONE)
        return
    age = scene.now - note.at
    if settings is not None and age > 2 * timedelta(hours=settings.every_h):
        yield new_finding(Code.BACKUP_OVERDUE, at=minute(note.at), every_h=f"{settings.every_h:g}")
    elif settings is None and age > _OLD:
        yield new_finding(Code.BACKUP_OLD, at=minute(note.at))


def trail(scene: Scene) -> Iterator[Finding]:
    """No act of administration was altered or removed."""
    if (number := first_broken(scene.config.data_dir)) is not None:
        yield new_finding(Code.TRAIL_BROKEN, number=number)


def database(scene: Scene) -> Iterator[Finding]:
    """The store is this city's, under a key on its card, in WAL mode."""
    try:
        check_sqlite_version()
    except NodeError as error:
        yield new_finding(Code.SQLITE_UNSUPPORTED, error=error.message)
    if scene.reader is None:
        yield new_finding(Code.DATABASE_MISSING)
        return
    if (mode := journal_mode(scene.reader)) != "wal":
        yield new_finding(Code.DATABASE_NOT_WAL, file=scene.config.node_db.name, mode=mode)
    for fault in log_faults(scene.config, scene.own, scene.reader):
        match fault.kind:
            case WrongLog.NONE:
                yield new_finding(Code.DATABASE_MISSING)
            case WrongLog.FOREIGN:
                yield new_finding(Code.DATABASE_FOREIGN, other=fault.detail)
            case WrongLog.OTHER_KEY:
                yield new_finding(Code.DATABASE_OTHER_KEY)
            case WrongLog.OTHER_FOUNDING:
                yield new_finding(Code.DATABASE_OTHER_FOUNDING)


def pages(scene: Scene) -> Iterator[Finding]:
    """Every page and index of every database is sound. Reads all of them."""
    for path in sorted(scene.config.data_dir.glob("*.db")):
        try:
            check_database(path)
        except NodeError as error:
            yield new_finding(Code.DATABASE_DAMAGED, file=path.name, error=error.message)
