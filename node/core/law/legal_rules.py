"""Limits in time that the law sets, as data: which rule, which article, in which version, from when.

The rules lie in `legal_rules.yaml`. Which version binds is decided by the date of the act that starts the deadline: a
complaint received under an old version is judged by it to its end.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from node.core.document import parse_document, read_model
from node.core.law.laws import Citation, Label, Name, laws
from node.errors import FileError, NodeError, Reason
from node.messages import _

_FILE = "legal_rules.yaml"

Confidence = Literal["H", "M", "L"]


class Unit(StrEnum):
    """What a limit is counted in. Hours are counted from a moment, all others from a date."""

    HOURS = "hours"
    WORKING_DAYS = "working_days"
    DAYS = "days"
    MONTHS = "months"
    YEARS = "years"


class Kind(StrEnum):
    """What the end means: an act is due (`limit`), a state ends by itself (`term`), an act may come (`wait`)."""

    LIMIT = "limit"
    TERM = "term"
    WAIT = "wait"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExtensionRight(_Entry):
    """An extension the law allows once.

    `limit`, in the rule's unit, is the most it may add; without one, whoever extends sets it. `approval` names who must
    approve, `needs_notice` asks that the other side be told before expiry.
    """

    limit: Annotated[int, Field(ge=1)] | None = None
    approval: Label | None = None
    needs_notice: bool = False


class LegalRule(_Entry):
    """A version of a rule.

    `starts` says which act starts the deadline. `extensions` are used in their order, each once. `excluded` are the
    causes whose time does not count. `rolls` moves a last day that is not worked to the next working day.
    """

    id: Name
    version: Annotated[int, Field(ge=1)]
    label: Label
    starts: Label
    law: Name
    article: str | None = None
    from_: date = Field(alias="from")
    until: date | None = None
    kind: Kind = Kind.LIMIT
    limit: Annotated[int, Field(ge=1)]
    unit: Unit
    extensions: tuple[ExtensionRight, ...] = ()
    excluded: tuple[Name, ...] = ()
    first_day_counts: bool = False
    rolls: bool | None = None
    confidence: Confidence

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.rolls is None) != (self.unit in (Unit.WORKING_DAYS, Unit.HOURS)):
            raise ValueError("rolls is said of limits in days, months and years, and of no others")
        if self.unit is Unit.HOURS and (self.extensions or self.excluded or self.first_day_counts):
            raise ValueError("a limit in hours runs through: no extensions, excluded or first_day_counts")
        if self.until is not None and self.until < self.from_:
            raise ValueError("until is before from")
        return self

    @property
    def citation(self) -> Citation:
        """The article that sets the limit."""
        return Citation(self.law, self.article or "")

    def is_in_force(self, on: date) -> bool:
        """Whether this version binds an act of the day `on`."""
        return self.from_ <= on and (self.until is None or on <= self.until)


class _File(_Entry):
    causes: dict[Name, Label]
    rules: list[LegalRule]


@dataclass(frozen=True)
class RuleBook:
    """Every rule with all its versions; `causes` by the names the rules use."""

    causes: Mapping[str, Label]
    versions: Mapping[str, tuple[LegalRule, ...]]

    def all_versions(self, rule_id: str) -> tuple[LegalRule, ...]:
        """The versions of a rule, oldest first.

        Raises:
            NodeError: `NOT_FOUND`: there is no such rule.
        """
        versions = self.versions.get(rule_id)
        if versions is None:
            raise NodeError(
                Reason.NOT_FOUND, _("no legal rule {rule_id}; `gongzhi deadline list` shows all", rule_id=rule_id)
            )
        return versions

    def in_force(self, rule_id: str, on: date) -> LegalRule:
        """The version that binds an act of the day `on`.

        Raises:
            NodeError: `NOT_FOUND`, or `RULE_NOT_IN_FORCE` on that day.
        """
        versions = self.all_versions(rule_id)
        version = next((rule for rule in versions if rule.is_in_force(on)), None)
        if version is None:
            raise NodeError(
                Reason.RULE_NOT_IN_FORCE,
                _(
                    "{rule_id} is not in force on {on}; its first version took effect on {start}",
                    rule_id=rule_id,
                    on=on,
                    start=versions[0].from_,
                ),
            )
        return version

    def all_in_force(self, on: date) -> list[LegalRule]:
        """Every rule that binds an act of the day `on`, in the order of the file."""
        return [rule for versions in self.versions.values() for rule in versions if rule.is_in_force(on)]


def parse_rules(text: str, path: str) -> RuleBook:
    """Reads a file of rules.

    Raises:
        FileError: `INVALID_LEGAL_RULES`: the form, a law or cause that is not declared, versions that do not follow.
    """
    document = parse_document(text, path, Reason.INVALID_LEGAL_RULES)
    file = read_model(document, _File, Reason.INVALID_LEGAL_RULES)
    for index, rule in enumerate(file.rules):
        unknown = [cause for cause in rule.excluded if cause not in file.causes]
        if rule.law not in laws() or unknown:
            text = _("{rule}: {name} is not declared", rule=rule.id, name=unknown[0] if unknown else rule.law)
            raise FileError(Reason.INVALID_LEGAL_RULES, path, text, document.summary_of(("rules", index)))
    try:
        return RuleBook(file.causes, _by_id(file.rules))
    except ValueError as error:
        raise FileError(Reason.INVALID_LEGAL_RULES, path, str(error)) from None


@cache
def vendored_rules() -> RuleBook:
    """The rules that come with the program."""
    return parse_rules((resources.files("node.core.law") / _FILE).read_text("utf-8"), _FILE)


def find_rule(rule_id: str, on: date) -> LegalRule:
    """The version of a rule of the program that binds an act of the day `on`.

    Raises:
        NodeError: `NOT_FOUND`, or `RULE_NOT_IN_FORCE` on that day.
    """
    return vendored_rules().in_force(rule_id, on)


def _by_id(rules: Iterable[LegalRule]) -> dict[str, tuple[LegalRule, ...]]:
    grouped: defaultdict[str, list[LegalRule]] = defaultdict(list)
    for rule in rules:
        grouped[rule.id].append(rule)
    return {rule_id: _closed(versions) for rule_id, versions in grouped.items()}


def _closed(versions: list[LegalRule]) -> tuple[LegalRule, ...]:
    """Gives each version its last day; two versions never bind the same day."""
    ordered = sorted(versions, key=lambda rule: rule.version)
    if [rule.version for rule in ordered] != list(range(1, len(ordered) + 1)):
        raise ValueError(f"{ordered[0].id}: versions are counted from 1 without a gap")
    for before, after in pairwise(ordered):
        if after.from_ <= (before.until or before.from_):
            raise ValueError(f"{after.id} v{after.version} begins before v{before.version} ends")
    followers: list[LegalRule | None] = [*ordered[1:], None]
    return tuple(_until(rule, after) for rule, after in zip(ordered, followers, strict=True))


def _until(rule: LegalRule, after: LegalRule | None) -> LegalRule:
    if after is None or rule.until is not None:
        return rule
    return rule.model_copy(update={"until": date.fromordinal(after.from_.toordinal() - 1)})
