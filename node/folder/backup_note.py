"""What a node remembers of its backups, in `backup.json` of its data folder: the newest one, and a failure since."""

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from node.whole_file import write_file

_FILE = "backup.json"


class BackupNote(BaseModel):
    """The newest verified backup, and why a later attempt by schedule failed.

    Attributes:
        at: When it was made; None where none is known.
        place: Where it was put.
        tree_size: Of the own log in it.
        failed_at: Of the last attempt, where it failed.
    """

    model_config = ConfigDict(frozen=True)

    at: datetime | None = None
    place: str = ""
    tree_size: int = 0
    failed_at: datetime | None = None
    error: str = ""


def read_note(data_dir: Path) -> BackupNote:
    """What is remembered; an empty note where nothing is, or nothing that can be read."""
    try:
        return BackupNote.model_validate_json((data_dir / _FILE).read_bytes())
    except (OSError, ValidationError):
        return BackupNote()


def note_backup(data_dir: Path, place: Path, at: datetime, tree_size: int) -> None:
    """Remembers a verified backup."""
    _write(data_dir, BackupNote(at=at, place=str(place.resolve()), tree_size=tree_size))


def note_failure(data_dir: Path, at: datetime, error: str) -> None:
    """Remembers that a backup failed; the newest good one stays."""
    _write(data_dir, read_note(data_dir).model_copy(update={"failed_at": at, "error": error}))


def _write(data_dir: Path, note: BackupNote) -> None:
    write_file(data_dir / _FILE, note.model_dump_json().encode())
