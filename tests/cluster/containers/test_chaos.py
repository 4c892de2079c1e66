"""A minute of everything at once, and what a seed means."""

import pytest

from tests.chaos.__main__ import FAULTS, Chaos, plan
from tests.kit.containers.trial import Trial


def test_a_seed_is_a_plan() -> None:
    assert plan(7, 60) == plan(7, 60)
    assert plan(7, 60) != plan(8, 60)
    assert {step.name for step in plan(7, 1)} == set(FAULTS), "every fault once before any comes again"
    for step in plan(7, 300):
        assert len(set(step.cities)) == FAULTS[step.name][0]


@pytest.mark.timeout(480)
def test_a_minute_of_chaos(trial: Trial) -> None:
    chaos = Chaos(trial, print)
    chaos.run(seed=2026, seconds=60)
    assert len(set(chaos.done)) >= 4
