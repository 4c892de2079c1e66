"""Two or three cities at their desks on Wednesday the sixth of May 2026."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.casework.desks import Desk, at

CITIES = ("changsha", "hefei", "wuhan")


def _open(folder: Path, cities: tuple[str, ...]) -> Iterator[tuple[Desk, ...]]:
    made = tuple(Desk(folder, city, CITIES) for city in cities)
    for desk in made:
        desk.clock.at_ms = at("2026-05-06")
    yield made
    for desk in made:
        desk.close()


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[tuple[Desk, ...]]:
    """Changsha and Hefei."""
    yield from _open(tmp_path, CITIES[:2])


@pytest.fixture
def three(tmp_path: Path) -> Iterator[tuple[Desk, ...]]:
    """Changsha, Hefei and Wuhan."""
    yield from _open(tmp_path, CITIES)
