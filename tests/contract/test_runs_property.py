"""Any sequence of appends, retractions, pulls, revisions and destructions reads back as plain lists say."""

from collections.abc import Callable
from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.log.record import Record, commit, hash_record
from node.core.log.run import MAX_RUN_RECORDS
from node.storage.sqlite import rows as stored
from node.storage.sqlite.inspection import inspect
from node.storage.sqlite.log import OWN, Entry
from node.usecases.upkeep.audit import audit
from tests.kit.effort import effort
from tests.kit.stores.backends import Backend
from tests.kit.stores.city import City, only, operator, withheld

Facets = frozenset[int] | None
"""What is disclosed of a record; None where it is withheld whole or was destroyed."""
STANDARD = "operator.registration"
# What a rule may leave of a registration; of a retraction, which has no facets, all or nothing.
SEEN: tuple[Facets, ...] = (frozenset({1, 2, 3, 4}), frozenset({1}), frozenset({2, 3}), frozenset(), None)


class World:
    """A city and one that pulls from it; beside each, in plain lists, what it must hold."""

    def __init__(self, origin: City, receiver: City) -> None:
        self.origin, self.receiver = origin, receiver
        self.keys: list[int | None] = []
        """Of each record in the log: the number of its row; None of a retraction."""
        self.retracts: dict[int, int] = {}
        self.supersedes: dict[int, int] = {}
        self.destroyed: set[int] = set()
        self.held: list[Facets] = []
        self.known: set[int] = set()
        """What the receiver knows to be replaced or retracted."""
        self.grants = 1
        self.rule = (0, 0)

    def append(self, numbers: list[int]) -> None:
        entries: list[Entry] = []
        for number in numbers:
            # Each says something new, so that it supersedes the one before.
            body = operator("", legacy_number=f"{number:06}", name=f"名{len(self.keys) + len(entries)}")
            entries.append(self.origin.entry(body))
        self.origin.append(entries)
        for number in numbers:
            earlier = [index for index, key in enumerate(self.keys) if key == number]
            current = [index for index in earlier if index not in self.retracts.values()]
            if current and current[-1] == earlier[-1]:
                self.supersedes[len(self.keys)] = earlier[-1]
            self.keys.append(number)

    def retract(self, at: int) -> None:
        able = [i for i, key in enumerate(self.keys) if key is not None and i not in self.retracts.values()]
        if able:
            target = able[at % len(able)]
            self.origin.retract(f"wuhan-{target}")
            self.retracts[len(self.keys)] = target
            self.keys.append(None)

    def destroy(self, _: int) -> None:
        """The term of all that was replaced or retracted is over."""
        self.origin.store.destroy_ended({STANDARD: self.origin.clock.now_ms() + 1}).result()
        self.destroyed |= {*self.retracts.values(), *self.supersedes.values()}

    def pull(self, _: int) -> None:
        self.receiver.pull(self.origin, self.see, grant=f"g{self.grants}")
        for index in range(len(self.held), len(self.keys)):
            self.held.append(self.due(index))
            self._follow(index)

    def regrant(self, rule: int) -> None:
        """The rule changes: what is new comes under it at once, all else by a revision."""
        self.rule, self.grants = (rule % 7, rule // 7), self.grants + 1
        before = len(self.held)
        self.pull(0)
        if before:
            self.receiver.revise(self.origin, self.see, f"g{self.grants}")
        for index in range(before):
            was, self.held[index] = self.held[index], self.due(index)
            if was is None:
                self._follow(index)

    def _follow(self, index: int) -> None:
        """What a record asks once it is seen."""
        if self.held[index] is None:
            return
        if index in self.supersedes:
            self.known.add(self.supersedes[index])
        if index in self.retracts:
            self.held[self.retracts[index]] = None
            self.known.add(self.retracts[index])

    def due(self, index: int) -> Facets:
        """What the rule leaves of a record."""
        step, shift = self.rule
        seen = SEEN[(index // (step + 1) + shift) % len(SEEN)] if step else SEEN[0]
        if index in self.destroyed or index in self.retracts.values() or seen is None:
            return None
        return seen if self.keys[index] is not None else frozenset()

    def see(self, record: Record) -> Record:
        due = self.due(record.index)
        return withheld(record) if due is None or not record.is_open else only(*due)(record)

    def check(self) -> None:
        gone = self.destroyed
        own = [None if i in gone else SEEN[0] if key is not None else frozenset() for i, key in enumerate(self.keys)]
        replaced = {*self.retracts.values(), *self.supersedes.values()}
        _check(self.origin, OWN, own, lambda index: self.keys[index], replaced)
        origin = self.receiver.store.find_origin("wuhan")
        if origin:
            _check(self.receiver, origin.number, self.held, lambda index: self.keys[index], self.known)
            assert origin.verified == len([held for held in self.held if held is not None])
            assert origin.verified + origin.withheld == origin.size == len(self.held)
        for city in (self.origin, self.receiver):
            with inspect(city.path) as inspection:
                audits = audit(
                    inspection,
                    lambda name: [c.key for c in (self.origin, self.receiver) if c.city == name],
                    lambda *_: None,
                )
            assert not [fault for each in audits for fault in each.faults]


def _check(
    city: City, origin: int, expected: list[Facets], key_of: Callable[[int], int | None], replaced: set[int]
) -> None:
    store, size = city.store, len(expected)
    records = store.records(origin, 0, size + 5)
    assert [record.index for record in records] == list(range(size))
    assert [record.disclosed if record.is_open else None for record in records] == expected
    for record in records:
        point = store.record(origin, record.index)
        assert point is not None
        assert (point.shared, point.own, [*point.facets]) == (record.shared, record.own, [*record.facets])
        _check_hash(record)
    runs = store.runs(origin, 0, size)
    assert sum(run.length for run in runs) == size
    assert all(before.end == run.first for before, run in pairwise(runs))
    assert all(run.length <= MAX_RUN_RECORDS for run in runs)
    current = [index for index, held in enumerate(expected) if held is not None and index not in replaced]
    for number in {key_of(index) for index in range(size)} - {None}:
        listed = [record.index for at, record in store.by_subject(f"reg:{number:06}") if at == origin]
        assert listed == [index for index in current if key_of(index) == number]
    assert [each.index for each in store.records_of(origin, 0, size, [STANDARD])] == [
        index for index, held in enumerate(expected) if held is not None
    ]


def _check_hash(record: Record) -> None:
    if record.shared:
        parts = enumerate(zip(record.facets, record.commitments, strict=True), 1)
        commitments = [commit(number, facet) if facet else kept or b"" for number, (facet, kept) in parts]
        assert hash_record(record.shared, record.own, commitments) == record.leaf_hash


_steps = st.one_of(
    st.tuples(st.just(World.append), st.lists(st.integers(0, 120), max_size=70, unique=True)),
    st.tuples(st.just(World.retract), st.integers(0, 500)),
    st.tuples(st.just(World.pull), st.just(0)),
    st.tuples(st.just(World.regrant), st.integers(0, 34)),
    st.tuples(st.just(World.destroy), st.just(0)),
)


@given(st.lists(_steps, max_size=14), st.sampled_from([30, 1 << 16]))
@effort(60)
def test_any_sequence_reads_back_as_plain_lists_say(
    tmp_path_factory: pytest.TempPathFactory,
    backend: Backend,
    steps: list[tuple[Callable[..., None], object]],
    most_fresh: int,
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    world = World(City(folder, "wuhan", backend=backend), City(folder, "changsha", backend=backend))
    try:
        with patch.object(stored, "_MOST_FRESH", most_fresh):  # so that the index is merged often, or never
            for do, value in steps:
                do(world, value)
        world.check()
    finally:
        world.origin.close()
        world.receiver.close()
