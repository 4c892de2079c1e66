"""Inbox and outbox: what waits for the actor, and what waits for others."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from node.core.members.actor import Actor
from node.stubs.casework.v1.casework_pb2 import Summary
from node.usecases.casework.case_summary import CaseSummary
from node.usecases.casework.deadlines import Running, running
from node.usecases.casework.show import state_label

# Of an answer: how many where nobody says how many, and how many fit in one.
USUAL, MOST = 500, 5_000
_Each = TypeVar("_Each")


class Listed(NamedTuple):
    """A case in a list; `nearest` is its deadline that runs out first."""

    case: CaseSummary
    nearest: Running | None

    def summary(self, now: datetime, side: str) -> Summary:
        """As the officers of the city `side` read it, or a platform."""
        case = self.case
        return Summary(
            case=case.id,
            workflow=case.workflow.name,
            state=case.state,
            label=state_label(case.workflow, case.state),
            last_act=case.last_act,
            last_by=case.last_by,
            last_on=case.last_on,
            nearest=self.nearest.message(now) if self.nearest else None,
            stored_by=case.stored_by,
            opened_by=case.opened_by,
            subjects=case.subjects,
            title=case.title,
            unread=case.is_unread(side),
        )


def listed(summaries: Iterable[CaseSummary], now: datetime, *, closed: bool) -> list[Listed]:
    """Cases by their number; those in a final state only where asked for."""
    shown = (summary for summary in summaries if closed or not summary.is_final)
    return sorted((_listed(summary, now) for summary in shown), key=lambda each: each.case.id)


def inbox(summaries: Iterable[CaseSummary], side: str, now: datetime) -> list[Listed]:
    """What waits for `side`, a city or platform.

    Open cases in which another side acted last or a deadline runs that `side` owes; closed ones that another city
    closed, until an officer of `side` has opened them.
    """
    waiting = (summary for summary in summaries if _waits_for(summary, side, now))
    return sorted((_listed(summary, now) for summary in waiting), key=_urgency)


def outbox(summaries: Iterable[CaseSummary], side: str, now: datetime) -> list[Listed]:
    """Open cases in which `side` acted last and another is to see it, with the receipts for that act."""
    waiting = (summary for summary in _open(summaries) if summary.last_by == side and _has_others(summary, side))
    return sorted((_listed(summary, now) for summary in waiting), key=_urgency)


def side_of(actor: Actor, city: str) -> str:
    """The party's name that an actor acts for."""
    return actor.account.name if actor.is_platform else city


def first(items: Sequence[_Each], limit: int) -> Sequence[_Each]:
    """As many as are asked for and fit in an answer."""
    return items[: min(limit or USUAL, MOST)]


def _listed(summary: CaseSummary, now: datetime) -> Listed:
    return Listed(summary, min(running(summary, now), default=None))


def _urgency(each: Listed) -> tuple[bool, str, str]:
    nearest = each.nearest
    return nearest is None or nearest.has_no_day, nearest.due if nearest else "", each.case.id


def _open(summaries: Iterable[CaseSummary]) -> Iterator[CaseSummary]:
    return (summary for summary in summaries if not summary.is_final)


def _has_others(summary: CaseSummary, side: str) -> bool:
    return bool({*summary.parties.values(), *summary.seen_by} - {side, ""})


def _waits_for(summary: CaseSummary, side: str, now: datetime) -> bool:
    if summary.is_final:
        return summary.is_unread(side)
    if summary.last_by != side:
        return True
    return any(side in deadline.timer.owed_by for deadline in running(summary, now)) or not _has_others(summary, side)
