"""What is handed to the own log to be appended, what becomes of it, and how it is sealed as runs."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from io import BytesIO
from typing import NamedTuple

from node.core.log.record import MAX_OWN_BYTES, MAX_SUBJECTS, SALT_BYTES, Record, Shared, header_of, split_header
from node.core.log.run import MAX_RUN_BYTES, MAX_RUN_RECORDS, StoredRun, seal
from node.core.log.trusted_log import MAX_RECORD_BYTES
from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.record.v1.record_pb2 import Header, Own

# Content of a row that only its record is known of: whatever is handed in for it is another.
_UNKNOWN = b""
# Of a body in a run: its tag and length, mostly.
_FRAME_BYTES = 4


class Entry(NamedTuple):
    """A record to be appended.

    Attributes:
        shared: What it has in common with its neighbours; entries that follow each other with an equal one share a run.
        own: Complete but for `supersedes`, which the log sets.
        bodies: One facet body for each facet number.
        key: Idempotency key, 16 bytes; None for an entry that is never sent twice.
        content: Digest of the content, 16 bytes.
        more_keys: Further keys that the record stands for; it is a duplicate where the log holds all of them.
    """

    shared: Shared
    own: Own
    bodies: Sequence[bytes]
    key: bytes | None = None
    content: bytes = b""
    more_keys: Sequence[bytes] = ()

    @classmethod
    def of(
        cls,
        header: Header,
        bodies: Sequence[bytes],
        key: bytes | None = None,
        content: bytes = b"",
        more_keys: Sequence[bytes] = (),
    ) -> "Entry":
        """The entry of a header that is complete but for id and facets.

        Raises:
            NodeError: INVALID_ARGUMENT, it supersedes or retracts what is no record id.
        """
        return cls(*split_header(header, len(bodies)), bodies, key, content, more_keys)

    @property
    def header(self) -> Header:
        """Common and own read together; it has no place, so `id` is empty."""
        header = header_of(self.shared, self.own, 0)
        header.id = ""
        return header

    @property
    def as_of_ms(self) -> int:
        """The moment of which it is true."""
        return self.shared.common.as_of_ms

    @property
    def size(self) -> int:
        """About how many bytes it adds to a run."""
        bodies = sum(map(len, self.bodies)) + (SALT_BYTES + _FRAME_BYTES) * len(self.bodies)
        return bodies + self.own.ByteSize() + _FRAME_BYTES

    @property
    def keys(self) -> tuple[bytes, ...]:
        """Every key that the record stands for."""
        return () if self.key is None else (self.key, *self.more_keys)


class AppendOutcome(Enum):
    """What became of an entry."""

    ACCEPTED = 1
    DUPLICATE = 2
    SUPERSEDED = 3
    OUTDATED = 4


class AppendResult(NamedTuple):
    """What became of an entry and the id of the record that now stands for it."""

    outcome: AppendOutcome
    id: str


class KnownAs(NamedTuple):
    """By what the log knows an adopted record, should it be appended again.

    Attributes:
        keys: Its idempotency keys.
        content: Digest of its content, 16 bytes; `_UNKNOWN` where only the record is known.
    """

    keys: Sequence[bytes] = ()
    content: bytes = _UNKNOWN


KnownAsOf = Callable[[Record], KnownAs]
DeriveEntries = Callable[[Sequence[AppendResult], Sequence[Entry], Callable[[str], Record | None]], Sequence[Entry]]


def seal_entries(entries: Sequence[Entry], first: int) -> list[tuple[StoredRun, str]]:
    """Seals entries as runs, the first at leaf `first`: each run, and the standard of its records.

    Raises:
        NodeError: TOO_LARGE.
    """
    # Drawn at once: each draw gives Python's lock away, and with it a turn of the writer.
    salts = BytesIO(os.urandom(SALT_BYTES * sum(len(entry.bodies) for entry in entries)))
    runs = []
    for neighbours in _neighbours(entries):
        shared, bodies = neighbours[0].shared, [entry.bodies for entry in neighbours]
        owns = [entry.own.SerializeToString(deterministic=True) for entry in neighbours]
        run = seal(shared, owns, bodies, salts.read(SALT_BYTES * sum(map(len, bodies))), first)
        runs.append((run, shared.common.standard))
        first = run.end
    return runs


def _neighbours(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Cuts entries where what they have in common changes, or a run would be too long.

    Raises:
        NodeError: TOO_LARGE, a record that fits in no batch.
    """
    run: list[Entry] = []
    size = 0
    for entry in entries:
        if (more := entry.size) > MAX_RECORD_BYTES:
            raise NodeError(
                Reason.TOO_LARGE,
                _("the record has {count} bytes; at most {most} are allowed", count=more, most=MAX_RECORD_BYTES),
            )
        if entry.own.ByteSize() > MAX_OWN_BYTES or len(entry.own.subjects) > MAX_SUBJECTS:
            text = _("own has at most {most} bytes and {subjects} subjects", most=MAX_OWN_BYTES, subjects=MAX_SUBJECTS)
            raise NodeError(Reason.TOO_LARGE, text)
        is_full = len(run) == MAX_RUN_RECORDS or size + more > MAX_RUN_BYTES
        if run and (is_full or entry.shared.raw != run[0].shared.raw):
            yield run
            run, size = [], 0
        run.append(entry)
        size += more
    if run:
        yield run
