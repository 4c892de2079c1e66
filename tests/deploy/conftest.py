"""Six cities by compose, once for all tests that only need them up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.docker import Project, eventually
from tests.engine import needed_image

COMPOSE = Path(__file__).parents[2] / "deploy/compose"


@pytest.fixture(scope="session")
def image() -> str:
    """The image that `make image` builds; skips where there is none."""
    return needed_image()


@pytest.fixture(scope="session")
def six(image: str) -> Iterator[Project]:
    """What `docker-compose up` gives: six cities, each with its operators."""
    project = Project(COMPOSE / "compose.yml", GONGZHI_IMAGE=image, SAMPLE_ROWS="60")
    try:
        project.compose("up", "--detach", "--no-build")
        eventually(lambda: project.container("records")["State"]["Status"] == "exited", "each loaded its operators")
        yield project
    finally:
        project.down()
