"""A store on a file system that is really full: a small tmpfs of its own."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from node.errors import NodeError, Reason
from node.storage.sqlite.log import AppendOutcome
from node.storage.sqlite.peer_state import PeerState
from tests.kit.small_disk import small_disk
from tests.kit.stores.city import City
from tests.kit.stores.rows import CITY, append, check_whole, entry

SIZE_BYTES = 6 * 2**20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", SIZE_BYTES) as folder:
        yield folder


def _fill(city: City) -> int:
    """Appends until the disk is full; the number of rows that were acknowledged."""
    for number in range(10_000):
        try:
            append(city, *(entry(f"{number}-{row}", size=2000) for row in range(20)))
        except NodeError as error:
            assert error.reason is Reason.STORAGE_FULL  # noqa: PT017
            return number * 20
    raise AssertionError("the disk never filled")


def test_every_acknowledged_row_stands_when_the_disk_is_full(small: Path) -> None:
    city = City(small, CITY)
    acknowledged = _fill(city)
    note = city.store.log.note
    for _ in range(3):
        with pytest.raises(NodeError) as caught:
            append(city, *(entry(f"more-{row}", size=20_000) for row in range(20)))
        assert caught.value.reason is Reason.STORAGE_FULL
    assert city.store.log.note == note
    check_whole(city, acknowledged)
    city.close()


def test_the_node_goes_on_when_there_is_room_again(small: Path) -> None:
    ballast = small / "ballast"
    ballast.write_bytes(bytes(2 * 2**20))
    city = City(small, CITY)
    acknowledged = _fill(city)
    ballast.unlink()
    city.store.peers.set_state(PeerState("wuhan", 1)).result(20)
    check_whole(city, acknowledged)
    assert append(city, entry("late"))[0] == (AppendOutcome.ACCEPTED, f"{CITY}-{acknowledged}")
    check_whole(city, acknowledged + 1)
    city.reopen()
    check_whole(city, acknowledged + 1)
    city.close()


def test_the_writer_outlives_a_log_that_cannot_be_emptied(small: Path) -> None:
    """After destroying values the write-ahead log is emptied into the database, which may not fit: try again later."""
    ballast = small / "ballast"
    ballast.write_bytes(bytes(3 * 2**20))
    city = City(small, CITY)
    acknowledged = _fill(city)
    city.store._destruction.pending = 1
    for _ in range(3):
        with suppress(NodeError):
            city.store.peers.set_state(PeerState("wuhan", 1)).result(20)
        assert city.store._destruction.pending == 1
    ballast.unlink()
    city.store.peers.set_state(PeerState("wuhan", 2)).result(20)
    assert city.store._destruction.pending == 0
    assert city.path.with_name(f"{city.path.name}-wal").stat().st_size == 0
    check_whole(city, acknowledged)
    city.close()
