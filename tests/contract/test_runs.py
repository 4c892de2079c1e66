"""How a store cuts its logs into runs is nobody's business: records read back one by one as they were written."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from node.core.log.record import Record, commit, hash_record
from node.core.log.run import MAX_RUN_BYTES
from node.storage.sqlite.log import OWN, Entry
from tests.kit.stores.backends import Backend
from tests.kit.stores.city import City, only, operator, withheld

ALL = frozenset({1, 2, 3, 4})
EDGES = (0, 1, 5, 31, 32, 33, 63, 64, 65, 69, 70)


@pytest.fixture
def cities(tmp_path: Path, backend: Backend) -> Iterator[tuple[City, City]]:
    """Who pulls, and whose log it is."""
    made = City(tmp_path, "changsha", backend=backend), City(tmp_path, "wuhan", backend=backend)
    yield made
    for city in made:
        city.close()


def rows(city: City, begin: int, end: int, **header: object) -> list[Entry]:
    return [city.entry(operator("", legacy_number=f"{number:06}"), **header) for number in range(begin, end)]


def lengths(city: City, origin: int = OWN) -> list[int]:
    return [run.length for run in city.store.runs(origin, 0, 10_000)]


def peer(city: City) -> int:
    return city.store.origin("wuhan").number


def shape(record: Record) -> tuple[object, ...]:
    return record.index, record.leaf_hash, record.shared, record.own, [*record.facets], [*record.commitments]


def check_hashes(records: Sequence[Record]) -> None:
    for record in records:
        if record.shared:
            parts = zip(record.facets, record.commitments, strict=True)
            commitments = [commit(n, facet) if facet else kept or b"" for n, (facet, kept) in enumerate(parts, 1)]
            assert hash_record(record.shared, record.own, commitments) == record.leaf_hash


@pytest.mark.parametrize(
    ("count", "expected"), [(0, []), (1, [1]), (2, [2]), (32, [32]), (33, [32, 1]), (70, [32, 32, 6])]
)
def test_an_append_is_cut_into_runs_of_at_most_32(city: City, count: int, expected: list[int]) -> None:
    city.append(rows(city, 0, count))
    assert lengths(city) == expected
    assert [record.index for record in city.store.records(OWN, 0, 99)] == list(range(count))


def test_a_run_ends_where_what_its_records_share_does(city: City) -> None:
    entries = [*rows(city, 0, 3), *rows(city, 3, 5, source="b"), *rows(city, 5, 6), *rows(city, 6, 7)]
    city.append(entries)
    assert lengths(city) == [3, 2, 2]
    records = city.store.records(OWN, 0, 7)
    assert [record.header.source for record in records] == ["", "", "", "b", "b", "", ""]
    check_hashes(records)


def test_a_run_of_large_records_is_short(city: City) -> None:
    city.append([city.entry(operator("", legacy_number=str(n), name="x" * (MAX_RUN_BYTES // 3))) for n in range(5)])
    assert lengths(city) == [2, 2, 1]


@pytest.mark.parametrize("begin", EDGES)
def test_records_are_read_at_the_edges_of_runs(cities: tuple[City, City], begin: int) -> None:
    receiver, origin = cities
    receiver.append(rows(receiver, 0, 3))
    origin.append(rows(origin, 0, 70))
    receiver.pull(origin)
    store, number = receiver.store, peer(receiver)
    whole = [shape(record) for record in origin.store.records(OWN, 0, 70)]
    assert len(whole) == 70
    point = store.record(number, begin)
    assert [shape(point)] == whole[begin : begin + 1] if point else begin == 70
    for end in EDGES:
        assert [shape(record) for record in store.records(number, begin, end)] == whole[begin:end]
        runs = store.runs(number, begin, end)
        assert sum(run.length for run in runs) == len(whole[begin:end])
        assert all(before.end == run.first for before, run in pairwise(runs))
        assert store.leaf_hashes(number, begin, end) == [leaf_hash for _, leaf_hash, *_ in whole[begin:end]]
    assert store.record(OWN, 3) is None
    assert store.record(number + 1, 0) is None


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        ([0], [1, 31, 8]),
        ([5], [5, 1, 26, 8]),
        ([31], [31, 1, 8]),
        ([32], [32, 1, 7]),
        ([39], [32, 7, 1]),
        ([3, 4, 5], [3, 3, 26, 8]),
        ([30, 31, 32, 33], [30, 4, 6]),
        ([2, 4], [2, 1, 1, 1, 27, 8]),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_retraction_splits_a_run(
    cities: tuple[City, City], gone: list[int], expected: list[int], *, at_once: bool
) -> None:
    receiver, origin = cities
    origin.append(rows(origin, 0, 40))
    receiver.pull(origin)
    before = [shape(record) for record in receiver.store.records(peer(receiver), 0, 40)]
    for index in gone:
        origin.retract(f"wuhan-{index}")
        if not at_once:
            receiver.pull(origin)
    receiver.pull(origin)
    if at_once:
        assert lengths(receiver, peer(receiver))[: len(expected)] == expected
    after = receiver.store.records(peer(receiver), 0, 40)
    assert [record.index for record in after if not record.is_open] == gone
    assert [record.leaf_hash for record in after] == [leaf_hash for _, leaf_hash, *_ in before]
    assert [shape(record) for record in after if record.is_open] == [each for each in before if each[0] not in gone]
    check_hashes(after)
    for index in range(40):
        listed = receiver.store.by_subject(f"reg:{index:06}")
        assert [record.index for _, record in listed] == ([] if index in gone else [index])


def test_a_run_is_taken_back_whole(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    origin.append(rows(origin, 0, 40))
    receiver.pull(origin)
    for index in range(32):
        origin.retract(f"wuhan-{index}")
    receiver.pull(origin)
    assert [record.is_open for record in receiver.store.records(peer(receiver), 0, 40)] == [False] * 32 + [True] * 8
    assert lengths(receiver, peer(receiver))[:2] == [32, 8]


def test_a_part_of_a_run_is_narrowed_withheld_and_shown_again(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    origin.append(rows(origin, 0, 40))
    receiver.pull(origin, grant="one")
    whole = [shape(record) for record in receiver.store.records(peer(receiver), 0, 40)]

    def see(record: Record) -> Record:
        if record.index in (7, 30, 31, 32):
            return withheld(record)
        return only(2, 3)(record) if 10 <= record.index < 20 else record

    _regrant(receiver, origin, see, "two")
    narrow = receiver.store.records(peer(receiver), 0, 40)
    assert lengths(receiver, peer(receiver)) == [7, 1, 2, 10, 10, 3, 7]
    assert [record.disclosed if record.is_open else None for record in narrow] == [
        None if index in (7, 30, 31, 32) else frozenset({2, 3}) if 10 <= index < 20 else ALL for index in range(40)
    ]
    check_hashes(narrow)
    assert receiver.store.by_subject("reg:000030") == []
    assert (receiver.store.origin("wuhan").verified, receiver.store.origin("wuhan").withheld) == (36, 4)
    _regrant(receiver, origin, lambda record: record, "three")
    assert [shape(record) for record in receiver.store.records(peer(receiver), 0, 40)] == whole
    assert lengths(receiver, peer(receiver)) == [32, 8]
    assert [record.index for _, record in receiver.store.by_subject("reg:000030")] == [30]


def _regrant(receiver: City, origin: City, see: Callable[[Record], Record], grant: str) -> None:
    receiver.pull(origin, see, grant=grant)
    receiver.revise(origin, see, grant)
