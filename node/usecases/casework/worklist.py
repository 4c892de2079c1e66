"""Inbox and outbox: what waits for the actor, and what waits for others."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from node.core.members.actor import Actor
from node.stubs.casework.v1.casework_pb2 import Summary
from node.usecases.casework.deadlines import Running, running
from node.usecases.casework.line import Line
from node.usecases.casework.show import state_label

# Of an answer: how many where nobody says how many, and how many fit in one.
USUAL, MOST = 500, 5_000
_Each = TypeVar("_Each")


class Listed(NamedTuple):
    """A case in a list; `nearest` is the clock in it that runs out first."""

    line: Line
    nearest: Running | None

    def summary(self, now: datetime, side: str) -> Summary:
        """As the officers of the city `side` read it, or a platform."""
        line = self.line
        return Summary(
            case=line.id,
            workflow=line.workflow.name,
            state=line.state,
            label=state_label(line.workflow, line.state),
            last_act=line.last_act,
            last_by=line.last_by,
            last_on=line.last_on,
            nearest=self.nearest.clock(now) if self.nearest else None,
            stored_by=line.stored_by,
            opened_by=line.opened_by,
            subjects=line.subjects,
            title=line.title,
            unread=line.is_unread(side),
        )


def listed(lines: Iterable[Line], now: datetime, *, closed: bool) -> list[Listed]:
    """Cases by their number; those in a final state only where asked for."""
    found = (line for line in lines if closed or not line.is_final)
    return sorted((_listed(line, now) for line in found), key=lambda each: each.line.id)


def inbox(lines: Iterable[Line], side: str, now: datetime) -> list[Listed]:
    """What waits for `side`, a city or platform.

    Open cases in which another side acted last or a clock runs that `side` owes; closed ones that another city closed,
    until an officer of `side` has opened them.
    """
    found = (line for line in lines if _waits_for(line, side, now))
    return sorted((_listed(line, now) for line in found), key=_urgency)


def outbox(lines: Iterable[Line], side: str, now: datetime) -> list[Listed]:
    """Open cases in which `side` acted last and another is to see it, with the receipts for that act."""
    found = (line for line in _open(lines) if line.last_by == side and _has_others(line, side))
    return sorted((_listed(line, now) for line in found), key=_urgency)


def side_of(actor: Actor, city: str) -> str:
    """The party's name that an actor acts for."""
    return actor.account.name if actor.is_platform else city


def first(found: Sequence[_Each], limit: int) -> Sequence[_Each]:
    """As many as are asked for and fit in an answer."""
    return found[: min(limit or USUAL, MOST)]


def _listed(line: Line, now: datetime) -> Listed:
    return Listed(line, min(running(line, now), default=None))


def _urgency(each: Listed) -> tuple[bool, str, str]:
    nearest = each.nearest
    return nearest is None or nearest.has_no_day, nearest.due if nearest else "", each.line.id


def _open(lines: Iterable[Line]) -> Iterator[Line]:
    return (line for line in lines if not line.is_final)


def _has_others(line: Line, side: str) -> bool:
    return bool({*line.parties.values(), *line.seen_by} - {side, ""})


def _waits_for(line: Line, side: str, now: datetime) -> bool:
    if line.is_final:
        return line.is_unread(side)
    if line.last_by != side:
        return True
    return any(side in each.timer.owed_by for each in running(line, now)) or not _has_others(line, side)
