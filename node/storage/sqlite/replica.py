"""Replicas: what this node has verified of the peers' logs. Cursor and records move in one transaction."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from node.core.log.checkpoint import Checkpoint, parse_checkpoint
from node.core.log.merkle import EMPTY_ROOT
from node.core.log.record import Record
from node.core.log.run import OpenedRun, cut
from node.core.log.trusted_log import VerifiedBatch
from node.core.standards.kinds import LISTINGS
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite import rows
from node.storage.sqlite.ended import note_republished, remember_ended
from node.storage.sqlite.peer_state import destroy_payloads
from node.storage.sqlite.runs import blank, insert_runs, labelled, read_at
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.tree import position, write_tiles
from node.stubs.record.v1.record_pb2 import Own

_SELECT = (
    "SELECT number, city, size, root, checkpoint, confirmed_at_ms, verified, withheld, held_grant, wanted_grant,"
    " revised, revise_upto, purpose, whole_size, whole_checkpoint FROM origin"
)
# Records that are replaced or retracted at once.
_TARGETS = 64
_SELECT_CITY = _SELECT + " WHERE city = ?"


@dataclass(frozen=True)
class Origin:
    """A city's log as it stands in this store (the own log is number 0).

    Attributes:
        size: Verified tree size: the cursor.
        checkpoint: The newest verified checkpoint; its size is never below `size`.
        confirmed_at_ms: When the origin last vouched for its log.
        held_grant: Digest of the rules under which it was decided what is disclosed here.
        wanted_grant: Digest of the rules now in force; differs from `held_grant` while a revision is under way.
        revised: Every record below is under `wanted_grant`.
        revise_upto: Records from here on came under `wanted_grant` already.
        whole_checkpoint: The newest checkpoint whose records are all here, at tree size `whole_size`.
    """

    number: int
    city: str
    size: int
    root: bytes
    checkpoint: bytes | None
    confirmed_at_ms: int
    verified: int
    withheld: int
    held_grant: str
    wanted_grant: str
    revised: int
    revise_upto: int
    purpose: str
    whole_size: int
    whole_checkpoint: bytes | None

    @property
    def known(self) -> Checkpoint | None:
        """The newest verified checkpoint."""
        return parse_checkpoint(self.checkpoint) if self.checkpoint else None

    @property
    def to_revise(self) -> int:
        """Number of records that still stand under an earlier grant."""
        return self.revise_upto - self.revised


def read_origins(connection: Connection) -> list[Origin]:
    """Every origin, the own log first."""
    return [Origin(*row) for row in connection.execute(_SELECT + " ORDER BY number")]


def read_origin(connection: Connection, city: str) -> Origin | None:
    """One origin, or None where nothing of it was ever stored."""
    row = connection.execute(_SELECT_CITY, (city,)).fetchone()
    return Origin(*row) if row else None


def ensure_origin(connection: Connection, city: str) -> Origin:
    """The origin of a peer, made where there is none."""
    connection.execute("INSERT OR IGNORE INTO origin (city, root) VALUES (?, ?)", (city, EMPTY_ROOT))
    row = connection.execute(_SELECT_CITY, (city,)).fetchone()
    return Origin(*row)


def store_batches(connection: Connection, city: str, batches: Sequence[VerifiedBatch], purpose: str, at_ms: int) -> int:
    """Stores verified batches, one after the other, and moves the cursor; returns the number of destroyed records.

    All of them by few statements: each gives Python's lock away, and has to wait for it after.

    Raises:
        NodeError: BATCH_REPLAYED, the cursor is not where a batch begins.
    """
    before = origin = ensure_origin(connection, city)
    for batch in batches:
        origin = _regranted(_moved(origin, batch), origin.size, batch.grant)
    _move(connection, before, replace(origin, purpose=purpose, confirmed_at_ms=at_ms))
    runs = [run for batch in batches for run in batch.runs]
    insert_runs(connection, origin.number, map(labelled, runs))
    entries = (entry for run in runs for entry in run.entries)
    rows.insert_subjects(connection, position(origin.number, 0), entries)
    write_tiles(connection, origin.number, (tile for batch in batches for tile in batch.tiles))
    specials = [special for run in runs for special in run.special]
    lessened: dict[int, bytes] = {}
    destroyed = follow(connection, origin, specials, lessened, at_ms)
    note_republished(connection, origin.number, listings_in(runs), at_ms)
    return destroyed + destroy_payloads(connection, city, lessened)


def _moved(origin: Origin, batch: VerifiedBatch) -> Origin:
    """The origin after a batch that goes on where it stands."""
    count = batch.length
    if batch.size - count != origin.size:
        raise NodeError(
            Reason.BATCH_REPLAYED,
            _(
                "{city}: the batch up to {size} does not continue from {held}",
                city=origin.city,
                size=batch.size,
                held=origin.size,
            ),
        )
    is_whole = batch.size == batch.checkpoint.size
    verified = sum(run.stored.length for run in batch.runs if run.shared)
    return replace(
        origin,
        size=batch.size,
        root=batch.root,
        checkpoint=batch.checkpoint.note,
        verified=origin.verified + verified,
        withheld=origin.withheld + count - verified,
        whole_size=batch.size if is_whole else origin.whole_size,
        whole_checkpoint=batch.checkpoint.note if is_whole else origin.whole_checkpoint,
    )


def _regranted(origin: Origin, size: int, grant: str) -> Origin:
    """The origin after a batch under a grant; another than before begins a revision of the `size` records below it."""
    if grant == origin.wanted_grant:
        return origin
    if size == 0:
        return replace(origin, held_grant=grant, wanted_grant=grant, revised=0, revise_upto=0)
    # A grant that changed during a revision: nothing is known of what stands.
    held = "" if origin.to_revise else origin.wanted_grant
    return replace(origin, held_grant=held, wanted_grant=grant, revised=0, revise_upto=size)


def _move(connection: Connection, before: Origin, after: Origin) -> None:
    # Compare-and-swap: two pulls of one peer can't both move the cursor.
    checkpoint_size = after.known.size if after.known else 0
    moved = connection.execute(
        "UPDATE origin SET size = ?, root = ?, checkpoint = ?, checkpoint_size = ?, confirmed_at_ms = ?, purpose = ?,"
        " verified = ?, withheld = ?, whole_size = ?, whole_checkpoint = ?, held_grant = ?, wanted_grant = ?,"
        " revised = ?, revise_upto = ? WHERE number = ? AND size = ?",
        (
            after.size, after.root, after.checkpoint, checkpoint_size, after.confirmed_at_ms, after.purpose,
            after.verified, after.withheld, after.whole_size, after.whole_checkpoint, after.held_grant,
            after.wanted_grant, after.revised, after.revise_upto, before.number, before.size,
        ),
    )  # fmt: skip
    if moved.rowcount != 1:
        raise NodeError(Reason.BATCH_REPLAYED, _("{city}: another pull stored records meanwhile", city=after.city))


def listings_in(runs: Iterable[OpenedRun]) -> Iterator[Record]:
    """The open records of the lists."""
    return (record for run in runs if labelled(run)[1] in LISTINGS for record in cut(run.stored))


def follow(
    connection: Connection,
    origin: Origin,
    specials: Sequence[tuple[int, Own]],
    lessened: dict[int, bytes],
    at_ms: int,
) -> int:
    """Does what new records ask, in their order: superseded ones leave the index, retracted ones are destroyed.

    Args:
        connection: In a transaction.
        origin: Whose log it is.
        specials: Of the new records that replace or retract another: leaf index and own.
        lessened: The retracted ones are added: own by leaf index, b"" where it is not known.
        at_ms: When.

    Returns:
        The number of records that were destroyed.
    """
    # Part by part: what is replaced may be large, and a city chooses what it replaces.
    parts = (specials[begin : begin + _TARGETS] for begin in range(0, len(specials), _TARGETS))
    return sum(_follow(connection, origin, part, lessened, at_ms) for part in parts)


def _follow(
    connection: Connection,
    origin: Origin,
    specials: Sequence[tuple[int, Own]],
    lessened: dict[int, bytes],
    at_ms: int,
) -> int:
    base = position(origin.number, 0)
    targets = {target - 1 for _, own in specials for target in (own.supersedes, own.retracts) if target}
    stored = read_at(connection, [base + index for index in targets])
    records = {row - base: record for row, record in stored.items() if record.is_open}
    rows.unindex(connection, records.values(), base)
    changes: list[rows.Change] = []
    superseded: set[int] = set()
    gone: dict[int, bytes] = {}
    for index, own in specials:
        if own.supersedes:
            superseded.add(own.supersedes - 1)
            changes.append(rows.Change(base + own.supersedes - 1, "superseded", at_ms, base + index))
        if own.retracts:
            target = own.retracts - 1
            lessened[target] = records[target].own if target in records else b""
            if target in records and target not in gone:
                gone[target] = records[target].leaf_hash
                if target not in superseded:
                    remember_ended(connection, base + target, records[target], at_ms)
            changes.append(rows.Change(base + target, "retracted", at_ms, base + index))
    rows.note_changes(connection, changes)
    blank(connection, origin.number, gone)
    count_open(connection, origin, -len(gone))
    return len(gone)


def count_open(connection: Connection, origin: Origin, verified: int) -> None:
    """Notes that so many more of an origin's records are open, and so many fewer withheld."""
    connection.execute(
        "UPDATE origin SET verified = verified + ?, withheld = withheld - ? WHERE number = ?",
        (verified, verified, origin.number),
    )
