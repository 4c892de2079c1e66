"""A commit that fails, where the database may not grow or the disk is full: nothing of it is stored, or shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.errors import NodeError, Reason
from node.storage.sqlite.log import AppendOutcome
from node.storage.sqlite.peer_state import PeerState
from node.storage.sqlite.schema import Connection, Error
from tests.kit.stores.city import City
from tests.kit.stores.held_writer import HeldWriter
from tests.kit.stores.rows import CITY, append, check_whole, entry


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path, CITY)
    yield made
    made.close()


def _pages(city: City, more: int | None) -> None:
    """Lets the database grow by `more` pages and no further; None: without end."""

    def limit(connection: Connection) -> None:
        count = connection.execute("PRAGMA page_count").fetchone()[0]
        wanted = 2**32 - 2 if more is None else count + more
        connection.execute(f"PRAGMA max_page_count={wanted}").fetchone()

    city.store.submit(limit).result(20)


def test_a_full_disk_stores_nothing_of_the_group_and_says_so(city: City) -> None:
    append(city, *(entry(str(number)) for number in range(300)))
    note = city.store.log.note
    _pages(city, 2)
    held = HeldWriter(city)
    futures = [city.store.append([entry(f"big{number}", size=100_000)]) for number in range(3)]
    held.release()
    for future in futures:
        with pytest.raises(NodeError) as caught:
            future.result(20)
        assert caught.value.reason is Reason.STORAGE_FULL
    assert city.store.log.note == note
    check_whole(city, 300)


def test_the_node_goes_on_when_there_is_room_again(city: City) -> None:
    append(city, entry("a"))
    _pages(city, 2)
    for _ in range(3):
        with pytest.raises(NodeError, match="full"):
            append(city, entry("big", size=100_000))
    _pages(city, None)
    assert append(city, entry("big", size=100_000)) == [(AppendOutcome.ACCEPTED, f"{CITY}-1")]
    check_whole(city, 2)
    city.reopen()
    check_whole(city, 2)


class _FailsOnce:
    """Takes part in commits after the log has signed, and spoils the next one."""

    def __init__(self) -> None:
        self.spoils = True

    def before_commit(self, connection: Connection) -> None:
        if self.spoils:
            self.spoils = False
            raise Error("database or disk is full")

    def after_commit(self) -> None: ...

    def after_rollback(self) -> None: ...


def test_a_checkpoint_that_was_not_stored_is_never_shown(city: City) -> None:
    """A failed commit, then one that changes no record: the note of the failed one must not come out."""
    append(city, entry("a"))
    note = city.store.log.note
    city.store._writer.participants.append(_FailsOnce())
    with pytest.raises(NodeError, match="full"):
        append(city, entry("b"))
    city.store.peers.set_state(PeerState("wuhan", 1)).result(20)
    assert city.store.log.note == note
    check_whole(city, 1)
    assert append(city, entry("b")) == [(AppendOutcome.ACCEPTED, f"{CITY}-1")]
    check_whole(city, 2)
