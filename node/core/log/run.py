"""Runs: neighbouring records of a log that travel and are stored together (record.proto).

Masking is choosing columns, and hashing is one comprehension a column: nearly nothing is done for each record apart.
How a log is cut into runs is not hashed: each store's own business. Two neighbouring runs that could have been one are
refused from a peer all the same, because a run of one costs as much as one of many.
"""

from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from itertools import repeat
from struct import unpack
from typing import NamedTuple, NoReturn

from google.protobuf.message import DecodeError

from node.core.log.merkle import HASH_BYTES, split_hashes
from node.core.log.record import PREFIXES, SALT_BYTES, Record, Shared, read_common, read_own, record_id
from node.core.log.subjects import IndexEntry, index_entries, index_key
from node.core.standards.kinds import Kind, kind_of
from node.errors import NodeError, Reason, TrustError
from node.messages import _
from node.stubs.record.v1.record_pb2 import Column, Own, Run

MAX_RUN_RECORDS = 32
"""A point read parses one run: more would make it slow, fewer would make the log large."""
MAX_RUN_BYTES = 128 * 1024
"""Of a run of more than one record: a batch has room for several, and none is dear to parse for one record of it."""
# By the length of an own that is one subject of less than 128 bytes: the byte that says the length of the subject.
_LENGTHS = {2 + length: bytes([length]) for length in range(128)}


class StoredRun(NamedTuple):
    """A run as a store holds it.

    Attributes:
        first: Leaf index of its first record.
        hashes: The leaf hashes of its records, 32 bytes each, end to end.
        content: A serialised Run; None where its records are withheld whole or were destroyed.
    """

    first: int
    hashes: bytes
    content: bytes | None

    @property
    def length(self) -> int:
        """Number of records."""
        return len(self.hashes) // HASH_BYTES

    @property
    def end(self) -> int:
        """The leaf index after its last record."""
        return self.first + self.length


class OpenedRun(NamedTuple):
    """A run whose records were hashed as their receiver does.

    Attributes:
        stored: As it is to be stored.
        shared: What its records have in common; None where they are withheld whole.
        disclosed: Numbers of the disclosed facets; None where the records are withheld whole.
        entries: What the subject index is to hold of them.
        special: Of the records that replace or retract another: leaf index and own.
    """

    stored: StoredRun
    shared: Shared | None
    disclosed: frozenset[int] | None
    entries: Sequence[IndexEntry]
    special: Sequence[tuple[int, Own]]

    def could_join(self, following: "OpenedRun") -> bool:
        """Whether this run and the one that follows it could have been one."""
        if self.stored.length + following.stored.length > MAX_RUN_RECORDS or self.disclosed != following.disclosed:
            return False
        if self.shared is None or following.shared is None:
            return self.shared is following.shared
        size = len(self.stored.content or b"") + len(following.stored.content or b"")
        return size <= MAX_RUN_BYTES and self.shared.raw == following.shared.raw


def seal(
    shared: Shared, owns: Sequence[bytes], bodies: Sequence[Sequence[bytes]], salts: bytes, first: int
) -> StoredRun:
    """Makes a run of new records, every facet open.

    Args:
        shared: What they have in common; its `facets` is the number of facets.
        owns: A serialised Own for each record, at most MAX_RUN_RECORDS.
        bodies: For each record one body for each facet number 1..n, empty where the facet holds nothing.
        salts: Random bytes, used for nothing else: 16 for each body.
        first: Leaf index of the first record.
    """
    run = Run(common=shared.raw, own=owns)
    step, columns = SALT_BYTES * len(owns), []
    for number, column in enumerate(zip(*bodies, strict=True), 1):
        at = (number - 1) * step
        openings = [salts[at + i * SALT_BYTES : at + (i + 1) * SALT_BYTES] + body for i, body in enumerate(column)]
        run.columns.add(openings=openings)
        columns.append(_commit_all(number, openings))
    return StoredRun(first, b"".join(_leaves(shared, columns, owns)), run.SerializeToString())


