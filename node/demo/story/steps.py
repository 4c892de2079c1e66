"""The steps of the story: what happened, who did it, under whose signature, by when, and who saw it."""

from dataclasses import dataclass, field
from datetime import date

from node.core.workflow.declared import workflow as find_workflow
from node.stubs.casework.v1 import casework_pb2 as pb


@dataclass
class Step:
    """One thing that happened.

    Attributes:
        by: who, as the record names them.
        what: label in Chinese and English.
        signed: size of the log and its root, under whose checked signature the record stands.
        deadlines: limits that it started or ended: rule, state, last day.
        seen_by: city -> facets it holds, at the end of the chapter.
    """

    number: int
    chapter: str
    day: date
    city: str
    by: str
    act: str
    what: tuple[str, str]
    record: str = ""
    case: str = ""
    state: tuple[str, str] = ("", "")
    signed: tuple[int, str] | None = None
    deadlines: list[dict[str, str]] = field(default_factory=list)
    audience: tuple[str, ...] = ()
    seen_by: dict[str, tuple[str, ...]] = field(default_factory=dict)
    note: str = ""

    def add_act(self, view: pb.ActView, shown: pb.Case, deadlines: list[dict[str, str]]) -> None:
        """Says which act of which case it was, and what it did to the limits."""
        label = find_workflow(shown.workflow).state[view.state].label
        self.case, self.state = shown.case, (label.zh, view.state)
        self.deadlines, self.audience = deadlines, tuple(view.audience)


class Limits:
    """The limits of the cases, as they were last seen."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[tuple[str, str], str]] = {}

    def news(self, shown: pb.Case) -> list[dict[str, str]]:
        """What began, ended or changed in a case since it was last seen."""
        before = self._seen.get(shown.case, {})
        self._seen[shown.case] = {(each.act, each.rule): each.state for each in shown.clocks}
        return [_plain(each) for each in shown.clocks if before.get((each.act, each.rule)) != each.state]


def _plain(deadline: pb.Clock) -> dict[str, str]:
    plain = {name: str(getattr(deadline, name)) for name in ("rule", "state", "started", "due", "problem")}
    return plain | {"label": deadline.label.zh, "owed_by": ", ".join(deadline.owed_by)}
