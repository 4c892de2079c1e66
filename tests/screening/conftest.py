"""Two cities for tests of screening."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.stores.city import City, open_cities


@pytest.fixture
def cities(tmp_path: Path) -> Iterator[tuple[City, ...]]:
    """Changsha and Wuhan."""
    with open_cities(tmp_path, "changsha", "wuhan") as opened:
        yield opened
