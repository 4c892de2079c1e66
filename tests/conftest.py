"""Tests of containers need an engine and the image of a node; else they are skipped, in one line with the reason.

`make test` shares the tests out over processes (pytest-xdist): all that need containers to one of them, which mostly
waits, the fuzz tests a target at a time, and the others a file at a time.
"""

import gc
import logging
import os
import sys
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from node.messages import set_language
from node.testing.containers import IMAGE, missing_engine
from tests.kit.containers.image import why_stale
from tests.kit.effort import PROFILE, effort
from tests.kit.marks import CONTAINERS, Guard, mark

# For every property test, whether or not it asks for an effort of its own.
settings.register_profile(f"gongzhi-{PROFILE}", effort(100))
settings.load_profile(f"gongzhi-{PROFILE}")

# Tests read the English texts, whoever runs them; those of a language name it.
os.environ["GONGZHI_LANG"] = "en"

_guard = Guard()
_UNTRIED = "the tests on containers"


@pytest.fixture(scope="session", autouse=True)
def _node_logs_to_stderr() -> None:
    """A node in the process of a test logs as a node does: what a command prints is the answer alone."""
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.__stderr__),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    """A command that ran in the process of a test leaves its language to no other."""
    yield
    set_language("en")


@pytest.fixture(scope="session")
def image() -> str:
    """The node's image: GONGZHI_IMAGE, else what `make image` builds.

    Where GONGZHI_ENGINE=required (.ci/run, which installs an engine) a test that cannot have it fails.
    """
    image = os.environ.get("GONGZHI_IMAGE", IMAGE)
    if why := missing_engine(image) or why_stale(image):
        if os.environ.get("GONGZHI_ENGINE") == "required":
            pytest.fail(why)
        pytest.skip(f"{_UNTRIED}: {why}")
    return image


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test; the long way through the containers begins first."""
    for item in items:
        mark(item)
    items.sort(key=lambda item: item.get_closest_marker("containers") is None)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is collected lives to the end: each collection of garbage would look through thousands of tests in vain."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Says which test runs to the guard over processes."""
    _guard.item = item
    try:
        return (yield)
    finally:
        _guard.item = None


class _Shares(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(CONTAINERS):
            return "containers"
        # One file holds all of tests/fuzz, the most work of all: shared out by test and target.
        return nodeid.partition("-" if nodeid.startswith("tests/fuzz/") else "::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """What one process has to itself."""
    config.option.loadscopereorder = False
    return _Shares(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says why, where nobody asked for it by -rs too."""
    reasons = {report.longrepr[2] for report in terminalreporter.stats.get("skipped", ())}
    for reason in sorted(reasons):
        if _UNTRIED in reason:
            terminalreporter.write_line(reason)
