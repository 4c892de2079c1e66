"""Two histories of one log, told to others."""

from node.errors import NodeError, Reason
from node.stubs.exchange.v1.exchange_pb2 import CompareRequest
from tests.kit.simulator.origin import Origin, SimulatedPeer, registration
from tests.kit.simulator.towns import SIX, Country, Town

HONEST = tuple(city for city in SIX if city != "wuhan")


def tell(country: Country, first: int, other: Origin, second: int, *hears_second: str) -> None:
    """Wuhan has `first` records for all but those who hear the history of `second` records; it compares with nobody."""
    country["wuhan"].grow(0, first)
    other.take_in(*map(registration, range(1000, 1000 + second)))
    for city in HONEST:
        history = other if city in hears_second else country["wuhan"].origin
        country.peers[city, "wuhan"] = SimulatedPeer(history, city)


def evidence(town: Town) -> bytes:
    found = town.store.peers.forks()
    assert len(found) == 1
    return found[0]


def accuse(town: Town, raw: bytes, teller: str = "hefei") -> Reason | None:
    try:
        town.compare.answer(teller, CompareRequest(forks=[raw]))
    except NodeError as error:
        return error.reason
    return None
