"""The rules an act may break: what it carries, who made it, and whether the case is where it takes it to be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType

from node.core.law.calendar import add_months
from node.core.law.laws import Citation, Label, accord
from node.core.workflow.facts import ActFact, city_of
from node.core.workflow.model import START, Act, Between, Carries, Kind, Need, NotBefore, Only, Party, Role, Workflow
from node.errors import Reason

_FIELD = "field:"


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that an act breaks. `rule` is `<workflow>.<act>.<demand>`, stable and fit for a program."""

    rule: str
    reason: Reason
    law: Citation
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a case stands: its state, who its parties are, what its acts left to remember."""

    state: str
    parties: Mapping[str, str]
    kept: Mapping[str, str]


NOWHERE = Situation(START, MappingProxyType({}), MappingProxyType({}))


def unknown_act(workflow: Workflow, name: str) -> Broken:
    """What an act that nobody may do breaks: a prohibition by name, or the list of acts itself."""
    if (forbidden := workflow.forbids.get(name)) is not None:
        rule = f"{workflow.name}.{name}.forbidden"
        return Broken(rule, Reason.ACT_NOT_ALLOWED, forbidden.law, forbidden.why.zh, forbidden.why.en)
    zh, en = f"{workflow.label.zh}没有这一环节", f"{workflow.label.en} has no such act"
    return Broken(f"{workflow.name}.acts", Reason.ACT_NOT_ALLOWED, accord(), zh, en)


def broken_by_content(workflow: Workflow, act: Act, fact: ActFact) -> list[Broken]:
    """Rules that the act breaks by itself, wherever the case stands."""
    unmet = (*_content(act, fact), *_days(workflow, act, fact))
    return [replace(broken, rule=f"{workflow.name}.{act.name}.{broken.rule}") for broken in unmet]


def broken_by_situation(workflow: Workflow, act: Act, fact: ActFact, situation: Situation) -> list[Broken]:
    """Rules that the act breaks where the case stands."""
    unmet = (
        *_party(workflow, act, fact, situation),
        *_state(workflow, act, situation),
        *broken_by_guards(act, fact.on, situation),
    )
    return [replace(broken, rule=f"{workflow.name}.{act.name}.{broken.rule}") for broken in unmet]


def broken_by_role(workflow: Workflow, act: Act, fact: ActFact, role: Role | None) -> list[Broken]:
    """The rule that an officer of the wrong role breaks, or a platform that makes what the software alone makes.

    It is known to the actor's own node only.
    """
    is_right = not (fact.platform and act.is_automatic) if role is None else role in act.roles
    if is_right:
        return []
    roles = ", ".join(act.roles)
    zh, en = f"“{act.label.zh}”由 {roles} 办理", f"'{act.label.en}' is for {roles}"
    return [Broken(f"{workflow.name}.{act.name}.role", Reason.WRONG_ACTOR, act.law, zh, en)]


def wrong_state(workflow: Workflow, act: Act, situation: Situation) -> Broken:
    """The rule that an act breaks which the state does not allow."""
    here = workflow.state[situation.state].label if situation.state else Label("尚未开始", "not opened")
    zh, en = f"“{here.zh}”状态下不得“{act.label.zh}”", f"'{act.label.en}' is not allowed in state '{here.en}'"
    return Broken(f"{workflow.name}.{act.name}.state", Reason.ACT_NOT_ALLOWED, act.law, zh, en)


def outdated(workflow: Workflow, act: Act) -> Broken:
    """The rule that an act breaks which does not follow the latest acts of the case."""
    zh, en = "须承接本案全部最新环节", "has to follow the latest acts of the case"
    return Broken(f"{workflow.name}.{act.name}.follows", Reason.ACT_OUTDATED, accord(), zh, en)


def apply(workflow: Workflow, act: Act, fact: ActFact, situation: Situation) -> Situation:
    """The situation after an act in force."""
    state = situation.state if act.target is None else act.target
    parties, kept = situation.parties, situation.kept
    if act.opens or _stands_alone(act, situation):
        parties = _bound(workflow, fact)
    if act.assigns:
        parties = {**parties, **{party: _named(source, fact, parties) for party, source in act.assigns.items()}}
    if act.keeps or act.stamps:
        kept = {**kept, **dict(_kept(act, fact))}
    return Situation(state, parties, kept)


def is_party(party: Party, fact: ActFact, parties: Mapping[str, str]) -> bool:
    """Whether the actor of `fact` is this party to the case."""
    if party.kind is Kind.PLATFORM:
        return fact.platform == parties.get(party.name) != "" and fact.city == parties.get(party.at)
    return not fact.platform and (party.kind is Kind.MEMBER or fact.city == parties.get(party.name))


def _bound(workflow: Workflow, fact: ActFact) -> Mapping[str, str]:
    origin = city_of(fact.case) or fact.city
    return {party.name: _binding(party, fact, origin) for party in workflow.parties}


def _binding(party: Party, fact: ActFact, origin: str) -> str:
    if not party.bound_by:
        return origin
    value = fact.fields.get(party.bound_by, "")
    return city_of(value) if party.by_record else value


def _named(source: str, fact: ActFact, parties: Mapping[str, str]) -> str:
    if source.startswith(_FIELD):
        return fact.fields.get(source.removeprefix(_FIELD), "")
    return parties.get(source, "")


def _kept(act: Act, fact: ActFact) -> Iterator[tuple[str, str]]:
    yield from ((name, value) for name in act.keeps if (value := _first_of(name, fact)))
    if act.stamps:
        yield act.stamps, fact.on.isoformat()


def _content(act: Act, fact: ActFact) -> Iterator[Broken]:
    yield from _opening(act, fact)
    if fact.maker is None and not fact.platform and Role.NODE not in act.roles:
        yield Broken("maker", Reason.ACT_INCOMPLETE, act.law, "须有具名经办人", "a named officer has to make it")
    if act.binds and (fact.maker is None or fact.approver is None or fact.maker.is_same_as(fact.approver)):
        zh, en = "经办人与审批人须为两人", "maker and approver have to be two persons"
        yield Broken("four_eyes", Reason.FOUR_EYES, act.law, zh, en)
    for need in act.needs:
        yield from _missing(need, fact)


def _days(workflow: Workflow, act: Act, fact: ActFact) -> Iterator[Broken]:
    """What a later act waits for is a day: else it would wait for ever."""
    for name in act.keeps:
        if name in workflow.days and (value := _first_of(name, fact)) and not _is_day(value):
            law = next((need.law for need in act.needs if need.name == name), act.law)
            yield Broken(name, Reason.ACT_INCOMPLETE, law, f"不是日期：{name}", f"{name} is no day YYYY-MM-DD")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _opening(act: Act, fact: ActFact) -> Iterator[Broken]:
    if act.opens and not _is_at_home(act, fact):
        zh, en = "案件只能由立案城市自己的记录开启", "a case is opened by its own city, by the record that names it"
        yield Broken("opening", Reason.ACT_NOT_ALLOWED, act.law, zh, en)


def _is_at_home(act: Act, fact: ActFact) -> bool:
    return fact.city == city_of(fact.case) if act.discloses else fact.case == fact.id


def _missing(need: Need, fact: ActFact) -> Iterator[Broken]:
    label = _failure(need, fact)
    if label is not None:
        yield Broken(need.name, Reason.ACT_INCOMPLETE, need.law, label.zh, label.en)


def _failure(need: Need, fact: ActFact) -> Label | None:
    missing = Label(f"缺少：{need.label.zh}", f"lacks {need.label.en}")
    if need.carries is Carries.TWO_OFFICERS:
        return None if len({officer.certificate for officer in fact.officers if officer.certificate}) >= 2 else missing
    if need.carries is Carries.DOCUMENT:
        return None if fact.documents.get(need.name) else missing
    value = _first_of(need.name, fact)
    if not value:
        return missing
    if need.choices and not set(value.split(",")) <= {choice.code for choice in need.choices}:
        return Label(f"{need.label.zh}不在法定情形之内", f"{need.label.en} is none of those the law gives")
    return None


def _first_of(names: str, fact: ActFact) -> str:
    """The value of the first field that is there, of `a|b`."""
    return next((fact.fields[name] for name in names.split("|") if fact.fields.get(name, "").strip()), "")


def _party(workflow: Workflow, act: Act, fact: ActFact, situation: Situation) -> Iterator[Broken]:
    parties = _bound(workflow, fact) if act.opens or _stands_alone(act, situation) else situation.parties
    if not any(is_party(workflow.party[name], fact, parties) for name in act.by):
        labels = [workflow.party[name].label for name in act.by]
        zh = f"“{act.label.zh}”由{'、'.join(label.zh for label in labels)}办理"
        en = f"'{act.label.en}' is for the {' or the '.join(label.en for label in labels)}"
        yield Broken("party", Reason.WRONG_ACTOR, act.law, zh, en)
    for need in act.needs:
        if need.carries is Carries.CITY and fact.fields.get(need.name, "") not in situation.parties.values():
            zh, en = f"{need.label.zh}须为本案一方", f"{need.label.en} has to be a party to the case"
            yield Broken(need.name, Reason.ACT_NOT_ALLOWED, need.law, zh, en)


def _stands_alone(act: Act, situation: Situation) -> bool:
    """What it retracted is gone: for who never saw it, and for who had to destroy it."""
    return act.retracts and situation.state == START


def _state(workflow: Workflow, act: Act, situation: Situation) -> Iterator[Broken]:
    # The first act that others see stands without what came before: they cannot know it.
    if situation.state in act.sources or (act.discloses and situation.state == START) or _stands_alone(act, situation):
        return
    yield replace(wrong_state(workflow, act, situation), rule="state")


def broken_by_guards(act: Act, on: date, situation: Situation) -> Iterator[Broken]:
    """The guards that do not let the act be made on this day: it is for other cases, or its day has not come."""
    for guard in act.guards:
        if isinstance(guard, (Only, Between)):
            if not guard.holds(situation.kept, situation.parties):
                yield Broken(guard.field, Reason.ACT_NOT_ALLOWED, guard.law, guard.label.zh, guard.label.en)
        elif not _is_due(guard, on, situation.kept.get(guard.field, "")):
            yield Broken(guard.field, Reason.ACT_TOO_EARLY, guard.law, guard.label.zh, guard.label.en)


def _is_due(guard: NotBefore, on: date, kept: str) -> bool:
    try:
        return on >= add_months(date.fromisoformat(kept), 12 * guard.years) + timedelta(days=guard.days)
    except (ValueError, OverflowError):
        return False