def _commit_all(number: int, openings: Iterable[bytes]) -> list[bytes]:
    prefix = PREFIXES[number]
    return [sha256(prefix + opening).digest() for opening in openings]


def _leaves(shared: Shared, columns: Sequence[Sequence[bytes]], owns: Sequence[bytes]) -> list[bytes]:
    prefixes = repeat(shared.leaf_prefix, len(owns))
    return [sha256(b"".join(parts)).digest() for parts in zip(prefixes, *columns, owns, strict=True)]


def open_run(raw: bytes, first: int, city: str) -> OpenedRun:
    """Hashes a serialised run as its receiver does: what is hashed, and may be stored, is the bytes as they came.

    Args:
        raw: A serialised Run.
        first: Leaf index of its first record.
        city: Slug of the city whose log it is of.

    Raises:
        NodeError: BAD_COMMITMENT, the run is not of the form common + own + columns or leaf hashes alone, or has no
            record or too many.
        TrustError: WRONG_CITY or WRONG_RECORD_ID.
    """
    run = parse_run(raw)
    if run.leaf_hashes:
        return _open_withheld(run, first)
    owns = list(run.own)
    if not 0 < len(owns) <= MAX_RUN_RECORDS:
        _refuse_run(_("a run of {count} records; 1 to {most} are allowed", count=len(owns), most=MAX_RUN_RECORDS))
    # Twice: commitments may be longer than what they stand for, and whoever cut the run did not count common.
    if len(owns) > 1 and len(raw) > 2 * MAX_RUN_BYTES:
        _refuse_run(_("a run of {size} bytes; at most {most} are allowed", size=len(raw), most=2 * MAX_RUN_BYTES))
    shared = read_common(run.common)
    if shared.common.city != city:
        text = _("a record of {named!r} in the log of {city!r}", named=shared.common.city[:40], city=city)
        raise TrustError(Reason.WRONG_CITY, text)
    if shared.common.facets != len(run.columns):
        text = _("a run has {columns} facets, not {count}", columns=len(run.columns), count=shared.common.facets)
        raise NodeError(Reason.BAD_COMMITMENT, text)
    columns = [_commitments(number, column, len(owns)) for number, column in enumerate(run.columns, 1)]
    hashes = b"".join(_leaves(shared, columns, owns))
    entries, special = _read_owns(owns, first, city, kind_of(shared.common.standard))
    return OpenedRun(StoredRun(first, hashes, raw), shared, _disclosed(run), entries, special)


def parse_run(raw: bytes) -> Run:
    """Parses a serialised run, which has no unknown fields and every length in its one form.

    Raises:
        NodeError: BAD_COMMITMENT.
    """
    try:
        run = Run.FromString(raw)
    except DecodeError:
        _refuse_run(_("a run cannot be parsed"))
    run.DiscardUnknownFields()
    if run.ByteSize() != len(raw):
        _refuse_run(_("a run is not in its one form"))
    return run


def _open_withheld(run: Run, first: int) -> OpenedRun:
    count, rest = divmod(len(run.leaf_hashes), HASH_BYTES)
    if rest or count > MAX_RUN_RECORDS or run.common or run.own or run.columns:
        _refuse_run(_("a run may hold only common, own and columns, or leaf hashes"))
    return OpenedRun(StoredRun(first, run.leaf_hashes, None), None, None, (), ())


def _commitments(number: int, column: Column, count: int) -> list[bytes]:
    """The commitments of a column: hashed where it is open, as they stand where not."""
    openings, commitments = list(column.openings), list(column.commitments)
    is_open = len(openings) == count and not commitments and min(map(len, openings)) >= SALT_BYTES
    is_masked = len(commitments) == count and not openings and set(map(len, commitments)) == {HASH_BYTES}
    if not is_open and not is_masked:
        _refuse_run(_("facet {number} has neither an opening nor a commitment for each record", number=number))
    return _commit_all(number, openings) if is_open else commitments


