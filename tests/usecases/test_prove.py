"""Proofs of the records in a store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.core.log.proof import verify_proof
from node.errors import NodeError, Reason
from node.storage.sqlite.reader import Reader
from node.usecases.records.prove import prove
from tests.kit.stores.city import PURPOSE, City, operator


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    city = City(tmp_path_factory.mktemp("prove"), "changsha")
    city.append([city.entry(operator("", legacy_number=f"{number:04}")) for number in range(300)])
    yield city
    city.close()


def reader(city: City) -> Reader:
    return Reader(Path(city.path))


def test_every_record_can_be_proven(city: City) -> None:
    for index in range(0, 300, 7):
        proven = verify_proof(prove(reader(city), f"changsha-{index}", PURPOSE), [city.key])
        assert (proven.header.id, proven.body["legacy_number"]) == (f"changsha-{index}", f"{index:04}")


@pytest.mark.parametrize("record", ["changsha-300", "wuhan-1", "changsha", "changsha-x", "changsha-007"])
def test_only_what_is_there_can_be_proven(city: City, record: str) -> None:
    with pytest.raises(NodeError) as caught:
        prove(reader(city), record, PURPOSE)
    assert caught.value.reason in (Reason.NOT_FOUND, Reason.INVALID_ARGUMENT)
