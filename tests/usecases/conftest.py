"""An origin and a receiver that reaches it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.origin import Origin, SimulatedPeer
from tests.simulator.receiver import Receiver


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
