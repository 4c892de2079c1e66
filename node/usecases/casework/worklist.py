"""Inbox and outbox: what waits for the actor, and what waits for others."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from node.casework.v1.casework_pb2 import Summary
from node.core.calendar import Calendar
from node.usecases.casework.actor import Actor
from node.usecases.casework.case_file import CaseFile
from node.usecases.casework.clocks import running
from node.usecases.casework.show import actor_name, last_act, summary


def listed(files: Iterable[CaseFile], calendar: Calendar, now: datetime, *, closed: bool) -> list[Summary]:
    """Cases by their number; those in a final state only where asked for."""
    found = (file for file in files if closed or not file.case.is_final)
    return sorted((summary(file, calendar, now) for file in found), key=lambda each: each.case)


def inbox(files: Iterable[CaseFile], side: str, calendar: Calendar, now: datetime) -> list[Summary]:
    """Open cases in which another side acted last, or a clock runs that `side` (a city or platform) owes."""
    found = (file for file in _open(files) if _waits_for(file, side, calendar, now))
    return sorted((summary(file, calendar, now) for file in found), key=_urgency)


def outbox(files: Iterable[CaseFile], side: str, calendar: Calendar, now: datetime) -> list[Summary]:
    """Open cases in which `side` acted last and another is to see it, with the receipts for that act."""
    found = (file for file in _open(files) if _acted_last(file, side) and _has_others(file, side))
    return sorted((summary(file, calendar, now) for file in found), key=_urgency)


def side_of(actor: Actor, city: str) -> str:
    """The party's name that an actor acts for."""
    return actor.account.name if actor.is_platform else city


def _urgency(each: Summary) -> tuple[bool, str, str]:
    return not each.nearest.due, each.nearest.due, each.case


def _open(files: Iterable[CaseFile]) -> Iterator[CaseFile]:
    return (file for file in files if not file.case.is_final)


def _acted_last(file: CaseFile, side: str) -> bool:
    last = last_act(file)
    return last is not None and actor_name(last) == side


def _has_others(file: CaseFile, side: str) -> bool:
    first = file.disclosing
    names = {*file.case.parties.values(), *(first.header.audience if first else ())}
    return bool(names - {side, ""})


def _waits_for(file: CaseFile, side: str, calendar: Calendar, now: datetime) -> bool:
    if not _acted_last(file, side):
        return True
    return any(side in clock.owed_by for clock in running(file, calendar, now)) or not _has_others(file, side)
