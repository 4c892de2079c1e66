"""Six cities for tests: a pytest plugin that gives a test six running nodes to speak to, break and check.

`pytest_plugins = ["node.testing"]` in the conftest.py at the top of your tests; see docs/testing.md.
"""

from collections.abc import Iterator

import pytest

from node.demo.check_stores import Acknowledged, Rule, Violation, check_stores
from node.testing.city import City, batch
from node.testing.cluster import Ground, SixCities, standing
from node.testing.load import Load

__all__ = [
    "Acknowledged",
    "City",
    "Ground",
    "Load",
    "Rule",
    "SixCities",
    "Violation",
    "batch",
    "check_stores",
    "six_cities",
    "standing",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """What the six cities stand on."""
    group = parser.getgroup("gongzhi")
    group.addoption("--ground", choices=[*Ground], default=Ground.IN_PROCESS, help="What `six_cities` stand on.")
    group.addoption("--node-image", help="Image of the nodes on the ground of containers.")


@pytest.fixture(scope="module")
def six_cities(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SixCities]:
    """Six running cities, for all tests of a module; `--ground` says on what."""
    config = request.config
    ground = Ground(config.getoption("--ground"))
    with standing(ground, tmp_path_factory.mktemp("cities"), image=config.getoption("--node-image")) as cities:
        yield cities
