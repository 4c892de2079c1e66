"""Acts for tests of the engine: complete ones for every declared workflow, and graphs of acts drawn at random."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from hypothesis import strategies as st

from node.core.workflow.case import Case
from node.core.workflow.facts import ActFact, Person, city_of
from node.core.workflow.model import START, Act, Carries, Kind, Need, Workflow

PLATFORM = "京东"
MAKER = Person("张三", "湘A01", "zhang")
APPROVER = Person("李四", "湘A02", "li")
DAY = date(2026, 5, 6)
LATE = date(2031, 5, 6)


def complete(
    workflow: Workflow, act: Act, record_id: str, case: str, follows: Sequence[str], on: date = DAY
) -> ActFact:
    """An act that carries all that its declaration asks for, by the first party that may act."""
    party = workflow.party[act.by[0]]
    return ActFact(
        id=record_id,
        case=case,
        act=act.name,
        follows=tuple(follows),
        city=city_of(record_id),
        on=on,
        platform=PLATFORM if party.kind is Kind.PLATFORM else "",
        maker=MAKER,
        approver=APPROVER if act.binds else None,
        officers=(MAKER, APPROVER),
        documents={need.name: "7f" * 32 for need in act.needs if need.carries is Carries.DOCUMENT},
        fields=_bindings(workflow) | {name: value for need in act.needs for name, value in _field(need)},
    )


def _bindings(workflow: Workflow) -> dict[str, str]:
    values = {Kind.CITY: "hefei", Kind.PLATFORM: PLATFORM, Kind.MEMBER: ""}
    return {party.bound_by: values[party.kind] for party in workflow.parties if party.bound_by and not party.by_record}


def _field(need: Need) -> list[tuple[str, str]]:
    if need.carries is Carries.CITY:
        return [(need.name, "hefei")]
    if need.carries is not Carries.FIELD:
        return []
    fixed = {"listing": "hefei-1", "to_city": "hefei", "home_city": "hefei", "designated_city": "hefei"}
    fixed |= {"until": "2029-05-06", "ends_on": "2026-06-06", "review_on": "2026-06-06", "platform_city": "hefei"}
    fixed |= {"platform.name": PLATFORM, "target.platform.name": PLATFORM, "kind": "case"}
    name = need.name.split("|")[0]
    return [(name, fixed.get(name, need.choices[0].code if need.choices else "甲"))]


def actor(workflow: Workflow, act: Act) -> str:
    """City in whose log an act of the tests stands: hefei is every party but the city of the case."""
    party = workflow.party[act.by[0]]
    place = workflow.party[party.at] if party.at else party
    return "hefei" if place.kind is Kind.CITY and place.bound_by else "changsha"


@st.composite
def graphs(draw: st.DrawFn, workflow: Workflow, size: int = 14) -> list[ActFact]:
    """Acts of one case, in an order in which each follows earlier ones; allowed, refused and concurrent ones mixed."""
    opener = next(act for act in workflow.acts if START in act.sources)
    case = "changsha-0"
    facts = [complete(workflow, opener, case, case, ())]
    for index in range(1, draw(st.integers(2, size))):
        seen = draw(st.lists(st.sampled_from(facts[-3:]), min_size=1, max_size=2, unique_by=lambda fact: fact.id))
        act = draw(st.sampled_from(_allowed(workflow, case, facts, seen) or workflow.acts))
        record_id = f"{actor(workflow, act)}-{index}"
        fact = complete(workflow, act, record_id, case, [each.id for each in seen], draw(st.sampled_from((DAY, LATE))))
        if draw(st.integers(0, 19)) == 0:
            fact = replace(fact, approver=None, fields={})
        facts.append(fact)
    return facts


@st.composite
def two_logs(draw: st.DrawFn, workflow: Workflow, size: int = 24) -> list[ActFact]:
    """Acts of two cities, each of which learns late of what the other did."""
    opener = next(act for act in workflow.acts if act.opens and not act.internal)
    case = "changsha-0"
    facts = [complete(workflow, opener, case, case, ())]
    logs = {city: [case] for city in ("changsha", "hefei")}
    for index in range(1, draw(st.integers(2, size))):
        city, other = draw(st.sampled_from((("changsha", "hefei"), ("hefei", "changsha"))))
        known = logs[other][: max(1, len(logs[other]) - draw(st.integers(0, 4)))]
        follows = list(dict.fromkeys((logs[city][-1], known[-1])))
        seen = [fact for fact in facts if fact.id in follows]
        acts = [act for act in _allowed(workflow, case, facts, seen) if actor(workflow, act) == city]
        act = draw(st.sampled_from(acts or [act for act in workflow.acts if not act.internal and not act.opens]))
        fact = complete(workflow, act, f"{city}-{index}", case, follows, draw(st.sampled_from((DAY, LATE))))
        facts.append(fact)
        logs[city].append(fact.id)
    return facts


def _allowed(workflow: Workflow, case: str, facts: list[ActFact], seen: list[ActFact]) -> list[Act]:
    """Acts that the state allows where `seen` and all they follow are known."""
    known = {each.id for each in seen}
    for fact in reversed(facts):
        if fact.id in known:
            known.update(fact.follows)
    return Case(workflow, case, [fact for fact in facts if fact.id in known]).open_acts()
