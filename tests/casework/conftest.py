"""Two or three cities at their desks on Wednesday the sixth of May 2026."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.casework.casework_city import CaseworkCity, open_desks


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[tuple[CaseworkCity, ...]]:
    """Changsha and Hefei."""
    with open_desks(tmp_path, "changsha", "hefei") as opened:
        yield opened


@pytest.fixture
def three(tmp_path: Path) -> Iterator[tuple[CaseworkCity, ...]]:
    """Changsha, Hefei and Wuhan."""
    with open_desks(tmp_path, "changsha", "hefei", "wuhan") as opened:
        yield opened
