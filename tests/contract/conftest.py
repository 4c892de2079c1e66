"""Every test of this folder runs on every backend."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.stores.backends import BACKENDS, Backend
from tests.kit.stores.city import City
from tests.kit.stores.rows import CITY


@pytest.fixture(scope="session", params=list(BACKENDS.values()), ids=list(BACKENDS))
def backend(request: pytest.FixtureRequest) -> Backend:
    """Opens a store of the kind that is tried."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def city(tmp_path: Path, backend: Backend) -> Iterator[City]:
    """A city with an empty log."""
    made = City(tmp_path, CITY, backend=backend)
    yield made
    made.close()
