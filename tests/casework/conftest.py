"""Two or three cities at their desks on Wednesday the sixth of May 2026."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.casework.desks import Desk
from tests.casework.test_cases import at

CITIES = ("changsha", "hefei", "wuhan")


@pytest.fixture
def three(tmp_path: Path) -> Iterator[tuple[Desk, Desk, Desk]]:
    """Changsha, Hefei and Wuhan."""
    changsha, hefei, wuhan = made = tuple(Desk(tmp_path, city, CITIES) for city in CITIES)
    for desk in made:
        desk.clock.at_ms = at("2026-05-06")
    yield changsha, hefei, wuhan
    for desk in made:
        desk.close()