def _read_owns(
    owns: Sequence[bytes], first: int, city: str, kind: Kind
) -> tuple[Sequence[IndexEntry], Sequence[tuple[int, Own]]]:
    """The index entries of records, and those that replace or retract another."""
    subjects = [own[2:] for own in owns if is_plain(own)]
    if len(subjects) < len(owns) or not _is_text(subjects):
        return _read_special(owns, first, city, kind)
    digests = unpack(f">{len(owns)}q", b"".join([sha256(subject).digest()[:8] for subject in subjects]))
    return [(index_key(digest, kind), index) for index, digest in enumerate(digests, first)], ()


def is_plain(own: bytes) -> bool:
    """Whether an own is one subject of less than 128 bytes, which may still be no text: nearly every one is."""
    return own[:1] == b"\n" and own[1:2] == _LENGTHS.get(len(own))


def _is_text(subjects: Iterable[bytes]) -> bool:
    """Whether each is UTF-8: what begins in one cannot end in the next, for a line feed stands between them."""
    try:
        b"\n".join(subjects).decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_special(
    owns: Sequence[bytes], first: int, city: str, kind: Kind
) -> tuple[list[IndexEntry], list[tuple[int, Own]]]:
    entries: list[IndexEntry] = []
    special: list[tuple[int, Own]] = []
    for index, raw in enumerate(owns, first):
        own = read_own(raw)
        check_own(own, city, index)
        entries += index_entries(own.subjects, kind, index)
        if own.supersedes or own.retracts:
            special.append((index, own))
    return entries, special


def check_own(own: Own, city: str, index: int) -> None:
    """Checks that what the record at leaf `index` replaces or retracts stands before it.

    Raises:
        TrustError: WRONG_RECORD_ID.
    """
    if (target := max(own.supersedes, own.retracts)) > index:
        text = _(
            "{record} replaces or retracts leaf {target}, which is not before it in this log",
            record=record_id(city, index),
            target=target - 1,
        )
        raise TrustError(Reason.WRONG_RECORD_ID, text)


def cut(run: StoredRun) -> list[Record]:
    """The records of a stored run, each by itself.

    Raises:
        NodeError: BAD_COMMITMENT, the content is no run of so many records: what was verified when it was stored is.
    """
    hashes = split_hashes(run.hashes)
    if run.content is None:
        return [Record(index, leaf_hash) for index, leaf_hash in enumerate(hashes, run.first)]
    parsed = parse_run(run.content)
    shared, nothing = read_common(parsed.common), [None] * len(hashes)
    facets = [list(column.openings) or nothing for column in parsed.columns]
    commitments = [list(column.commitments) or nothing for column in parsed.columns]
    if len(parsed.own) != len(hashes) or any(len(column) != len(hashes) for column in (*facets, *commitments)):
        _refuse_run(_("a run holds other records than it has leaf hashes"))
    return [
        Record(
            run.first + place,
            leaf_hash,
            shared,
            own,
            [column[place] for column in facets],
            [column[place] for column in commitments],
        )
        for place, (leaf_hash, own) in enumerate(zip(hashes, parsed.own, strict=True))
    ]


def cut_one(run: StoredRun, index: int) -> Record:
    """The record at leaf `index` of a stored run.

    Raises:
        NodeError: BAD_COMMITMENT, as `cut`.
    """
    return pick(run, (index,))[0]


