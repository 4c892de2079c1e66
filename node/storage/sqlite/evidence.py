"""The attachments of one node: files named by their SHA-256 in `evidence/`, what is known of them in `evidence.db`.

A file gets its name after its digest was checked; it counts as held once its row is there too. Only the writing process
opens this store.
"""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from node.config import Evidence
from node.core.log.attachment import check_digest
from node.errors import NodeError, Reason, TransientError
from node.folder.attachment_file import Part, read_chunks
from node.messages import _
from node.ports import Clock
from node.storage.sqlite.errors import storage_error
from node.storage.sqlite.query_db import open_query_database
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.schema import Error, read_migrations
from node.stubs.evidence.v1.evidence_pb2 import Attachment, Extraction
from node.whole_file import sync_folder

_PART_KEPT_S = 7 * 24 * 3600
_Statement = tuple[str, tuple[object, ...]]
migrations = read_migrations("evidence")


class Source(NamedTuple):
    """Where an attachment came from: who brought it, and the peer's record it was fetched for; "" where handed in."""

    by: str
    record: str = ""


class EvidenceStore:
    """Keeps attachments. Threads may share it."""

    def __init__(self, data_dir: Path, settings: Evidence, clock: Clock) -> None:
        """Opens (creating) the store and throws away parts that nobody brought the rest of for a week."""
        self._folder = data_dir / "evidence"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._settings = settings
        self._clock = clock
        self._connection = open_query_database(data_dir / "evidence.db", migrations)
        self._lock = threading.Lock()
        self._receiving: set[str] = set()
        for part in self._folder.glob("*.part"):
            if part.stat().st_mtime < time.time() - _PART_KEPT_S:
                part.unlink()

    @property
    def now_ms(self) -> int:
        """The moment, as it dates what it keeps."""
        return self._clock.now_ms()

    def close(self) -> None:
        """Closes the database."""
        self._connection.close()

    def find(self, digest: str) -> Attachment | None:
        """What is known of an attachment; None where it is not held whole."""
        with self._lock:
            row = self._connection.execute(
                "SELECT sha256, sm3, size, name, stored_at_ms FROM attachment WHERE sha256 = ?", (digest,)
            ).fetchone()
            return self._describe(row) if row and (self._folder / digest).exists() else None

    def get(self, digest: str) -> Attachment:
        """What is known of an attachment.

        Raises:
            NodeError: INVALID_ARGUMENT (no digest) or NOT_FOUND.
        """
        check_digest(digest)
        stored = self.find(digest)
        if stored is None:
            raise NodeError(Reason.NOT_FOUND, _("attachment {digest} is not held here", digest=digest))
        return stored

    def digests(self) -> list[str]:
        """The attachments held, oldest first."""
        with self._lock:
            rows = self._connection.execute("SELECT sha256 FROM attachment ORDER BY stored_at_ms, sha256").fetchall()
        return [digest for (digest,) in rows]

    def held_bytes(self, digest: str) -> int:
        """How much is held of an attachment that is not whole."""
        part = self._part(digest)
        return part.stat().st_size if part.exists() else 0

    def read(self, digest: str, offset: int) -> Iterator[bytes]:
        """The bytes of an attachment that is held, from an offset on."""
        return read_chunks(self._folder / digest, offset)

    @contextmanager
    def receiving(self, digest: str, size: int) -> Iterator[Part]:
        """Takes the rest of an attachment that is not held; one at a time brings it.

        Raises:
            NodeError: INVALID_ARGUMENT (no digest), TOO_LARGE, STORAGE_FULL, or UPLOAD_UNDER_WAY.
        """
        check_digest(digest)
        if size > self._settings.max_bytes:
            raise NodeError(
                Reason.TOO_LARGE,
                _("an attachment has at most {max_bytes} bytes here", max_bytes=self._settings.max_bytes),
            )
        with self._alone(digest):
            self._reopen_upload(digest)
            self._check_room(size - self.held_bytes(digest))
            part = Part(self._part(digest), digest, size)
            try:
                yield part
            finally:
                part.close()

    def keep(self, part: Part, about: Attachment, source: Source) -> Attachment:
        """Checks a whole part and makes it an attachment; returns all that is known of it.

        Args:
            part: As `receiving` gave it.
            about: Its address, size, name and (checked) extraction records.
            source: Where it came from.

        Raises:
            NodeError: INCOMPLETE, WRONG_DIGEST or STORAGE_FULL.
        """
        digests = part.settle()
        part.name(self._folder / about.sha256)
        row = (about.sha256, digests.sm3, about.size, about.name, self._clock.now_ms())
        self._write([("INSERT OR IGNORE INTO attachment VALUES (?, ?, ?, ?, ?)", row), *self._noting(about, source)])
        return self.get(about.sha256)

    def note(self, about: Attachment, source: Source) -> Attachment:
        """Notes one more source, and how it was extracted, of an attachment that is held; arguments as for `keep`."""
        self._write(self._noting(about, source))
        return self.get(about.sha256)

    def fetched(self) -> list[tuple[str, str]]:
        """Attachments that came from peers, each with a record it was fetched for."""
        with self._lock:
            return self._connection.execute("SELECT sha256, record FROM source WHERE record <> ''").fetchall()

    def forget(self, digest: str, record: str) -> None:
        """Ends the right to an attachment that came by a record; without another source it is destroyed."""
        with self._alone(digest):
            destruction = (digest, record, self._clock.now_ms())
            self._write(
                [
                    ("DELETE FROM source WHERE sha256 = ? AND record = ?", (digest, record)),
                    ("INSERT INTO destruction (sha256, record, at_ms) VALUES (?, ?, ?)", destruction),
                    *((_ORPHANED.format(table), (digest, digest)) for table in ("attachment", "extraction")),
                ]
            )
            if self.find(digest) is None:
                (self._folder / digest).unlink(missing_ok=True)
                sync_folder(self._folder)

    def _noting(self, about: Attachment, source: Source) -> list[_Statement]:
        contents = [each.SerializeToString(deterministic=True) for each in about.extractions]
        origin = (source.by, self._clock.now_ms())
        extracted = [(about.sha256, content, *origin) for content in contents]
        return [
            ("INSERT OR IGNORE INTO source VALUES (?, ?, ?, ?)", (about.sha256, source.record, *origin)),
            *(("INSERT OR IGNORE INTO extraction VALUES (?, ?, ?, ?)", row) for row in extracted),
        ]

    def _describe(self, row: tuple[str, str, int, str, int]) -> Attachment:
        digest, sm3, size, name, at_ms = row
        rows = self._connection.execute("SELECT record FROM source WHERE sha256 = ? ORDER BY at_ms", (digest,))
        records = [record for (record,) in rows]
        contents = self._connection.execute("SELECT content FROM extraction WHERE sha256 = ?", (digest,)).fetchall()
        return Attachment(
            sha256=digest,
            sm3=sm3,
            size=size,
            name=name,
            stored_at_ms=at_ms,
            records=[record for record in records if record],
            handed_in="" in records,
            extractions=[Extraction.FromString(content) for (content,) in contents],
        )

    def _write(self, statements: list[_Statement]) -> None:
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                for statement, values in statements:
                    self._connection.execute(statement, values)
                self._connection.execute("COMMIT")
            except Error as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise storage_error(error) from None

    @contextmanager
    def _alone(self, digest: str) -> Iterator[None]:
        with self._lock:
            if digest in self._receiving:
                raise TransientError(Reason.UPLOAD_UNDER_WAY, _("{digest} is being uploaded already", digest=digest))
            self._receiving.add(digest)
        try:
            yield
        finally:
            with self._lock:
                self._receiving.discard(digest)

    def _reopen_upload(self, digest: str) -> None:
        """A file without its row is one whose storing a crash cut short: it counts as brought, and not yet checked."""
        if self.find(digest) is None and (self._folder / digest).exists():
            (self._folder / digest).replace(self._part(digest))

    def _check_room(self, due_bytes: int) -> None:
        if shutil.disk_usage(self._folder).free < due_bytes + self._settings.keep_free_bytes:
            raise NodeError(Reason.STORAGE_FULL, _("not enough disk space for this attachment"))

    def _part(self, digest: str) -> Path:
        return self._folder / f"{digest}.part"


def newest_change(reader: Reader) -> int:
    """Number of the last change to any stored record; whatever ends a right to an attachment is one."""
    (number,) = reader.connection.execute("SELECT coalesce(max(number), 0) FROM change").fetchone()
    return int(number)


_ORPHANED = "DELETE FROM {} WHERE sha256 = ? AND NOT EXISTS (SELECT 1 FROM source WHERE sha256 = ?)"
