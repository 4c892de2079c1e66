"""Backups by schedule: one when it is due, verified before it takes its name; the oldest beyond the number kept go."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from node.config import Backup, Config
from node.errors import NodeError
from node.folder.backup_note import note_failure, read_note
from node.ports import Clock
from node.usecases.upkeep.backup import MANIFEST, back_up

_RETRY = timedelta(hours=1)
_log = structlog.get_logger(__name__)


class KeepBackups:
    """Makes the backups that node.yaml asks for."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._failed_at: datetime | None = None

    def run(self) -> None:
        """Makes a backup if one is due; a failure is logged, remembered and tried again within the hour."""
        settings, now = self._config.backup, datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        if settings is None or not self._is_due(settings, now):
            return
        try:
            settings.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            place = settings.dir / f"{self._config.city}-{now:%Y%m%dT%H%M%SZ}"
            manifest = back_up(self._config, place, now, lambda *_: None, with_keys=False)
            self._failed_at = None
            removed = self._remove_oldest(settings, place.name)
        except (NodeError, OSError) as error:
            text = error.message if isinstance(error, NodeError) else f"{error.filename}: {error.strerror}"
            _log.error("backup_failed", message=text)
            self._failed_at = now  # known also where the disk takes no note of it
            note_failure(self._config.data_dir, now, text)
            return
        _log.info("backed_up", place=str(place), records=manifest.tree_size, removed=removed)

    def _is_due(self, settings: Backup, now: datetime) -> bool:
        note, every = read_note(self._config.data_dir), timedelta(hours=settings.every_h)
        failed_at = self._failed_at or note.failed_at
        if failed_at is not None and timedelta() <= now - failed_at < min(_RETRY, every):
            return False
        # A backup of the future is one of a clock that was put back.
        return note.at is None or not timedelta() <= now - note.at < every

    def _remove_oldest(self, settings: Backup, newest: str) -> int:
        """Removes what this schedule made beyond the number kept, and nothing else in the folder.

        Names of later than the backup just made are of a clock that was put back: they go first.
        """
        made = re.compile(rf"{self._config.city}-\d{{8}}T\d{{6}}Z")
        paths = (path for path in settings.dir.iterdir() if made.fullmatch(path.name) and _is_backup(path))
        mine = sorted(paths, key=lambda path: (path.name <= newest, path.name))
        for path in mine[: -settings.keep]:
            shutil.rmtree(path)
        return max(0, len(mine) - settings.keep)


def _is_backup(path: Path) -> bool:
    return (path / MANIFEST).is_file()
