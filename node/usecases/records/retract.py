"""Takes records back: on an officer's word, or because a peer that saw one may not see what replaces it."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from node.core.log.record import OWN_SOURCES, SALT_BYTES, Record, parse_record_id
from node.core.policy.disclosure import decide
from node.core.policy.grant import Disclosed, Grant
from node.core.policy.policy import Policy
from node.errors import NodeError, Reason
from node.messages import _
from node.ports import Clock
from node.storage.sqlite.log import OWN, AppendOutcome, AppendResult, Entry
from node.storage.sqlite.store import Store
from node.stubs.record.v1.record_pb2 import Header

ReadRecord = Callable[[str], Record | None]


class Retractions:
    """Finds the records that have to be retracted when others replace them."""

    def __init__(self, policy: Callable[[], Policy], peers: Callable[[], Iterable[str]], clock: Clock) -> None:
        """Asks `policy` and `peers` in the writer's transaction: neither may write to the store or wait for it."""
        self._policy = policy
        self._peers = peers
        self._clock = clock

    def entries(self, placed: Sequence[AppendResult], entries: Sequence[Entry], read_record: ReadRecord) -> list[Entry]:
        """Retractions for the replaced records that a peer saw more of than it may see of the new version.

        The peer can't see that a record it may not see replaced one it holds; without this it would answer from
        the old version for ever. Runs in the transaction of the append, so no crash can come between.
        """
        replaced = [
            entry for entry, place in zip(entries, placed, strict=True) if place.outcome is AppendOutcome.SUPERSEDED
        ]
        retracted: list[Entry] = []
        for entry in replaced:
            header = entry.header
            old = read_record(header.supersedes)
            if old is not None and self._is_hidden_from_a_viewer(old, entry):
                now_ms = self._clock.now_ms()
                versions = [old.header, *_earlier_versions(old.header, read_record)]
                retracted += [retraction(version, now_ms, header) for version in versions]
        return retracted

    def _is_hidden_from_a_viewer(self, old: Record, entry: Entry) -> bool:
        policy = self._policy()
        openings = [bytes(SALT_BYTES) + body for body in entry.bodies]
        new = Record(0, b"", entry.shared, entry.own.SerializeToString(), openings, [None] * len(openings))
        return any(
            _narrows(_seen(grant, old), decide(grant, new))
            for peer in self._peers()
            for grant in (policy.grant(peer, purpose) for purpose in policy.purposes())
        )


def _earlier_versions(header: Header, read_record: ReadRecord) -> Iterator[Header]:
    """Headers of the versions that a record replaced, newest first, as far as they were not retracted before.

    A peer that pulled while they were current holds them still; one that comes later sees none of a record retracted.
    """
    while header.supersedes and (record := read_record(header.supersedes)) is not None:
        header = record.header
        yield header


def _seen(grant: Grant, record: Record) -> Disclosed:
    """What a peer may hold of a record: all of it where nobody can tell any more."""
    return decide(grant, record, undecided=frozenset(range(1, record.header.facets + 1)))


def _narrows(old: Disclosed, new: Disclosed) -> bool:
    return old is not None and (new is None or not old <= new)


def retraction(target: Header, now_ms: int, reason: Header) -> Entry:
    """A log entry that takes `target` back: a header alone, without subjects; purpose and basis as in `reason`."""
    return Entry.of(
        Header(
            standard=target.standard,
            version=target.version,
            city=target.city,
            issued_at_ms=now_ms,
            as_of_ms=now_ms,
            retracts=target.id,
            audience=target.audience,
            purpose=reason.purpose,
            legal_basis=reason.legal_basis,
        ),
        (),
    )


def is_row(header: Header) -> bool:
    """Whether a record was handed in as a row, and not made in a case or by the node itself."""
    return header.source not in OWN_SOURCES and not header.standard.startswith("node.")


def stands(store: Store, record: str) -> bool:
    """Whether an own record was neither retracted, superseded nor destroyed."""
    stored, is_retracted, successor = store.version(parse_record_id(record)[1])
    return stored is not None and not is_retracted and successor is None


def retract(store: Store, clock: Clock, record: str, reason: Header, *, by_officer: bool = False) -> AppendResult:
    """Takes an own record back on an officer's word, and every version that it replaced; returns when it is durable.

    Args:
        store: Whose log it stands in.
        clock: Now.
        record: Its id.
        reason: Purpose and legal basis.
        by_officer: An officer asks, not a rule: only for what was handed in as a row. What a case made, two persons may
            have decided: an act of its workflow takes it back. Only an act that a forgotten log makes misread goes so.

    Raises:
        NodeError: INVALID_ARGUMENT (no own record of this id, or already retracted), NOT_FOUND, PURPOSE_REQUIRED or
            WRONG_ACTOR.
    """
    if not reason.purpose or not reason.legal_basis:
        raise NodeError(Reason.PURPOSE_REQUIRED, _("state the purpose and the legal basis of the retraction"))
    header = _standing(store, record)
    if by_officer and not is_row(header) and not store.is_misread(parse_record_id(record)[1]):
        raise NodeError(
            Reason.WRONG_ACTOR,
            _("{record} was made in a case or by the node: only an act of its workflow can retract it", record=record),
        )
    now_ms = clock.now_ms()

    def with_versions(
        _results: Sequence[AppendResult], _entries: Sequence[Entry], read_record: ReadRecord
    ) -> list[Entry]:
        return [retraction(version, now_ms, reason) for version in _earlier_versions(header, read_record)]

    return store.append([retraction(header, now_ms, reason)], with_versions).result()[0]


def _standing(store: Store, record: str) -> Header:
    """The header of an own record that was not retracted."""
    city, index = parse_record_id(record)
    if city != store.log.city:
        raise NodeError(
            Reason.INVALID_ARGUMENT, _("{record} is not a record of {city}", record=record, city=store.log.city)
        )
    standing = store.record(OWN, index) if index < store.origin(city).size else None
    if standing is None or not standing.is_open:
        raise NodeError(Reason.NOT_FOUND, _("no record {record}", record=record))
    if standing.header.retracts or store.is_retracted(OWN, index):
        raise NodeError(Reason.INVALID_ARGUMENT, _("{record} is a retraction, or was already retracted", record=record))
    return standing.header
