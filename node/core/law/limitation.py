"""追责时效: how late a violation may be discovered to be penalised (Administrative Penalty Law, Art 36)."""

from datetime import date

from node.core.law.calendar import add_months
from node.core.law.legal_rules import vendored_rules

LIMITATION, LIMITATION_SAFETY = "penalty.limitation", "penalty.limitation_safety"
_MONTHS = 12


def last_day_to_discover(ended_on: date, *, harms_safety: bool) -> date:
    """Two years, or where life, health or finance came to harm five, after the violation was done or ended.

    Discovery stops it: what was discovered in time is penalised later too. The five years bind what ended since the
    law of 2021; before, and of all else, it was two years already.
    """
    five = vendored_rules().all_versions(LIMITATION_SAFETY)[0]
    rule = five if harms_safety and five.is_in_force(ended_on) else vendored_rules().all_versions(LIMITATION)[0]
    return add_months(ended_on, rule.limit * _MONTHS)
