"""Reads the stores of all cities and says what must not be: the judge of every fault.

Nothing runs and nobody is asked: each rule is decided from the databases alone, by the words of the records and of the
policies in force, and not by what the nodes noted about them.

1. Every log in every store audits clean, and its checkpoint is signed.
2. An acknowledged record stands in its city's log, as what it was acknowledged for, and its row exactly once.
3. What a city holds of another is the beginning of that city's own log, and the whole of it.
4. It holds of each record what the policy in force lets it see: no more, and no less.
5. Nobody was believed to lie who did not.
6. What a city cosigned, and what it keeps as cosigned by others, stood in that city's log.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from node.core.log.checkpoint import LogKey, parse_checkpoint
from node.core.log.merkle import EMPTY_ROOT, Frontier
from node.core.log.record import Record, parse_record_id
from node.core.policy.disclosure import decide
from node.core.policy.grant import Disclosed, Grant
from node.storage.sqlite.inspection import inspect
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.store import Origin
from node.stubs.record.v1.record_pb2 import Header
from node.usecases.exchange.enforce_policy import read_policy
from node.usecases.upkeep.audit import audit


class Shown(NamedTuple):
    """The facets of a record that policy shows, None where it shows nothing.

    Where a condition would have to look at what did not come back to a restored city, nobody can tell: then it shows at
    least nothing, and at most everything.
    """

    least: Disclosed
    most: Disclosed


class Rule(StrEnum):
    """What was broken."""

    AUDIT = "audit"
    """A stored log does not follow from its own records, or nobody signed it."""
    LOST = "lost"
    """An acknowledged record is not there."""
    TWICE = "twice"
    """One row stands in more than one current record."""
    FORKED = "forked"
    """A city holds, or vouches for, what is not a city's log."""
    BEHIND = "behind"
    """A city has not all of another's log, or not under the policy in force."""
    EXPOSED = "exposed"
    """A city holds what policy does not let it see."""
    HIDDEN = "hidden"
    """A city lacks what policy lets it see."""
    ACCUSED = "accused"
    """A city holds an honest one for a liar."""


class Violation(NamedTuple):
    """`holder` is the city in whose store it was found, `about` the city whose log it is about."""

    rule: Rule
    holder: str
    about: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.holder} on {self.about}: {self.what}"


class Acknowledged(NamedTuple):
    """A record that a node said is durable, and a subject it was sent with; none is not looked at."""

    id: str
    subject: str = ""


KeysOf = Callable[[str], Sequence[LogKey]]


def check_stores(
    stores: Mapping[str, Path],
    keys_of: KeysOf,
    acknowledged: Iterable[Acknowledged] = (),
    liars: Collection[str] = (),
) -> list[Violation]:
    """All that is wrong; empty where everything holds.

    Args:
        stores: City to its `node.db`. The nodes may run, but must have come to rest.
        keys_of: The pinned log keys of a city.
        acknowledged: What was acknowledged while faults happened.
        liars: Cities that did lie: that they were found out is no violation.
    """
    logs = {city: _Log(city, Reader(path)) for city, path in stores.items()}
    violations = [violation for city, path in stores.items() for violation in _check_audit(city, path, keys_of)]
    violations += _check_acknowledged(logs, acknowledged)
    for holder in stores:
        for log in logs.values():
            if log.city != holder:
                violations += _Replica(holder, Reader(stores[holder]), log).check()
            violations += _check_cosigned(holder, Reader(stores[holder]), log)
        violations += _check_trust(holder, Reader(stores[holder]), liars)
    return violations


class _Log:
    """A city's own log, as its own records tell it."""

    def __init__(self, city: str, reader: Reader) -> None:
        self.city = city
        origin = reader.find_origin(city)
        self.rows: list[Record] = reader.records(OWN, 0, origin.size) if origin else []
        text = reader.newest_policy()
        self.policy = read_policy(text, city) if text is not None else None
        self._roots: dict[int, bytes] = {}

    @cached_property
    def headers(self) -> dict[int, Header]:
        """Of every record that is not destroyed."""
        return {record.index: record.header for record in self.rows if record.is_open}

    @cached_property
    def retracted(self) -> set[int]:
        """What was retracted."""
        return {parse_record_id(header.retracts)[1] for header in self.headers.values() if header.retracts}

    @cached_property
    def successors(self) -> dict[int, int]:
        """What was replaced, and by what."""
        return {
            parse_record_id(header.supersedes)[1]: index for index, header in self.headers.items() if header.supersedes
        }

    def current(self) -> Iterator[Header]:
        """Headers of the records that still say something."""
        for index, header in self.headers.items():
            if index not in self.retracted and index not in self.successors and not header.retracts:
                yield header

    def root(self, size: int) -> bytes:
        """Of the first `size` records."""
        if size not in self._roots:
            frontier = Frontier()
            frontier.extend([record.leaf_hash for record in self.rows[:size]])
            self._roots[size] = frontier.root() if size else EMPTY_ROOT
        return self._roots[size]

    def shown(self, grant: Grant, index: int) -> Shown:
        """What the holder of `grant` may see of a record."""
        return Shown(*(self._shown(grant, index, is_lenient=each) for each in (False, True)))

    def _shown(self, grant: Grant, index: int, *, is_lenient: bool) -> Disclosed:
        versions = [index]
        while versions[-1] in self.successors:
            versions.append(self.successors[versions[-1]])
        if not self.retracted.isdisjoint(versions):
            return None
        shown = [self._decide(grant, each, is_lenient=is_lenient) for each in versions]
        return None if None in shown else frozenset.intersection(*(each for each in shown if each is not None))

    def _decide(self, grant: Grant, index: int, *, is_lenient: bool) -> Disclosed:
        record = self.rows[index]
        if not record.is_open:
            return None
        undecided = frozenset(range(1, record.header.facets + 1)) if is_lenient else None
        return decide(grant, record, undecided)


