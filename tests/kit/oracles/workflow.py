"""What a set of acts amounts to, by the three rules of the engine word for word and without a thought for time."""

from collections.abc import Sequence

from node.core.workflow.facts import ActFact, record_order
from node.core.workflow.machine import judge
from node.core.workflow.model import Workflow
from node.core.workflow.rules import NOWHERE, Situation, apply, broken_by_situation
from node.core.workflow.run import Standing

Taken = list[tuple[str, Standing, str, str]]
"""Of each act in the order taken: record id, standing, the case's state after it, what overrode it."""


class Oracle:
    """The acts that others see of one case, all of whose pasts are here."""

    def __init__(self, workflow: Workflow, facts: Sequence[ActFact]) -> None:
        self._workflow = workflow
        self._facts = {fact.id: fact for fact in facts}
        self._pasts: dict[str, frozenset[str]] = {}
        self._refused: dict[str, bool] = {}
        for each in sorted(self._facts, key=lambda one: len(self._past(one))):
            before = self._run(self._past(each))[1]
            self._refused[each] = bool(judge(workflow, self._facts[each], before))

    def taken(self) -> Taken:
        """Every act."""
        return self._run(frozenset(self._facts))[0]

    def situation(self) -> Situation:
        """Where the case stands."""
        return self._run(frozenset(self._facts))[1]

    def _follows(self, record_id: str) -> tuple[str, ...]:
        fact = self._facts[record_id]
        act = self._workflow.act.get(fact.act)
        return () if act is not None and act.opens else fact.follows

    def _past(self, record_id: str) -> frozenset[str]:
        if record_id not in self._pasts:
            follows = self._follows(record_id)
            self._pasts[record_id] = frozenset(follows).union(*(self._past(each) for each in follows))
        return self._pasts[record_id]

    def _run(self, acts: frozenset[str]) -> tuple[Taken, Situation]:
        left, situation = set(acts), NOWHERE
        taken: Taken = []
        causes: dict[str, str] = {}
        changed: list[str] = []
        while left:
            each = min((one for one in left if not left & set(self._follows(one))), key=self._rank)
            left.remove(each)
            after, standing, cause = self._take(each, situation, causes, changed)
            if after != situation:
                changed.append(each)
            if cause:
                causes[each] = cause
            situation = after
            taken.append((each, standing, situation.state, cause))
        return taken, situation

    def _take(
        self, each: str, situation: Situation, causes: dict[str, str], changed: list[str]
    ) -> tuple[Situation, Standing, str]:
        fact = self._facts[each]
        if self._refused[each]:
            return situation, Standing.REFUSED, ""
        for followed in self._follows(each):
            if followed in causes and causes[followed] not in self._past(each):
                return situation, Standing.OVERRIDDEN, causes[followed]
        act = self._workflow.act[fact.act]
        if broken_by_situation(self._workflow, act, fact, situation):
            unknown = [one for one in changed if one not in self._past(each)]
            return situation, Standing.OVERRIDDEN, unknown[-1]
        return apply(self._workflow, act, fact, situation), Standing.IN_FORCE, ""

    def _rank(self, record_id: str) -> tuple[int, tuple[str, int]]:
        return self._workflow.precedence.get(self._facts[record_id].act, 0), record_order(record_id)
