"""How much property tests do: HYPOTHESIS_PROFILE is ci (short, the same each time) or long (random, by the hour)."""

import os

from hypothesis import HealthCheck, settings

_FACTORS = {"ci": 1, "long": 30}
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
        derandomize=not IS_LONG,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
