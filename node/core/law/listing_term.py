"""How long a party stands on the serious list at most, and from when it may leave early (order 44)."""

from datetime import date
from typing import Any

from google.protobuf.message import Message

from node.core.law.calendar import add_months
from node.core.law.legal_rules import find_rule, vendored_rules
from node.core.standards.validation import Finding
from node.errors import NodeError

SERIOUS = "listing.serious"
LONGEST_TERM = "listing.serious.term"
EARLY_REMOVAL = "listing.serious.early_removal"
RESTRICTED = "penalty.restricted_until"
"""Field of a serious listing: the last day on which the penalty behind it restricts business or occupation."""
_MONTHS = 12


def years_from(rule_id: str, day: date) -> date:
    """The day to which a rule in years counts from a day.

    Raises:
        NodeError: RULE_NOT_IN_FORCE on that day.
    """
    return add_months(day, find_rule(rule_id, day).limit * _MONTHS)


def longest_end(listed_on: date, restricted_until: str = "") -> str:
    """The last day that the law gives: three years on, or where the penalty restricts business longer, then (Art 21).

    Raises:
        NodeError: RULE_NOT_IN_FORCE on the day of the listing.
    """
    return max(years_from(LONGEST_TERM, listed_on).isoformat(), restricted_until)


def is_too_long(until: str, decided_on: date, restricted_until: str = "") -> bool:
    """Whether a term ends after the longest that the law gives; never where no rule bound the day of the decision."""
    try:
        return until > longest_end(decided_on, restricted_until)
    except NodeError:
        return False


def last_day(until: str, listed_on: date, restricted_until: str = "") -> str:
    """The last day of a serious listing: as stated, and no later than the longest term after the day of listing.

    A party that was listed before any rule bound a listing is held to the first one as if listed when that came into
    force: nobody stays for ever.
    """
    begin = max(listed_on, vendored_rules().all_versions(LONGEST_TERM)[0].from_)
    longest = longest_end(begin, restricted_until)
    return min(until or longest, longest)


def may_leave_early(decided_on: date, today: date) -> bool:
    """Whether the law's wait is over; always where no rule bound the day of the decision."""
    try:
        return today >= years_from(EARLY_REMOVAL, decided_on)
    except NodeError:
        return True


def stated_day(text: str) -> date | None:
    """A day YYYY-MM-DD; None where there is none: what it is the standard says."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def restriction_of(listing: Any) -> str:
    """The last day, YYYY-MM-DD, on which the penalty behind a serious listing restricts business; empty without one."""
    day = stated_day(listing.penalty.restricted_until)
    return day.isoformat() if day else ""


def term_findings(name: str, body: Message) -> list[Finding]:
    """What is wrong with the term that a row of the standard `name` states."""
    decided_on = stated_day(getattr(body, "decided_on", "")) if name == SERIOUS else None
    row: Any = body
    if decided_on is None or not is_too_long(row.until, decided_on, restriction_of(row)):
        return []
    return [Finding("until", "listing_term_too_long", f"the term is longer than {LONGEST_TERM} allows (order 44)")]
