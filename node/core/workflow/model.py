"""What a workflow declares: parties, states, acts and what each act demands. Data only; the rules are in `rules.py`.

The declarations themselves lie in `declared/`; `declaration.py` reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar

from pydantic import ConfigDict

from node.core.law.laws import Cited, Label


class _Declared:
    """What a file of `declared/` writes: it refuses names that are no fields."""

    __slots__ = ()
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")


# The state of a case that nobody has opened.
START = ""


class Role(StrEnum):
    """Who of a party may make an act; checked by the party's own node when the act is recorded."""

    CLERK = "clerk"
    CASE_OFFICER = "case_officer"
    APPROVER = "approver"
    # The software by itself: only what the law makes automatic, such as an end date that passes.
    NODE = "node"


OFFICERS = (Role.CASE_OFFICER, Role.APPROVER)
ANYONE = (Role.CLERK, *OFFICERS)


class Kind(StrEnum):
    """What a party is."""

    CITY = "city"
    PLATFORM = "platform"
    # Any member of the federation.
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Party(_Declared):
    """A party to a case.

    Attributes:
        bound_by: field of the opening act that names it; empty for the city of the case.
        by_record: the field holds a record id, whose city it is.
        at: of a platform, the party whose node it is connected to: what stands in another city's log is not its act.
    """

    name: str
    label: Label
    kind: Kind = Kind.CITY
    bound_by: str = ""
    by_record: bool = False
    at: str = ""


@dataclass(frozen=True, slots=True)
class State(_Declared):
    """A state; nothing leads out of a final one, though something may yet be noted in it."""

    name: str
    label: Label
    final: bool = False


@dataclass(frozen=True, slots=True)
class Choice(_Declared):
    """A code that a field may have; `instead` tells a person who is turned away where to go."""

    code: str
    label: Label
    instead: Label | None = None


class Carries(StrEnum):
    """What kind of thing an act must carry."""

    FIELD = "field"
    DOCUMENT = "document"
    TWO_OFFICERS = "two_officers"
    CITY = "city"


@dataclass(frozen=True, slots=True)
class Need(_Declared):
    """Something an act must carry: a field, a document by its title, or two officers with certificate numbers.

    Attributes:
        name: of the field; `a|b` where one of two is enough.
        choices: the only codes the field may have.
    """

    name: str
    label: Label
    law: Cited
    carries: Carries = Carries.FIELD
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Only(_Declared):
    """What it is said of holds only where a field kept in the case has one of these values.

    Without values any will do; the value "" stands for a field that is not kept.
    """

    field: str
    values: tuple[str, ...]
    law: Cited
    label: Label

    def holds(self, kept: Mapping[str, str], _parties: Mapping[str, str]) -> bool:
        """Whether it holds in a case that keeps these fields."""
        value = kept.get(self.field, "")
        return value in self.values if self.values else bool(value)


@dataclass(frozen=True, slots=True)
class Between(_Declared):
    """What it is said of holds only where two parties to the case are one city, or where they are two.

    Attributes:
        field: name of a party.
        other: name of the party it is compared with.
        same: whether the two have to be one.
    """

    field: str
    other: str
    same: bool
    law: Cited
    label: Label

    def holds(self, _kept: Mapping[str, str], parties: Mapping[str, str]) -> bool:
        """Whether it holds in a case of these parties."""
        return (parties.get(self.field) == parties.get(self.other)) is self.same


@dataclass(frozen=True, slots=True)
class NotBefore(_Declared):
    """The act is open from the day kept in the case under `field`, or later.

    Attributes:
        years: that many later, as legal rule `rule` says.
        days: that many later: 1 where the day kept is a last day, which still counts.
    """

    field: str
    law: Cited
    label: Label
    years: int = 0
    rule: str = ""
    days: int = 0


class Effect(StrEnum):
    """What an act does to a deadline."""

    START = "start"
    STOP = "stop"
    SUSPEND = "suspend"
    RESUME = "resume"
    EXTEND = "extend"


