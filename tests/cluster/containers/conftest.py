"""Six containers for all tests of faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.testing import Ground, standing
from tests.kit.containers.trial import Trial


@pytest.fixture(scope="package")
def trial(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """Six running containers, and all that they acknowledged so far."""
    with standing(Ground.CONTAINERS, Path(tmp_path_factory.mktemp("containers")), image=image) as cities:
        yield Trial(cities, image)
