"""An origin and a receiver that reaches it; six towns, and a second history of one of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.simulator.forks import HONEST
from tests.kit.simulator.origin import Origin, SimulatedPeer, policy_text
from tests.kit.simulator.receiver import Receiver
from tests.kit.simulator.towns import Country


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[Origin]:
    made = Origin(tmp_path / "wuhan.db")
    yield made
    made.close()


@pytest.fixture
def receiver(tmp_path: Path, origin: Origin) -> Iterator[Receiver]:
    made = Receiver(tmp_path / "changsha.db")
    made.meet(origin, SimulatedPeer(origin))
    yield made
    made.close()


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Country]:
    made = Country(tmp_path)
    yield made
    made.close()


@pytest.fixture
def other(tmp_path: Path, country: Country) -> Iterator[Origin]:
    """Wuhan's second history, under its one key: alike up to record 20."""
    (tmp_path / "second").mkdir()
    wuhan = country["wuhan"].origin
    made = Origin(tmp_path / "second" / "wuhan.db", "wuhan", wuhan.signer, HONEST, policy_text("wuhan", "public"))
    yield made
    made.close()
