"""Each test has one mark, by what its code refers to; one that starts a process which was not foreseen fails."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis.stateful import run_state_machine_as_test

from node.testing import standing
from tests.kit.marks import mark_of
from tests.kit.nodes.processes import Running
from tests.kit.stateful.federation import Federation
from tests.kit.waiting import eventually

UNFORESEEN = """
import os, pytest

def test_unforeseen(): os.posix_spawn("/bin/true", ["true"], {})

@pytest.mark.processes
def test_marked_by_hand(): os.posix_spawn("/bin/true", ["true"], {})
"""


def _plain() -> None:
    eventually(lambda: True)


def _direct() -> None:
    subprocess.run(["true"], check=True)


def _by_a_helper() -> None:
    list(map(lambda _: _direct(), range(1)))  # noqa: C417 - a function within the function


@contextmanager
def _by_a_class_of_the_kit():  # type: ignore[no-untyped-def]
    yield Running


def _searching() -> None:
    run_state_machine_as_test(Federation)


@pytest.mark.parametrize(
    ("function", "mark"),
    [
        (_plain, "unit"),
        (_direct, "processes"),
        (_by_a_helper, "processes"),
        (_by_a_class_of_the_kit, "processes"),
        (_searching, "search"),
        (Federation, "search"),
        (standing, "processes"),
    ],
)
def test_the_mark_follows_what_is_referred_to(function: Callable[..., object], mark: str) -> None:
    assert mark_of("tests/core/test_x.py::test_x", [_plain, function]) == mark
    assert mark_of("tests/deploy/test_x.py::test_x", [function]) == "containers"


def test_a_process_that_was_not_foreseen_fails_the_test(tmp_path: Path) -> None:
    (tmp_path / "test_tried.py").write_text(UNFORESEEN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "test_unforeseen starts a process: mark it, @pytest.mark.processes" in done.stdout
