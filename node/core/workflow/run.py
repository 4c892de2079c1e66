"""A run: the acts of a set taken in order, each as what came before it allows. Which order, `machine.py` says."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from node.core.workflow.rules import NOWHERE, Broken, Situation


class Standing(StrEnum):
    """What an act is worth in its case."""

    IN_FORCE = "in_force"
    OVERRIDDEN = "overridden"
    REFUSED = "refused"
    PENDING = "pending"


class Step(NamedTuple):
    """One act taken in order, and where the case stands after it.

    Attributes:
        position: of the act.
        cause: position of the act that overrode this one.
    """

    position: int
    situation: Situation
    standing: Standing
    broken: tuple[Broken, ...] = ()
    cause: int | None = None


class Acts(Protocol):
    """Acts by their positions: what each follows, its past as a bit mask, what it is worth on that alone."""

    @property
    def follows(self) -> Sequence[tuple[int, ...]]:
        """Positions that each act follows."""

    @property
    def pasts(self) -> Sequence[int]:
        """The past of each act."""

    def order(self) -> list[int]:
        """Rule 2: at each position, the place of its act in the order of all."""

    def refusal(self, position: int) -> tuple[Broken, ...]:
        """Rule 1: what an act breaks where its past led."""

    def take(self, position: int, situation: Situation) -> tuple[Situation, tuple[Broken, ...]]:
        """Where an act that is not refused leads from `situation`, or what it breaks there."""


class Run:
    """The acts of a set that grows, taken in order."""

    def __init__(self, acts: Acts) -> None:
        self.mask = 0
        self.steps: list[Step] = []
        self._acts = acts
        self._order: list[int] = []
        self._places: list[int] = []
        # Position -> what overrode it.
        self._causes: dict[int, int] = {}

    def copy(self, acts: Acts) -> Run:
        """The same run over a copy of its acts."""
        other = Run(acts)
        other.mask, other.steps, other._order = self.mask, list(self.steps), self._order
        other._places, other._causes = list(self._places), dict(self._causes)
        return other

    def grow(self, mask: int) -> None:
        """Takes the acts of `mask` that are not taken yet, each at its place.

        An act that changes nothing leaves those after it as they were; after one that does they are taken anew.
        """
        order = self._acts.order()
        if self._order is not order:
            self._order, self._places = order, [order[step.position] for step in self.steps]
        new = sorted(bits(mask & ~self.mask), key=order.__getitem__)
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
        for position in after:
            self._causes.pop(position, None)
        for position in sorted([*after, *new], key=self._order.__getitem__):
            self._insert(position)

    def _take(self, position: int, situation: Situation, at: int) -> Step:
        """Takes one act after the first `at` steps."""
        if refusal := self._acts.refusal(position):
            return Step(position, situation, Standing.REFUSED, refusal)
        if (cause := self._fallen(position)) is not None:
            return self._overridden(Step(position, situation, Standing.OVERRIDDEN, (), cause))
        after, broken = self._acts.take(position, situation)
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
        past = self._acts.pasts[position]
        causes = (self._causes.get(follow) for follow in self._acts.follows[position])
        return next((cause for cause in causes if cause is not None and not past >> cause & 1), None)

    def _cause(self, position: int, at: int) -> int:
        """The last act to change the case that this one knew nothing of; there is one, or it would stand as judged."""
        past = self._acts.pasts[position]
        earlier = ((self.steps[number].position, number) for number in range(at - 1, -1, -1))
        return next(other for other, number in earlier if not past >> other & 1 and self._changed(number))

    def _changed(self, number: int) -> bool:
        """Whether a step changed where the case stands."""
        before = self.steps[number - 1].situation if number else NOWHERE
        return self.steps[number].situation is not before


def bits(mask: int) -> Iterator[int]:
    """The positions in a mask, from the lowest."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
