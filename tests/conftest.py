"""Tests of containers need an engine and the image of a node; else they are skipped, in one line with the reason."""

import os

import pytest

from node.testing.containers import IMAGE, missing_engine

_skipped: set[str] = set()


@pytest.fixture(scope="session")
def image() -> str:
    """The node's image: GONGZHI_IMAGE, else what `make image` builds.

    Where GONGZHI_ENGINE=required (.ci/run, which installs an engine) a test that cannot have it fails.
    """
    image = os.environ.get("GONGZHI_IMAGE", IMAGE)
    if why := missing_engine(image):
        if os.environ.get("GONGZHI_ENGINE") == "required":
            pytest.fail(why)
        _skipped.add(why)
        pytest.skip(why)
    return image


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says why, where nobody asked for it by -rs too."""
    for why in _skipped:
        terminalreporter.write_line(f"Skipped: the tests on containers: {why}")
