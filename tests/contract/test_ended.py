"""What every store remembers of listings that had ended: enough to know them again, and who publishes one again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.core.screening import marks
from tests.kit.clock import NOW_MS
from tests.kit.stores.backends import Backend
from tests.kit.stores.city import City
from tests.kit.stores.listings import NAMES, OTHER, listing, publish

SERIOUS = NAMES[0]


@pytest.fixture
def peer(tmp_path: Path, backend: Backend) -> Iterator[City]:
    """Another city."""
    made = City(tmp_path, "wuhan", backend=backend)
    yield made
    made.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_listing_that_was_retracted_had_ended(city: City, name: str) -> None:
    body = listing(name)
    record = publish(city, name, body)
    assert not city.store.are_ended(marks(city.city, name, body))
    city.retract(record)
    city.reopen()
    assert city.store.are_ended(marks(city.city, name, body))
    assert city.store.are_ended(["no mark", *marks(city.city, name, body)[:1]]), "one of them is enough"


def test_neither_another_decision_nor_party_nor_city_had_ended(city: City) -> None:
    body = listing(SERIOUS)
    city.retract(publish(city, SERIOUS, body))
    assert not city.store.are_ended(marks(city.city, SERIOUS, listing(SERIOUS, decision_number="another")))
    assert not city.store.are_ended(marks("wuhan", SERIOUS, body))
    assert not city.store.are_ended([])


def test_a_correction_that_stands_keeps_the_listing(city: City) -> None:
    body = listing(SERIOUS)
    first = publish(city, SERIOUS, body, "row")
    publish(city, SERIOUS, listing(SERIOUS, facts="更正。"), "row", as_of_ms=NOW_MS + 1)
    record, is_retracted, successor = city.store.version(0)
    assert (record and record.header.id, is_retracted, successor) == (first, False, 1)
    city.retract(first)
    assert not city.store.are_ended(marks(city.city, SERIOUS, body))


def test_what_a_peer_publishes_again_is_told_until_it_takes_it_back(city: City, peer: City) -> None:
    body = listing(SERIOUS)
    ended = publish(peer, SERIOUS, body)
    city.pull(peer)
    peer.retract(ended)
    city.pull(peer)
    assert city.store.are_ended(marks(peer.city, SERIOUS, body))
    assert city.store.republished() == []
    again = publish(peer, SERIOUS, body)
    publish(peer, SERIOUS, listing(SERIOUS, decision_number=OTHER))
    city.pull(peer)
    assert city.store.republished() == [again]
    peer.retract(again)
    city.pull(peer)
    assert city.store.republished() == []
