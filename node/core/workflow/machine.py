"""The engine: the state of a case as a function of the set of acts, whatever order they arrive in.

Acts form a graph by what they follow. Three numbered rules say what each is worth:

1. An act is judged on its past: the acts it follows, directly or not. If it breaks a rule there it is refused. Its past
   never changes, so neither does a refusal.
2. The acts not refused are taken in one order: an act after all it follows; of those that could be next the one whose
   kind the workflow puts first, then by record id. An act that the case no longer allows when its turn comes, because
   of concurrent acts taken before it, is overridden: by the last of them that changed where the case stands.
3. An act falls with an act it follows, where what overrode that is not in its own past: its maker could not know.

So an act in force can lose its force only to an act concurrent with it or with an act it follows.

The order of a set of acts, cut down to a part that holds the past of each of its members, is the order of that part: an
act outside never keeps one inside waiting. So there is one order, and an act that comes later is put in its place.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import NamedTuple

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
from node.core.workflow.run import Run, Step, bits

_Rank = tuple[int, tuple[str, int], int]


class Graph:
    """Acts of one case whose pasts are complete. Sets of acts are bit masks over positions in `facts`."""

    def __init__(self, workflow: Workflow) -> None:
        self.facts: list[ActFact] = []
        self.follows: list[tuple[int, ...]] = []
        self.pasts: list[int] = []
        self._workflow = workflow
        self._positions: dict[str, int] = {}
        self._judged: list[_Judged] = []
        self._order: list[int] = []
        # What a city knows of a case only grows: the past of each of its acts is taken up where the last one's stood.
        self._runs: dict[str, Run] = {}
        self._all = Run(self)
        self._heads = 0

    def __contains__(self, record_id: str) -> bool:
        return record_id in self._positions

    @property
    def heads(self) -> tuple[str, ...]:
        """Record ids of the acts that no act follows, sorted; refused ones aside: nobody has to know of them."""
        self._judge()
        return tuple(sorted((self.facts[bit].id for bit in bits(self._heads)), key=record_order))

    def copy(self) -> Graph:
        """Another graph of the same acts."""
        other = Graph(self._workflow)
        other.facts, other.follows, other.pasts = list(self.facts), list(self.follows), list(self.pasts)
        other._positions, other._judged, other._order = dict(self._positions), list(self._judged), self._order
        other._runs = {city: run.copy(other) for city, run in self._runs.items()}
        other._all, other._heads = self._all.copy(other), self._heads
        return other

    def place(self, fact: ActFact, follows: Iterable[str]) -> None:
        """Adds an act; those it `follows` are in the graph."""
        position, followed = len(self.facts), tuple(self._positions[follow] for follow in follows)
        past = 0
        for before in followed:
            past |= self.pasts[before] | 1 << before
        self.facts.append(fact)
        self._positions[fact.id] = position
        self.pasts.append(past)
        self.follows.append(followed)

    def situation(self) -> Situation:
        """Where the case stands after all acts."""
        self._judge()
        return self._situation((1 << len(self.facts)) - 1, self._all)

    def steps(self) -> list[Step]:
        """All acts in the order taken."""
        self._judge()
        self._all.grow((1 << len(self.facts)) - 1)
        return self._all.steps

    def order(self) -> list[int]:
        """Rule 2: at each position, the place of its act in the order of all."""
        if len(self._order) != len(self.facts):
            self._order = [0] * len(self.facts)
            for place, position in enumerate(self._ordered()):
                self._order[position] = place
        return self._order

    def take(self, position: int, situation: Situation) -> tuple[Situation, tuple[Broken, ...]]:
        """Where an act that is not refused leads from `situation`, or what it breaks there."""
        judged = self._judged[position]
        if situation is judged.before or situation == judged.before:
            return (situation if judged.after is judged.before else judged.after), ()
        fact = self.facts[position]
        act = self._workflow.act[fact.act]
        broken = tuple(broken_by_situation(self._workflow, act, fact, situation))
        return (situation, broken) if broken else (self._applied(act, fact, situation), ())

    def refusal(self, position: int) -> tuple[Broken, ...]:
        """Rule 1: what an act breaks where its past led."""
        return self._judged[position].refusal

    def _judge(self) -> None:
        """Rule 1, of the acts that were added since."""
        for position in range(len(self._judged), len(self.facts)):
            fact, past = self.facts[position], self.pasts[position]
            run = self._runs.setdefault(fact.city, Run(self))
            before = self._situation(past, run if run.mask & ~past == 0 else Run(self))
            refusal = judge(self._workflow, fact, before)
            after = before if refusal else self._applied(self._workflow.act[fact.act], fact, before)
            self._judged.append(_Judged(refusal, before, after))
            if not refusal:
                self._heads = self._heads & ~past | 1 << position

    def _applied(self, act: Act, fact: ActFact, situation: Situation) -> Situation:
        """The very same situation where the act changes nothing of it."""
        after = apply(self._workflow, act, fact, situation)
        return situation if after == situation else after

    def _situation(self, mask: int, run: Run) -> Situation:
        """Where the case stands after the acts in `mask`, a set that holds the past of each of its members."""
        top = mask.bit_length() - 1
        if top < 0:
            return NOWHERE
        if self.pasts[top] | 1 << top == mask:
            return self._judged[top].after
        run.grow(mask)
        return run.steps[-1].situation

    def _ordered(self) -> Iterator[int]:
        followers: list[list[int]] = [[] for _ in self.facts]
        waits = [len(follow) for follow in self.follows]
        for position, followed in enumerate(self.follows):
            for before in followed:
                followers[before].append(position)
        ready = [self._rank(position) for position, count in enumerate(waits) if not count]
        heapq.heapify(ready)
        while ready:
            position = heapq.heappop(ready)[-1]
            yield position
            for follower in followers[position]:
                waits[follower] -= 1
                if not waits[follower]:
                    heapq.heappush(ready, self._rank(follower))

    def _rank(self, position: int) -> _Rank:
        fact = self.facts[position]
        return self._workflow.precedence.get(fact.act, 0), record_order(fact.id), position


class _Judged(NamedTuple):
    """What an act is worth on its past alone: `before` and `after` it; the same object where it changes nothing."""

    refusal: tuple[Broken, ...]
    before: Situation
    after: Situation


def judge(workflow: Workflow, fact: ActFact, situation: Situation) -> tuple[Broken, ...]:
    """Rule 1: every rule that an act breaks in a situation."""
    act: Act | None = workflow.act.get(fact.act)
    if act is None:
        return (unknown_act(workflow, fact.act),)
    return (*broken_by_situation(workflow, act, fact, situation), *broken_by_content(workflow, act, fact))
