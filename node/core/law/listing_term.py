"""How long a party stands on the serious list at most, and from when it may leave early (order 44)."""

from datetime import date

from google.protobuf.message import Message

from node.core.law.calendar import add_months
from node.core.law.legal_rules import find_rule, vendored_rules
from node.core.standards.validation import Finding
from node.errors import NodeError

SERIOUS = "listing.serious"
LONGEST_TERM = "listing.serious.term"
EARLY_REMOVAL = "listing.serious.early_removal"
_MONTHS = 12


def years_from(rule_id: str, day: date) -> date:
    """The day to which a rule in years counts from a day.

    Raises:
        NodeError: RULE_NOT_IN_FORCE on that day.
    """
    return add_months(day, find_rule(rule_id, day).limit * _MONTHS)


def is_too_long(until: str, decided_on: date) -> bool:
    """Whether a term ends after the longest that the law gives; never where no rule bound the day of the decision."""
    try:
        return until > years_from(LONGEST_TERM, decided_on).isoformat()
    except NodeError:
        return False


def last_day(until: str, listed_on: date) -> str:
    """The last day of a serious listing: as stated, and no later than the longest term after the day of listing.

    A party that was listed before any rule bound a listing is held to the first one as if listed when that came into
    force: nobody stays for ever.
    """
    begin = max(listed_on, vendored_rules().all_versions(LONGEST_TERM)[0].from_)
    longest = years_from(LONGEST_TERM, begin).isoformat()
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


def term_findings(name: str, body: Message) -> list[Finding]:
    """What is wrong with the term that a row of the standard `name` states."""
    decided_on = stated_day(getattr(body, "decided_on", "")) if name == SERIOUS else None
    if decided_on is None or not is_too_long(body.until, decided_on):  # type: ignore[attr-defined]
        return []
    return [Finding("until", "listing_term_too_long", f"the term is longer than {LONGEST_TERM} allows (order 44)")]
