"""When a penalty may leave the page before its time (order 107): which kinds never do, and how long the others wait."""

from collections.abc import Iterable
from datetime import date

from node.core.law.calendar import add_months
from node.core.law.heavy_penalty import is_heavy
from node.core.law.legal_rules import find_rule
from node.stubs.standard.v1 import penalty_pb2 as pb
from node.stubs.standard.v1.listing_pb2 import PenaltyLink

WAIT, GRAVE_WAIT = "penalty.repair_wait", "penalty.repair_wait_grave"
_TO_THE_END = frozenset((pb.PENALTY_KIND_CLOSED, pb.PENALTY_KIND_OCCUPATION_RESTRICTED))
_MINOR = frozenset((pb.PENALTY_KIND_WARNING, pb.PENALTY_KIND_CRITICISM))


def stays_to_the_end(kinds: Iterable[int]) -> bool:
    """Whether a penalty of these kinds is published to its end, whatever the party does."""
    return not _TO_THE_END.isdisjoint(kinds)


def wait_of(kinds: Iterable["pb.PenaltyKind.ValueType"]) -> str:
    """The rule of the wait for a penalty of these kinds; empty for a minor one, which waits for nothing."""
    kinds = list(kinds)
    if _MINOR.issuperset(kinds):
        return ""
    return GRAVE_WAIT if is_heavy(PenaltyLink(kinds=kinds)) else WAIT


def repairable_from(rule_id: str, public_on: date, today: date) -> date:
    """The first day of a repair, by the rule in force when it is applied for.

    Raises:
        NodeError: RULE_NOT_IN_FORCE today.
    """
    return add_months(public_on, find_rule(rule_id, today).limit)
