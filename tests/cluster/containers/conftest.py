"""Six containers for all tests of faults; without an engine these are skipped, in one line with the reason."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.testing import Ground, standing
from node.testing.containers import IMAGE, missing_engine
from tests.cluster.containers.trial import Trial

_skipped: set[str] = set()


@pytest.fixture(scope="package")
def image() -> str:
    """The image of the node."""
    image = os.environ.get("GONGZHI_IMAGE", IMAGE)
    if why := missing_engine(image):
        if os.environ.get("GONGZHI_ENGINE") == "required":
            pytest.fail(why)
        _skipped.add(why)
        pytest.skip(why)
    return image


@pytest.fixture(scope="package")
def trial(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """Six running containers, and all that they acknowledged so far."""
    with standing(Ground.CONTAINERS, Path(tmp_path_factory.mktemp("containers")), image=image) as cities:
        yield Trial(cities, image)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says why, where nobody asked for it by -rs too."""
    for why in _skipped:
        terminalreporter.write_line(f"Skipped: the tests on containers: {why}")
