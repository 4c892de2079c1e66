"""How much property tests do.

HYPOTHESIS_PROFILE is ci (short, the same each time), random (as short, with other inputs each time) or long (random, by
the hour). `--hypothesis-seed=N` repeats a run of the last two.
"""

import os

from hypothesis import HealthCheck, settings

_FACTORS = {"ci": 1, "random": 1, "long": 30}
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
IS_LONG = PROFILE == "long"


def effort(examples: int, steps: int = 50) -> settings:
    """Settings of a property test.

    Args:
        examples: How many the profile `ci` tries.
        steps: Longest run of a state machine.
    """
    return settings(
        max_examples=examples * _FACTORS[PROFILE],
        stateful_step_count=steps,
        deadline=None,  # several tests share the processors
        derandomize=PROFILE == "ci",
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