def pick(run: StoredRun, indices: Iterable[int]) -> list[Record]:
    """The records at these leaves of a stored run; the others are not cut.

    Raises:
        NodeError: BAD_COMMITMENT, as `cut`.
    """
    places = [index - run.first for index in indices]
    hashes = [run.hashes[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in places]
    if run.content is None:
        return [Record(run.first + at, leaf_hash) for at, leaf_hash in zip(places, hashes, strict=True)]
    try:
        parsed = Run.FromString(run.content)
        shared, owns = read_common(parsed.common), parsed.own
        columns = [(column.openings, column.commitments) for column in parsed.columns]
        return [
            Record(
                run.first + at,
                leaf_hash,
                shared,
                owns[at],
                [openings[at] if openings else None for openings, _commitments in columns],
                [None if openings else commitments[at] for openings, commitments in columns],
            )
            for at, leaf_hash in zip(places, hashes, strict=True)
        ]
    except (DecodeError, IndexError):
        _refuse_run(_("a run cannot be parsed"))


def record_of(run: Run, index: int) -> Record:
    """The record at leaf `index` in a run of one, as it stands in an answer or a proof.

    Raises:
        NodeError: BAD_COMMITMENT, the run is not of one record, or as `open_run`.
        TrustError: as `open_run`.
    """
    city = "" if run.leaf_hashes else read_common(run.common).common.city
    opened = open_run(run.SerializeToString(), index, city).stored
    if opened.length != 1:
        _refuse_run(_("a run of {count} records where one is expected", count=opened.length))
    return cut(opened)[0]


def clip(run: StoredRun, begin: int, end: int) -> StoredRun:
    """The records [begin, end) of a stored run, as a run; the whole of it where it goes no further."""
    begin, end = max(begin, run.first), min(end, run.end)
    if (begin, end) == (run.first, run.end):
        return run
    hashes = run.hashes[(begin - run.first) * HASH_BYTES : (end - run.first) * HASH_BYTES]
    content = None if run.content is None else part(parse_run(run.content), begin - run.first, end - run.first)
    return StoredRun(begin, hashes, content.SerializeToString() if content else None)


def part(run: Run, begin: int, end: int) -> Run:
    """The open records at the places [begin, end) of a run, as a run."""
    columns = [
        Column(openings=column.openings[begin:end], commitments=column.commitments[begin:end]) for column in run.columns
    ]
    return Run(common=run.common, own=run.own[begin:end], columns=columns)


def mask(run: Run, disclosed: Collection[int]) -> None:
    """Replaces the columns of a run that are not in `disclosed` by their commitments, in place."""
    for number, column in enumerate(run.columns, 1):
        if number not in disclosed and column.openings:
            commitments = _commit_all(number, column.openings)
            column.Clear()
            column.commitments.extend(commitments)


def extend(run: Run, following: Run) -> bool:
    """Joins a run to the one before it where they can be one; returns whether it did."""
    if run.leaf_hashes or following.leaf_hashes:
        fits = len(run.leaf_hashes) + len(following.leaf_hashes) <= MAX_RUN_RECORDS * HASH_BYTES
        if fits and run.leaf_hashes and following.leaf_hashes:
            run.leaf_hashes += following.leaf_hashes
            return True
        return False
    if len(run.own) + len(following.own) > MAX_RUN_RECORDS or run.ByteSize() + following.ByteSize() > MAX_RUN_BYTES:
        return False
    if run.common != following.common or _disclosed(run) != _disclosed(following):
        return False
    run.own.extend(following.own)
    for column, more in zip(run.columns, following.columns, strict=True):
        column.MergeFrom(more)
    return True


def join(records: Iterable[Record]) -> list[StoredRun]:
    """Neighbouring records as runs, each as long as it can be."""
    runs: list[tuple[int, list[bytes], Run]] = []
    for record in records:
        run = record.run()
        if runs and runs[-1][0] + len(runs[-1][1]) == record.index and extend(runs[-1][2], run):
            runs[-1][1].append(record.leaf_hash)
        else:
            runs.append((record.index, [record.leaf_hash], run))
    return [
        StoredRun(first, b"".join(hashes), None if run.leaf_hashes else run.SerializeToString())
        for first, hashes, run in runs
    ]


def _disclosed(run: Run) -> frozenset[int]:
    return frozenset(number for number, column in enumerate(run.columns, 1) if column.openings)


def _refuse_run(message: str) -> NoReturn:
    raise NodeError(Reason.BAD_COMMITMENT, message)
