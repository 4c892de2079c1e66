"""An empty database, migrated once and copied: the migrations take longer than most of what is tested upon them."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from node.storage.sqlite.schema import open_writer


def place_database(path: Path) -> None:
    """Puts a database with its tables and no row where there is none yet: a store opened there migrates nothing."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    with TemporaryDirectory(prefix="gongzhi-migrated-") as folder:
        path = Path(folder) / "node.db"
        open_writer(path).close()
        return path.read_bytes()