@dataclass(frozen=True, slots=True)
class DeadlineEffect(_Declared):
    """An act's effect on the deadline of a legal rule.

    Attributes:
        rule: id of the legal rule.
        cause: why time does not count, as the rule names it; of a suspension.
        only: the effect holds for such cases alone.
        since: name under which the case keeps the day from which it counts; of a start whose act came later.
        upon_receipt: it starts on the day who owes it received the act, whoever opens it when; not before.
    """

    effect: Effect
    rule: str
    cause: str = ""
    only: Only | Between | None = None
    since: str = ""
    upon_receipt: bool = False


class Product(StrEnum):
    """What an act leads to."""

    DRAFT = "draft"
    RECORD = "record"
    RETRACTION = "retraction"


@dataclass(frozen=True, slots=True)
class Makes(_Declared):
    """A record of another standard that an act drafts, makes or retracts."""

    product: Product
    standard: str


@dataclass(frozen=True, slots=True)
class Act(_Declared):
    """One thing that may happen in a case.

    Attributes:
        sources: states it may follow; `START`, where none is given, opens the case.
        target: state it leads to; None leaves the state as it is.
        by: names of the parties that may act.
        decided_by: who decided, where that is nobody with a node; the act then records their document.
        is_dated: its day may be that of a fact it records, such as a letter's receipt, and so lie before today.
        binds: it binds somebody, so that maker and approver must be two persons.
        internal: stays in the log of the city of the case; no other city sees it.
        discloses: the first act that others see. It carries all they need and stands without what came before.
        retracts: it destroys, everywhere, what the act that others first saw says; from then on it stands alone.
        keeps: fields whose values the case remembers, for later guards and parties.
        stamps: name under which the case remembers the day of the act.
        assigns: party -> the party, or "field:<name>" for the field, that it is from now on.
    """

    name: str
    label: Label
    by: tuple[str, ...]
    law: Cited
    sources: tuple[str, ...] = (START,)
    target: str | None = None
    roles: tuple[Role, ...] = OFFICERS
    decided_by: Label | None = None
    is_dated: bool = False
    binds: bool = False
    internal: bool = False
    discloses: bool = False
    retracts: bool = False
    needs: tuple[Need, ...] = ()
    guards: tuple[Only | Between | NotBefore, ...] = ()
    deadlines: tuple[DeadlineEffect, ...] = ()
    makes: tuple[Makes, ...] = ()
    keeps: tuple[str, ...] = ()
    stamps: str = ""
    assigns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def may_be_dated(self) -> bool:
        """It records a fact or another's decision, whose day it states; otherwise its day is the one it is made on."""
        return self.is_dated or self.decided_by is not None

    @property
    def is_automatic(self) -> bool:
        """The software alone makes it, once its day has come."""
        return self.roles == (Role.NODE,)

    @property
    def opens(self) -> bool:
        """It may be the first act that somebody sees of a case."""
        return START in self.sources or self.discloses


@dataclass(frozen=True, slots=True)
class Forbidden(_Declared):
    """An act that people try and the law rules out, whatever the state."""

    name: str
    label: Label
    law: Cited
    why: Label


@dataclass(frozen=True)
class Workflow(_Declared):
    """A declared machine.

    Attributes:
        first: names of the acts that go before others where acts are concurrent, in this order.
        concurrency: why, in words.
    """

    name: str
    label: Label
    parties: tuple[Party, ...]
    states: tuple[State, ...]
    acts: tuple[Act, ...]
    concurrency: Label
    first: tuple[str, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()

    @cached_property
    def act(self) -> Mapping[str, Act]:
        """Acts by name."""
        return {act.name: act for act in self.acts}

    @cached_property
    def state(self) -> Mapping[str, State]:
        """States by name."""
        return {state.name: state for state in self.states}

    @cached_property
    def party(self) -> Mapping[str, Party]:
        """Parties by name."""
        return {party.name: party for party in self.parties}

    @cached_property
    def forbids(self) -> Mapping[str, Forbidden]:
        """Forbidden acts by name."""
        return {rule.name: rule for rule in self.forbidden}

    @cached_property
    def days(self) -> frozenset[str]:
        """Fields in which a case keeps a day that some act waits for."""
        return frozenset(guard.field for act in self.acts for guard in act.guards if isinstance(guard, NotBefore))

    @cached_property
    def precedence(self) -> Mapping[str, int]:
        """Rank of each act: the lower goes first."""
        return {
            act.name: self.first.index(act.name) if act.name in self.first else len(self.first) for act in self.acts
        }
