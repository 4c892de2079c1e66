"""Taking a record back on an officer's word."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.errors import NodeError, Reason
from node.storage.sqlite.log import OWN
from node.stubs.record.v1.record_pb2 import Header
from node.usecases.records.retract import retract
from tests.kit.stores.backends import Backend
from tests.kit.stores.city import City, operator

WHY = Header(purpose="correction", legal_basis="Decree 809 Art 26")


@pytest.fixture
def city(city: City, tmp_path: Path, backend: Backend) -> Iterator[City]:
    """The city, with a record of its own and two of a peer."""
    peer = City(tmp_path, "wuhan", backend=backend)
    city.register(operator())
    peer.register(operator("91420100MA00TEXT0W"))
    peer.register(operator("91430100MA00TEXT01"))
    city.pull(peer)
    yield city
    peer.close()


def test_a_retraction_is_a_record_of_its_own(city: City) -> None:
    placed = retract(city.store, city.clock, "changsha-0", WHY)
    assert placed.id == "changsha-1"
    header = city.store.records(OWN, 1, 2)[0].header
    assert (header.retracts, header.purpose, header.legal_basis) == ("changsha-0", WHY.purpose, WHY.legal_basis)
    assert (list(header.subjects), header.facets, list(header.audience)) == ([], 0, ["all"])


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("changsha-1", Reason.NOT_FOUND),
        ("changsha-99", Reason.NOT_FOUND),
        # Beyond the bits of a leaf index lie the rows of the first peer: no record has such an id.
        (f"changsha-{1 << 40}", Reason.INVALID_ARGUMENT),
        ("changsha-9999999999999999999", Reason.INVALID_ARGUMENT),
        ("wuhan-0", Reason.INVALID_ARGUMENT),
        ("nonsense", Reason.INVALID_ARGUMENT),
    ],
)
def test_no_other_record_is_taken_back(city: City, record: str, reason: Reason) -> None:
    with pytest.raises(NodeError) as caught:
        retract(city.store, city.clock, record, WHY)
    assert caught.value.reason is reason
    assert city.store.origin("changsha").size == 1


def test_neither_twice_nor_a_retraction(city: City) -> None:
    retract(city.store, city.clock, "changsha-0", WHY)
    for record in ("changsha-0", "changsha-1"):
        with pytest.raises(NodeError) as caught:
            retract(city.store, city.clock, record, WHY)
        assert caught.value.reason is Reason.INVALID_ARGUMENT


@pytest.mark.parametrize("why", [Header(), Header(purpose="correction"), Header(legal_basis="b")])
def test_not_without_purpose_and_legal_basis(city: City, why: Header) -> None:
    with pytest.raises(NodeError) as caught:
        retract(city.store, city.clock, "changsha-0", why)
    assert caught.value.reason is Reason.PURPOSE_REQUIRED
