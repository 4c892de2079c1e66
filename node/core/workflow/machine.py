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
from bisect import bisect
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
        self.follows: list[tuple[int, ...]] = []
        self.pasts: list[int] = []
        self._workflow = workflow
        self._positions: dict[str, int] = {}
        self._judged: list[_Judged] = []
        self._order: list[int] = []
        # What a city knows of a case only grows: the past of each of its acts is taken up where the last one's stood.
        self._runs: dict[str, _Run] = {}
        self._all = _Run(self)
        self._heads = 0

    def __contains__(self, record_id: str) -> bool:
        return record_id in self._positions

    @property
    def heads(self) -> tuple[str, ...]:
        """Record ids of the acts that no act follows, sorted."""
        return tuple(sorted((self.facts[each].id for each in _bits(self._heads)), key=record_order))

    def place(self, fact: ActFact, follows: Iterable[str]) -> None:
        """Adds an act; those it `follows` are in the graph."""
        position, followed = len(self.facts), tuple(self._positions[each] for each in follows)
        past = 0
        for each in followed:
            past |= self.pasts[each] | 1 << each
        self.facts.append(fact)
        self._positions[fact.id] = position
        self.pasts.append(past)
        self.follows.append(followed)
        self._heads = self._heads & ~past | 1 << position

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
            run = self._runs.setdefault(fact.city, _Run(self))
            before = self._situation(past, run if run.mask & ~past == 0 else _Run(self))
            refusal = judge(self._workflow, fact, before)
            after = before if refusal else self._applied(self._workflow.act[fact.act], fact, before)
            self._judged.append(_Judged(refusal, before, after))

    def _applied(self, act: Act, fact: ActFact, situation: Situation) -> Situation:
        """The very same situation where the act changes nothing of it."""
        after = apply(self._workflow, act, fact, situation)
        return situation if after == situation else after

    def _situation(self, mask: int, run: _Run) -> Situation:
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
        waits = [len(each) for each in self.follows]
        for position, followed in enumerate(self.follows):
            for each in followed:
                followers[each].append(position)
        ready = [self._rank(position) for position, count in enumerate(waits) if not count]
        heapq.heapify(ready)
        while ready:
            position = heapq.heappop(ready)[-1]
            yield position
            for each in followers[position]:
                waits[each] -= 1
                if not waits[each]:
                    heapq.heappush(ready, self._rank(each))

    def _rank(self, position: int) -> _Rank:
        fact = self.facts[position]
        return self._workflow.precedence.get(fact.act, 0), record_order(fact.id), position


@dataclass(frozen=True, slots=True)
class _Judged:
    """What an act is worth on its past alone: `before` and `after` it; the same object where it changes nothing."""

    refusal: tuple[Broken, ...]
    before: Situation
    after: Situation


class _Run:
    """The acts of a set that grows, taken in order."""

    def __init__(self, graph: Graph) -> None:
        self.mask = 0
        self.steps: list[Step] = []
        self._graph = graph
        self._order: list[int] = []
        self._places: list[int] = []
        # Position -> what overrode it.
        self._causes: dict[int, int] = {}

    def grow(self, mask: int) -> None:
        """Takes the acts of `mask` that are not taken yet, each at its place.

        An act that changes nothing leaves those after it as they were; after one that does they are taken anew.
        """
        order = self._graph.order()
        if self._order is not order:
            self._order, self._places = order, [order[step.position] for step in self.steps]
        new = sorted(_bits(mask & ~self.mask), key=order.__getitem__)
        self.mask = mask
        for number, position in enumerate(new):
            if self._insert(position):
                self._retake(order[position], new[number + 1 :])
                return

    def _insert(self, position: int) -> bool:
        """Takes one act at its place; whether it changed where the case stands."""
        place = self._order[position]
        at = bisect(self._places, place)
        before = self.steps[at - 1].situation if at else NOWHERE
        step = self._take(position, before, at)
        self._places.insert(at, place)
        self.steps.insert(at, step)
        return step.situation is not before

    def _retake(self, place: int, new: Iterable[int]) -> None:
        """Takes anew what comes after a place, with `new` among it."""
        at = bisect(self._places, place)
        after = [step.position for step in self.steps[at:]]
        del self.steps[at:], self._places[at:]
        for each in after:
            self._causes.pop(each, None)
        for each in sorted([*after, *new], key=self._order.__getitem__):
            self._insert(each)

    def _take(self, position: int, situation: Situation, at: int) -> Step:
        """Takes one act after the first `at` steps."""
        if refusal := self._graph.refusal(position):
            return Step(position, situation, Standing.REFUSED, refusal)
        if (cause := self._fallen(position)) is not None:
            return self._overridden(Step(position, situation, Standing.OVERRIDDEN, (), cause))
        after, broken = self._graph.take(position, situation)
        if broken:
            cause = self._cause(position, at)
            return self._overridden(Step(position, situation, Standing.OVERRIDDEN, broken, cause))
        return Step(position, after, Standing.IN_FORCE)

    def _overridden(self, step: Step) -> Step:
        if step.cause is not None:
            self._causes[step.position] = step.cause
        return step

    def _fallen(self, position: int) -> int | None:
        """Rule 3: the act that overrode one that this act follows, unless this act knew of it."""
        if not self._causes:
            return None
        past = self._graph.pasts[position]
        causes = (self._causes.get(each) for each in self._graph.follows[position])
        return next((cause for cause in causes if cause is not None and not past >> cause & 1), None)

    def _cause(self, position: int, at: int) -> int:
        """The last act to change the case that this one knew nothing of; there is one, or it would stand as judged."""
        past = self._graph.pasts[position]
        earlier = ((self.steps[number].position, number) for number in range(at - 1, -1, -1))
        return next(each for each, number in earlier if not past >> each & 1 and self._changed(number))

    def _changed(self, number: int) -> bool:
        """Whether a step changed where the case stands."""
        before = self.steps[number - 1].situation if number else NOWHERE
        return self.steps[number].situation is not before


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
