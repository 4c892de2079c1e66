"""The engine: the state of a case as a function of the set of acts, whatever order they arrive in.

Acts form a graph by what they follow. Three numbered rules say what each is worth:

1. An act is judged on its past: the acts it follows, directly or not. If it breaks a rule there it is refused. Its past
   never changes, so neither does a refusal.
2. The acts not refused are taken in one order: an act after all it follows; of those that could be next the one whose
   kind the workflow puts first, then by record id. An act that the case no longer allows when its turn comes, because
   of concurrent acts taken before it, is overridden.
3. An act falls with an act it follows, where what overrode that is not in its own past: its maker could not know.

So an act in force can lose its force only to an act concurrent with it or with an act it follows.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from node.core.workflow.facts import ActFact, record_order
from node.core.workflow.model import Act, Workflow
from node.core.workflow.rules import (
    NOWHERE,
    Broken,
    Situation,
    apply,
    broken_by_content,
    broken_by_situation,
    unknown_act,
)


class Standing(StrEnum):
    """What an act is worth in its case."""

    IN_FORCE = "in_force"
    OVERRIDDEN = "overridden"
    REFUSED = "refused"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Step:
    """One act taken in order, and where the case stands after it.

    Attributes:
        position: of the act in `Graph.facts`.
        cause: position of the act that overrode this one.
    """

    position: int
    situation: Situation
    standing: Standing
    broken: tuple[Broken, ...] = ()
    cause: int | None = None


_Rank = tuple[int, tuple[str, int], int]


class Graph:
    """Acts of one case whose pasts are complete. Sets of acts are bit masks over positions in `facts`."""

    def __init__(self, workflow: Workflow) -> None:
        self.facts: list[ActFact] = []
        self._workflow = workflow
        self._positions: dict[str, int] = {}
        self._follows: list[tuple[int, ...]] = []
        self._pasts: list[int] = []
        self._refusals: list[tuple[Broken, ...]] = []
        self._before: list[Situation] = []
        self._after: list[Situation] = []
        # Where several acts meet: situations by the set of acts behind them.
        self._joins: dict[int, Situation] = {0: NOWHERE}
        self._heads = 0

    def __contains__(self, record_id: str) -> bool:
        return record_id in self._positions

    @property
    def heads(self) -> tuple[str, ...]:
        """Record ids of the acts that no act follows, sorted."""
        return tuple(sorted((self.facts[each].id for each in _bits(self._heads)), key=record_order))

    def place(self, fact: ActFact, follows: Iterable[str]) -> None:
        """Adds an act; those it `follows` are in the graph."""
        position, followed = len(self.facts), [self._positions[each] for each in follows]
        past = self._closure(followed)
        before = self._joins[past] = self._situation(past)
        refusal = judge(self._workflow, fact, before)
        self.facts.append(fact)
        self._positions[fact.id] = position
        self._pasts.append(past)
        self._follows.append(tuple(followed))
        self._refusals.append(refusal)
        self._before.append(before)
        self._after.append(before if refusal else apply(self._workflow, self._workflow.act[fact.act], fact, before))
        self._heads = self._heads & ~past | 1 << position

    def situation(self) -> Situation:
        """Where the case stands after all acts."""
        return self._situation(self._closure(_bits(self._heads)))

    def steps(self) -> list[Step]:
        """All acts in the order taken."""
        return self._run(self._closure(_bits(self._heads)), NOWHERE)

    def _closure(self, positions: Iterable[int]) -> int:
        mask = 0
        for each in positions:
            mask |= self._pasts[each] | 1 << each
        return mask

    def _situation(self, mask: int) -> Situation:
        """Where the case stands after the acts in `mask`, a set that holds the past of each of its members."""
        if (known := self._joins.get(mask)) is not None:
            return known
        top = mask.bit_length() - 1
        if self._pasts[top] | 1 << top == mask:
            return self._after[top]
        base = self._base(mask)
        return self._run(mask & ~base, self._situation(base))[-1].situation

    def _base(self, mask: int) -> int:
        """The largest set of acts in `mask` that every other act of `mask` has in its past: they need no new look."""
        base = self._pasts[mask.bit_length() - 1]
        unseen = mask & ~base
        while unseen:
            outside = base
            for position in _bits(unseen):
                base &= self._pasts[position]
            unseen = outside & ~base
        return base

    def _run(self, mask: int, situation: Situation) -> list[Step]:
        """Takes the acts of `mask` in order, from `situation`."""
        taken: dict[int, Step] = {}
        in_force: list[int] = []
        for position in self._ordered(mask):
            step = taken[position] = self._take(position, situation, taken, in_force)
            situation = step.situation
            if step.standing is Standing.IN_FORCE:
                in_force.append(position)
        return list(taken.values())

    def _ordered(self, mask: int) -> Iterator[int]:
        """Rule 2: the order in which the acts of `mask` are taken."""
        followers: dict[int, list[int]] = {}
        waits: dict[int, int] = {}
        ready: list[_Rank] = []
        for position in _bits(mask):
            inside = [each for each in self._follows[position] if mask >> each & 1]
            waits[position] = len(inside)
            for each in inside:
                followers.setdefault(each, []).append(position)
            if not inside:
                heapq.heappush(ready, self._rank(position))
        while ready:
            position = heapq.heappop(ready)[-1]
            yield position
            for each in followers.get(position, ()):
                waits[each] -= 1
                if not waits[each]:
                    heapq.heappush(ready, self._rank(each))

    def _rank(self, position: int) -> _Rank:
        fact = self.facts[position]
        return self._workflow.precedence.get(fact.act, 0), record_order(fact.id), position

    def _take(self, position: int, situation: Situation, taken: dict[int, Step], in_force: list[int]) -> Step:
        """Takes one act where `taken` came before it in this run, `in_force` of them with effect."""
        if refusal := self._refusals[position]:
            return Step(position, situation, Standing.REFUSED, refusal)
        if (cause := self._fallen(position, taken)) is not None:
            return Step(position, situation, Standing.OVERRIDDEN, (), cause)
        if situation is self._before[position]:
            return Step(position, self._after[position], Standing.IN_FORCE)
        fact = self.facts[position]
        act = self._workflow.act[fact.act]
        if broken := broken_by_situation(self._workflow, act, fact, situation):
            return Step(position, situation, Standing.OVERRIDDEN, tuple(broken), self._cause(position, in_force))
        return Step(position, apply(self._workflow, act, fact, situation), Standing.IN_FORCE)

    def _fallen(self, position: int, taken: dict[int, Step]) -> int | None:
        """Rule 3: the act that overrode one that this act follows, unless this act knew of it."""
        for each in self._follows[position]:
            step = taken.get(each)
            if step and step.cause is not None and not self._pasts[position] >> step.cause & 1:
                return step.cause
        return None

    def _cause(self, position: int, in_force: list[int]) -> int:
        """The last act in force that this one knew nothing of; there is one, or it would stand as it was judged."""
        past = self._pasts[position]
        return next(each for each in reversed(in_force) if not past >> each & 1)


def judge(workflow: Workflow, fact: ActFact, situation: Situation) -> tuple[Broken, ...]:
    """Rule 1: every rule that an act breaks in a situation."""
    act: Act | None = workflow.act.get(fact.act)
    if act is None:
        return (unknown_act(workflow, fact.act),)
    return (*broken_by_situation(workflow, act, fact, situation), *broken_by_content(workflow, act, fact))


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
