"""A case: its acts, what each is worth, where it stands, and whether a next act may be recorded."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from node.core.workflow.facts import ActFact, record_order
from node.core.workflow.machine import Graph, judge
from node.core.workflow.model import START, Act, Effect, Role, Workflow
from node.core.workflow.rules import NOWHERE, Broken, Situation, broken_by_role, outdated, unknown_act, wrong_state
from node.core.workflow.run import Standing, Step
from node.errors import NodeError, Reason
from node.messages import _


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an act is worth: `state` is the case's after it, `broken` why it is refused or was overridden.

    `cause` is the record id of the act that overrode it, or that it waits for.
    """

    fact: ActFact
    standing: Standing
    state: str
    broken: tuple[Broken, ...] = ()
    cause: str = ""


@dataclass(frozen=True, slots=True)
class DeadlineEvent:
    """What an act in force did to the deadline of a legal rule; `parties` are those of the case right after it.

    One `upon_receipt` starts on the day who owes it received the act.
    """

    effect: Effect
    rule: str
    cause: str
    on: date
    act_id: str
    parties: Mapping[str, str]
    upon_receipt: bool = False


class Case:
    """The acts of one case, added in any order and as often as one likes: equal sets of acts make equal cases.

    Acts that stay with the city of the case are kept apart from those that others see, so that what the others compute
    never depends on what they cannot see.
    """

    def __init__(
        self, workflow: Workflow, case_id: str, facts: Iterable[ActFact] = (), *, is_retracted: bool = False
    ) -> None:
        """Takes up the acts.

        Args:
            workflow: its declaration.
            case_id: record id of its opening act.
            facts: the acts known.
            is_retracted: what others first saw of it was destroyed; the act that took it back stands alone, and what
                followed the destroyed waits for ever.
        """
        self.workflow = workflow
        self.is_retracted = is_retracted
        self.id = case_id
        self._facts: dict[str, ActFact] = {}
        self._internal = Graph(workflow)
        self._shared = Graph(workflow)
        self._waiting: defaultdict[str, list[ActFact]] = defaultdict(list)
        for fact in facts:
            self.add(fact)

    def add(self, fact: ActFact) -> None:
        """Adds an act.

        Raises:
            NodeError: INVALID_ARGUMENT, an act of another case, or another act under a record id already here.
        """
        if fact.case != self.id or self._facts.get(fact.id, fact) != fact:
            raise NodeError(
                Reason.INVALID_ARGUMENT,
                _("{id} is not an act of case {case}, or differs from the one known", id=fact.id, case=self.id),
            )
        if fact.id not in self._facts:
            self._facts[fact.id] = fact
            self._settle(fact)

    def grown(self, facts: Iterable[ActFact]) -> "Case":
        """The case with more acts; this one stays as it is.

        Raises:
            NodeError: As `add`.
        """
        other = Case(self.workflow, self.id, is_retracted=self.is_retracted)
        other._facts = dict(self._facts)
        for missing, waiting in self._waiting.items():
            other._waiting[missing] = list(waiting)
        other._internal, other._shared = self._internal.copy(), self._shared.copy()
        for fact in facts:
            other.add(fact)
        return other

    @property
    def situation(self) -> Situation:
        """Where the case stands."""
        shared = self._shared.situation()
        return shared if shared.state else self._internal.situation()

    @property
    def state(self) -> str:
        """Name of the state; empty while nothing opened the case."""
        return self.situation.state

    @property
    def parties(self) -> Mapping[str, str]:
        """Party -> city slug or platform."""
        return self.situation.parties

    @property
    def is_final(self) -> bool:
        """No act leads further."""
        return self.state != START and self.workflow.state[self.state].final

    def heads(self, act: Act) -> tuple[str, ...]:
        """Record ids that a new act of this kind has to follow."""
        return (self._internal if act.internal or act.discloses else self._shared).heads

    def open_acts(self) -> list[Act]:
        """Acts that the state allows, whoever may do them."""
        state = self.state
        return [act for act in self.workflow.acts if state in act.sources]

    def history(self) -> list[Verdict]:
        """Every act in the order taken, internal ones first, those that wait for an act not here yet last."""
        taken = [verdict for graph in (self._internal, self._shared) for verdict in _verdicts(graph)]
        waiting = [
            Verdict(fact, Standing.PENDING, self.state, (), missing)
            for missing, facts in self._waiting.items()
            for fact in facts
        ]
        return taken + sorted(waiting, key=lambda verdict: record_order(verdict.fact.id))

    def in_force(self) -> list[ActFact]:
        """The acts that stand, in the order taken."""
        return [verdict.fact for verdict in self.history() if verdict.standing is Standing.IN_FORCE]

    def deadline_events(self) -> list[DeadlineEvent]:
        """What the acts in force did to the deadlines, in order."""
        graphs = (self._internal, self._shared)
        return [event for graph in graphs for step in graph.steps() for event in self._events(graph, step)]

    def _settle(self, fact: ActFact) -> None:
        arrived = [fact]
        while arrived:
            each = arrived.pop()
            if self._placed(each):
                arrived += self._waiting.pop(each.id, ())

    def _graph(self, fact: ActFact) -> Graph:
        act = self.workflow.act.get(fact.act)
        return self._internal if act is not None and act.internal else self._shared

    def _follows(self, fact: ActFact) -> tuple[str, ...]:
        # The first act that others see follows, for them, nothing; nor does, later, the one that took it back.
        act = self.workflow.act.get(fact.act)
        is_first = act is not None and (act.opens or (act.retracts and self.is_retracted))
        return () if is_first else fact.follows

    def _missing(self, fact: ActFact) -> str:
        graph = self._graph(fact)
        return min((follow for follow in self._follows(fact) if follow not in graph), key=record_order, default="")

    def _placed(self, fact: ActFact) -> bool:
        if missing := self._missing(fact):
            self._waiting[missing].append(fact)
            return False
        self._graph(fact).place(fact, self._follows(fact))
        return True

    def _events(self, graph: Graph, step: Step) -> Iterator[DeadlineEvent]:
        if step.standing is not Standing.IN_FORCE:
            return
        fact = graph.facts[step.position]
        kept, parties = step.situation.kept, step.situation.parties
        for deadline in self.workflow.act[fact.act].deadlines:
            if deadline.only is None or deadline.only.holds(kept, parties):
                on = date.fromisoformat(kept[deadline.since]) if deadline.since in kept else fact.on
                yield DeadlineEvent(
                    deadline.effect, deadline.rule, deadline.cause, on, fact.id, parties, deadline.upon_receipt
                )


def check(case: Case, fact: ActFact, role: Role | None = None) -> list[Broken]:
    """Every rule that recording this act next would break; none: it may be recorded.

    Args:
        case: all acts known; of id "" where the act is to open it.
        fact: the act, its `id` empty.
        role: of the officer at this node; None where a platform acts.
    """
    workflow = case.workflow
    act = workflow.act.get(fact.act)
    if act is None:
        return [unknown_act(workflow, fact.act)]
    situation = case.situation
    broken = broken_by_role(workflow, act, fact, role)
    broken += judge(workflow, fact, situation)
    if (act.discloses or act.retracts) and situation.state == START and START not in act.sources:
        broken.append(wrong_state(workflow, act, situation))
    if situation is not NOWHERE and set(fact.follows) != set(case.heads(act)):
        broken.append(outdated(workflow, act))
    return broken


def _verdicts(graph: Graph) -> Iterator[Verdict]:
    for step in graph.steps():
        cause = "" if step.cause is None else graph.facts[step.cause].id
        yield Verdict(graph.facts[step.position], step.standing, step.situation.state, step.broken, cause)
