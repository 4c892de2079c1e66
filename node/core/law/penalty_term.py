"""How long a penalty is published (order 45 Art 13, order 107)."""

from collections.abc import Iterable
from datetime import date

from node.core.law.calendar import add_months
from node.core.law.legal_rules import LegalRule, Unit, vendored_rules
from node.core.law.listing_term import stated_day
from node.core.law.penalty_repair import GRAVE_WAIT, WAIT, wait_of
from node.stubs.standard.v1 import penalty_pb2 as pb

MINOR, GENERAL, GRAVE = "penalty.publicity_minor", "penalty.publicity", "penalty.publicity_grave"
RULES = {"": MINOR, WAIT: GENERAL, GRAVE_WAIT: GRAVE}
"""Rule of the wait before a repair -> rule of the term."""


def last_public_day(kinds: Iterable["pb.PenaltyKind.ValueType"], stated: str, public_on: date) -> date:
    """The last day on which a penalty is public: the one stated, and no later than the longest; else that of its kind.

    A fine may be a heavy one by the benchmark, which only the decision tells: where it states a day, that is held to
    the longest term of all. What was published before any rule bound it counts from when the first one came into force.
    """
    day = stated_day(stated)
    if day is None:
        return _end(RULES[wait_of(kinds)], public_on)
    return min(day, _end(GRAVE, public_on))


def _end(rule_id: str, public_on: date) -> date:
    versions = vendored_rules().all_versions(rule_id)
    rule = next((version for version in versions if version.is_in_force(public_on)), versions[0])
    return add_months(max(public_on, rule.from_), _months(rule))


def _months(rule: LegalRule) -> int:
    return rule.limit * 12 if rule.unit is Unit.YEARS else rule.limit