def _check_audit(holder: str, path: Path, keys_of: KeysOf) -> Iterator[Violation]:
    with inspect(path) as inspection:
        for each in audit(inspection, keys_of, lambda *_: None):
            yield from (Violation(Rule.AUDIT, holder, each.city, fault) for fault in each.faults)
            if each.size and not each.is_signed and not each.faults:
                yield Violation(
                    Rule.AUDIT, holder, each.city, f"nobody is known to have signed its {each.size} records"
                )


def _check_acknowledged(logs: Mapping[str, _Log], acknowledged: Iterable[Acknowledged]) -> Iterator[Violation]:
    rows: set[tuple[str, str, str]] = set()
    for each in acknowledged:
        city, index = parse_record_id(each.id)
        header = logs[city].headers.get(index)
        if index >= len(logs[city].rows):
            yield Violation(
                Rule.LOST, city, city, f"{each.id} was acknowledged, the log ends at {len(logs[city].rows)}"
            )
        elif header is not None and each.subject and each.subject not in header.subjects:
            yield Violation(Rule.LOST, city, city, f"{each.id} is not the record that was acknowledged under this id")
        elif header is not None and each.subject:
            rows.add((city, header.source, each.subject))
    for city, log in logs.items():
        standing = Counter((city, header.source, subject) for header in log.current() for subject in header.subjects)
        yield from (
            Violation(Rule.TWICE, city, city, f"{standing[row]} current records of one row from {row[1]}")
            for row in rows
            if standing[row] > 1
        )


def _check_cosigned(holder: str, reader: Reader, log: _Log) -> Iterator[Violation]:
    kept = [parse_checkpoint(each.note) for each in reader.checkpoints.cosigned(log.city)]
    for size, root in {*((each.size, each.root) for each in kept), reader.checkpoints.signed(log.city)}:
        if size > len(log.rows) or log.root(size) != root:
            yield Violation(Rule.FORKED, holder, log.city, f"a cosigned tree of {size} records is not of its log")


class _Replica:
    """What one city holds of another's log."""

    def __init__(self, holder: str, reader: Reader, log: _Log) -> None:
        self._holder = holder
        self._log = log
        self._reader = reader
        self._origin = reader.find_origin(log.city)

    def check(self) -> Iterator[Violation]:
        """Rules 3 and 4."""
        size = len(self._log.rows)
        if self._origin is None:
            if size:
                yield self._violation(Rule.BEHIND, f"nothing of {size} records")
            return
        if self._origin.size > size or self._origin.root != self._log.root(self._origin.size):
            yield self._violation(Rule.FORKED, f"{self._origin.size} records verified are not the log of {size}")
            return
        if self._origin.size < size or self._origin.to_revise:
            yield self._violation(
                Rule.BEHIND, f"{self._origin.size} of {size} records, {self._origin.to_revise} to revise"
            )
        yield from self._check_views(self._origin)

    def _check_views(self, origin: Origin) -> Iterator[Violation]:
        if self._log.policy is None:
            return
        grant = self._log.policy.grant(self._holder, origin.purpose)
        for own, held in zip(self._log.rows, self._reader.records(origin.number, 0, origin.size), strict=False):
            # What its own city destroyed when its term was over decides nothing any more.
            if own.is_open:
                yield from self._compare(self._log.shown(grant, own.index), own, held)

    def _compare(self, shown: Shown, own: Record, held: Record) -> Iterator[Violation]:
        name = f"{self._log.city}-{own.index}"
        if not held.is_open:
            if shown.least is not None:
                yield self._violation(Rule.HIDDEN, f"{name} is a hash, and may be seen")
            return
        facets, there = held.disclosed, own.disclosed
        if shown.most is None:
            yield self._violation(Rule.EXPOSED, f"{name} is held, and should be a hash")
        elif more := facets - shown.most:
            yield self._violation(Rule.EXPOSED, f"{name} is held with facets {sorted(more)}")
        if shown.least is not None and (less := (shown.least & there) - facets):
            yield self._violation(Rule.HIDDEN, f"{name} is held without facets {sorted(less)}")

    def _violation(self, rule: Rule, what: str) -> Violation:
        return Violation(rule, self._holder, self._log.city, what)


def _check_trust(holder: str, reader: Reader, liars: Collection[str]) -> Iterator[Violation]:
    for incident in reader.peers.incidents():
        if incident.city not in liars:
            yield Violation(Rule.ACCUSED, holder, incident.city, f"{incident.reason}: {incident.message}")
