"""A node whose log is behind what its city has signed: restored, or its disk rolled back. It must not fork it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.errors import NodeError, Reason
from node.stubs.exchange.v1.exchange_pb2 import CompareRequest
from tests.kit.keys import KeySigner
from tests.kit.simulator.rollback import roll_back, snapshot
from tests.kit.simulator.telling import note
from tests.kit.simulator.towns import Country
from tests.kit.simulator.witnessing import count_signatures

THREE = ("changsha", "wuhan", "hefei")


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Country]:
    made = Country(tmp_path, THREE)
    made["wuhan"].grow(0, 100)
    yield made
    made.close()


def test_a_log_that_is_behind_is_held_back_by_what_the_first_peer_shows(country: Country, tmp_path: Path) -> None:
    old = snapshot(country["wuhan"], tmp_path / "old.db")
    country["wuhan"].grow(1000, 20)
    country.round("changsha")
    wuhan = roll_back(country, "wuhan", old)
    assert wuhan.store.log.held_back is None, "nobody has told it yet"
    wuhan.pull("changsha")
    with pytest.raises(NodeError) as held:
        wuhan.grow(5000)
    assert held.value.reason is Reason.RESTORED
    assert "120" in held.value.message
    [alert] = wuhan.status().alerts
    assert alert.reason == Reason.RESTORED
    assert "100" in alert.text
    assert "120" in alert.text
    wuhan.open()
    with pytest.raises(NodeError, match="restored"):
        wuhan.grow(5000)
    assert not country.frozen("wuhan")


def test_a_stranger_cannot_hold_a_node_back(country: Country) -> None:
    """Only what this city itself signed counts."""
    wuhan = country["wuhan"]
    forged = note("wuhan", 10**6, bytes(32), KeySigner())
    wuhan.compare.answer("hefei", CompareRequest(checkpoints=[forged]))
    wuhan.grow(5000)
    assert wuhan.origin.size == 101


def test_a_restored_witness_does_not_cosign_backwards(country: Country, tmp_path: Path) -> None:
    """It cosigned 120 records after the backup; shown another history of 110, it signs none of it."""
    changsha, wuhan = country["changsha"], country["wuhan"]
    changsha.pull("wuhan")
    old = snapshot(changsha, tmp_path / "old.db")
    first = snapshot(wuhan, tmp_path / "wuhan-100.db")
    wuhan.grow(1000, 20)
    changsha.pull("wuhan")
    country.round("hefei")
    roll_back(country, "wuhan", first)
    wuhan.grow(2000, 10)  # the second history: 110 records
    changsha = roll_back(country, "changsha", old)
    signed = count_signatures(changsha)
    changsha.pull("hefei")  # which holds 120, cosigned by this very city
    changsha.pull("wuhan")
    assert changsha.store.origin("wuhan").size == 110
    assert not [message for message in signed if b"wuhan" in message]
    changsha.may_cosign = False  # and while it is not confirmed it signs nothing at all
    changsha.open()
    changsha.pull("hefei")
    assert not [message for message in signed if b"wuhan" in message]


def test_what_was_refused_is_not_kept_in_memory(country: Country) -> None:
    """One exception raised again and again would hold every batch that it refused."""
    store = country["wuhan"].store
    held = store.log.held_back = NodeError(Reason.RESTORED, "x")
    for _ in range(3):
        with pytest.raises(NodeError, match="x"):
            store.append([]).result()
    assert held.__traceback__ is None
