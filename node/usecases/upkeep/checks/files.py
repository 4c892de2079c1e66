"""The operator's files: those that a running node would refuse, and a calendar that ends."""

from collections.abc import Iterator

from node.core.finding import Code, Finding, new_finding
from node.core.law.calendar import SHANGHAI
from node.usecases.upkeep.checks.scene import Scene

# The State Council's notice for the next year comes in November.
_NOTICE_MONTH = 11


def files(scene: Scene) -> Iterator[Finding]:
    """Federation, clients, policy and calendars can be read."""
    tried = (
        (Code.FEDERATION_REFUSED, scene.federation.error),
        (Code.CLIENTS_REFUSED, scene.clients.error),
        (Code.POLICY_REFUSED, scene.policy_error),
        (Code.CALENDAR_REFUSED, scene.calendar.error),
    )
    for code, error in tried:
        if error is not None:
            yield new_finding(code, error=error.message)
    if scene.federation.value is not None and scene.own is None:
        yield new_finding(Code.NOT_A_MEMBER)


def calendar(scene: Scene) -> Iterator[Finding]:
    """This year is known, and from November on the next."""
    if scene.calendar.value is None:
        return
    today, last = scene.now.astimezone(SHANGHAI).date(), scene.calendar.value.horizon.year
    if last < today.year:
        yield new_finding(Code.CALENDAR_MISSING, year=today.year)
    elif last == today.year and today.month >= _NOTICE_MONTH:
        yield new_finding(Code.CALENDAR_NEXT_YEAR, year=last + 1)
