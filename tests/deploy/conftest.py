"""Six cities by compose, once for all tests that only need them up."""

from collections.abc import Iterator

import pytest

from tests.kit.containers.compose import COMPOSE
from tests.kit.containers.docker import Project
from tests.kit.waiting import eventually


@pytest.fixture(scope="package")
def six(image: str) -> Iterator[Project]:
    """What `docker-compose up` gives: six cities, each with its operators."""
    project = Project(COMPOSE / "compose.yml", GONGZHI_IMAGE=image, SAMPLE_ROWS="60")
    try:
        project.compose("up", "--detach", "--no-build")
        eventually(
            lambda: project.container("records")["State"]["Status"] == "exited",
            "each loaded its operators",
            timeout_s=120,
        )
        yield project
    finally:
        project.down()
