"""The declarations hold together, name rules and fields that exist, and docs/workflows.md is made from them."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from google.protobuf.message import Message

from node.cli.main import gongzhi
from node.core.law import limitation, penalty_repair, penalty_term
from node.core.law.laws import laws
from node.core.law.legal_rules import Kind as LimitKind
from node.core.law.legal_rules import vendored_rules
from node.core.law.retention import RETENTION
from node.core.standards.standard import get
from node.core.workflow.case import Case, check
from node.core.workflow.declared import WORKFLOWS, workflow
from node.core.workflow.facts import ActFact, city_of
from node.core.workflow.from_record import act_fact
from node.core.workflow.model import START, Act, Carries, Choice, Effect, Kind, NotBefore, Role, Workflow
from node.core.workflow.timing import OWED_BY
from node.errors import NodeError, Reason
from node.stubs.standard.v1 import act_pb2, complaint_pb2, referral_pb2
from tests.kit.commands import invoke
from tests.kit.workflow.acts import DAY, actor, complete

DOCS = Path(__file__).parents[2] / "docs" / "workflows.md"
CASE = "changsha-0"

_each_workflow = pytest.mark.parametrize("each", WORKFLOWS.values(), ids=lambda each: each.name)


@_each_workflow
def test_names_are_declared(each: Workflow) -> None:
    states = {START, *each.state}
    assert len(each.act) == len(each.acts)
    assert len(each.state) == len(each.states)
    for act in each.acts:
        assert {*act.sources, *([act.target] if act.target is not None else [])} <= states
        assert {*act.by, *act.assigns} <= set(each.party)
        assert not (act.internal and act.discloses)
    for party in each.parties:
        assert (party.at in each.party) == (party.kind is Kind.PLATFORM)
    assert set(each.first) <= set(each.act)
    assert not set(each.forbids) & set(each.act)


@_each_workflow
def test_a_state_is_final_exactly_where_nothing_leads_out(each: Workflow) -> None:
    leaves = {source for act in each.acts if act.target is not None for source in act.sources if source != act.target}
    assert {state.name for state in each.states if state.final} == set(each.state) - leaves


@_each_workflow
def test_internal_acts_end_where_others_begin_to_see(each: Workflow) -> None:
    inside = {act.target for act in each.acts if act.internal}
    for act in each.acts:
        if not act.internal and not act.discloses:
            assert not inside & set(act.sources)


@_each_workflow
def test_what_the_software_does_by_itself_binds_nobody(each: Workflow) -> None:
    assert not [act.name for act in each.acts if act.binds and Role.NODE in act.roles]


@_each_workflow
def test_clocks_are_legal_rules_and_waits_agree_with_them(each: Workflow) -> None:
    book = vendored_rules()
    for act in each.acts:
        for clock in act.deadlines:
            versions = book.all_versions(clock.rule)
            assert not clock.cause or any(clock.cause in rule.excluded for rule in versions)
            assert clock.effect is not Effect.EXTEND or any(rule.extensions for rule in versions)
        for guard in act.guards:
            if isinstance(guard, NotBefore) and guard.rule:
                assert {rule.limit for rule in book.all_versions(guard.rule)} == {guard.years}


def test_every_legal_rule_is_started_by_something() -> None:
    """By an act, a wait for one, the end of a record that is kept, or a penalty's day: no other rule is in the list."""
    acts = [act for each in WORKFLOWS.values() for act in each.acts]
    started = {clock.rule for act in acts for clock in act.deadlines if clock.effect is Effect.START}
    waited_for = {guard.rule for act in acts for guard in act.guards if isinstance(guard, NotBefore) and guard.rule}
    of_penalties = {penalty_repair.WAIT, penalty_repair.GRAVE_WAIT, *penalty_term.RULES.values()}
    nothing = set(vendored_rules().versions) - started - waited_for - set(RETENTION.values()) - of_penalties
    assert nothing == {limitation.LIMITATION, limitation.LIMITATION_SAFETY}  # counted by a rule of the acts


def test_somebody_owes_every_limit_that_an_act_starts() -> None:
    started = {clock.rule for each in WORKFLOWS.values() for act in each.acts for clock in act.deadlines}
    assert started == set(OWED_BY)


@_each_workflow
def test_every_limit_that_starts_can_be_met(each: Workflow) -> None:
    """Or it would be overdue for ever. A term only elapses."""
    book = vendored_rules()
    effects = [(clock.effect, clock.rule) for act in each.acts for clock in act.deadlines]
    started = {rule for effect, rule in effects if effect is Effect.START}
    limits = {rule for rule in started if any(one.kind is LimitKind.LIMIT for one in book.all_versions(rule))}
    assert limits - {rule for effect, rule in effects if effect is Effect.STOP} == set()


@_each_workflow
def test_every_demand_cites_a_law_of_the_table_and_an_article_or_says_that_none_was_read(each: Workflow) -> None:
    citations = [cited for act in each.acts for cited in (act.law, *(need.law for need in act.needs))]
    assert {cited.law for cited in citations} <= laws().keys()
    assert all(cited.article or cited.law == "accord" or not cited.sure for cited in citations)


@_each_workflow
def test_fields_are_those_of_the_standard(each: Workflow) -> None:
    body = get(each.name).message_type()
    fields = [need.name for act in each.acts for need in act.needs if need.carries in {Carries.FIELD, Carries.CITY}]
    names = {name for field in fields for name in field.split("|")}
    names |= {party.bound_by for party in each.parties if party.bound_by}
    names |= {name for act in each.acts for kept in act.keeps for name in kept.split("|")}
    assert {name for name in names if not _has(body, name) and not _has(act_pb2.Act(), name)} == set()


def _has(message: Message, path: str) -> bool:
    name, _, rest = path.partition(".")
    return name in message.DESCRIPTOR.fields_by_name and (not rest or _has(getattr(message, name), rest))


@_each_workflow
def test_every_state_is_reached_by_acts_that_break_no_rule(each: Workflow) -> None:
    reached: set[str] = set()
    paths: deque[tuple[ActFact, ...]] = deque([()])
    while paths:
        path = paths.popleft()
        case = Case(each, CASE if path else "", path)
        if case.state not in reached:
            reached.add(case.state)
            paths.extend((*path, fact) for fact in _next(each, case, path))
    assert reached == {START, *each.state}


def _next(each: Workflow, case: Case, path: tuple[ActFact, ...]) -> Iterator[ActFact]:
    for act in case.open_acts():
        city = case.parties.get(act.by[0], "") if act.by[0] == "handler" else ""
        record_id = f"{city or actor(each, act)}-{len(path)}"
        # A year later every time, so that every wait is over.
        day = DAY.replace(year=DAY.year + 4 * len(path))
        fact = complete(each, act, record_id, CASE, case.heads(act) if path else (), day)
        proposed = fact if path else replace(fact, id="", case="", city=city_of(CASE))
        if not [broken for broken in check(case, proposed) if not broken.rule.endswith(".kind")]:
            yield fact


def test_nothing_leads_a_referral_to_a_third_city() -> None:
    referral = workflow("referral")
    assert not [act for act in referral.acts if "addressee" in act.assigns]
    assert "retransfer" in referral.forbids


@pytest.mark.parametrize(
    ("name", "act", "fields"),
    [
        ("measure.request", "issue", {"legal_basis", "ends_on|review_on", "appeal_route", "facts", "proportionality"}),
        ("complaint", "reject", {"rejection_grounds", "rejection_redirect"}),
        ("listing.platform", "list", {"facts", "reasons", "basis", "until", "appeal_route"}),
    ],
)
def test_what_an_act_binds_with_is_demanded_one_by_one(name: str, act: str, fields: set[str]) -> None:
    declared = workflow(name)
    case = Case(declared, CASE)
    if not declared.act[act].opens:
        case.add(complete(declared, declared.act["register"], CASE, CASE, ()))
    record_id, follows = (CASE, ()) if declared.act[act].opens else ("changsha-1", (CASE,))
    fact = complete(declared, declared.act[act], record_id, CASE, follows)
    assert check(case, fact) == []
    for field in fields:
        less = {key: value for key, value in fact.fields.items() if key not in field.split("|")}
        found = check(case, replace(fact, fields=less))
        assert [(each.rule, each.reason) for each in found] == [(f"{name}.{act}.{field}", Reason.ACT_INCOMPLETE)]


def test_grounds_say_where_to_go_and_are_as_many_as_the_order_has() -> None:
    complaint = workflow("complaint")
    rejection, termination = (_choices(complaint.act[name]) for name in ("reject", "terminate"))
    assert (len(rejection), len(termination)) == (7, 8)
    assert all(choice.instead for choice in rejection)


def _choices(act: Act) -> tuple[Choice, ...]:
    return next(need.choices for need in act.needs if need.choices)


def test_a_ground_that_the_law_does_not_give_is_refused() -> None:
    complaint = workflow("complaint")
    case = Case(complaint, CASE, [complete(complaint, complaint.act["register"], CASE, CASE, ())])
    fact = complete(complaint, complaint.act["reject"], "changsha-1", CASE, (CASE,))
    wrong = replace(fact, fields={**fact.fields, "rejection_grounds": "professional_claimant"})
    assert [broken.rule for broken in check(case, wrong)] == ["complaint.reject.rejection_grounds"]


def test_a_record_becomes_a_fact() -> None:
    officer = act_pb2.Officer(name="张三", certificate_number="湘A01", account="zhang")
    body = referral_pb2.Referral(
        act=act_pb2.Act(
            case="changsha-1",
            act="send",
            follows=["changsha-2"],
            city="changsha",
            date="2026-05-06",
            maker=officer,
            article="第14条",
            documents=[act_pb2.Document(title="案件移送函", number="1号")],
        ),
        kind=referral_pb2.REFERRAL_KIND_SUSPECTED_CRIME,
        to_city="hefei",
    )
    body.place.region6 = "340100"
    fact = act_fact("changsha-3", body)
    assert (fact.case, fact.follows, fact.on, fact.approver) == ("changsha-1", ("changsha-2",), date(2026, 5, 6), None)
    assert fact.documents == {"案件移送函": "1号"}
    expected = {"kind": "suspected_crime", "to_city": "hefei", "article": "第14条", "place.region6": "340100"}
    assert expected.items() <= fact.fields.items()


def test_several_codes_are_all_of_them_checked() -> None:
    body = complaint_pb2.Complaint(
        act=act_pb2.Act(act="reject", city="changsha", date="2026-05-06"),
        rejection_grounds=[
            complaint_pb2.REJECTION_GROUND_NOT_CONSUMER,
            complaint_pb2.REJECTION_GROUND_OTHER_BY_LAW,
        ],
    )
    fact = act_fact("changsha-3", body)
    assert (fact.case, fact.fields["rejection_grounds"]) == ("changsha-3", "not_consumer,other_by_law")


def test_a_record_without_an_act_is_no_fact() -> None:
    with pytest.raises(NodeError) as refused:
        act_fact("changsha-3", referral_pb2.Referral())
    assert refused.value.reason is Reason.INVALID_FIELD


def test_the_documentation_is_made_from_the_declarations() -> None:
    made = invoke(gongzhi, "workflow", "docs")
    assert made.output == DOCS.read_text(encoding="utf-8"), "run: gongzhi workflow docs > docs/workflows.md"


@_each_workflow
@pytest.mark.parametrize("options", [[], ["--lang", "zh"], ["--mermaid"], ["--dot"], ["--json"]])
def test_a_workflow_is_shown(each: Workflow, options: list[str]) -> None:
    shown = invoke(gongzhi, "workflow", "show", each.name, *options)
    assert shown.exit_code == 0
    assert all(act.name in shown.output or "--mermaid" in options or "--dot" in options for act in each.acts)
    assert all(state.name in shown.output for state in each.states)


def test_an_unknown_workflow_is_told() -> None:
    with pytest.raises(NodeError, match="no workflow"):
        workflow("forwarding")


def test_platforms_act_only_where_they_are_a_party() -> None:
    with_platform = {name for name, each in WORKFLOWS.items() if any(p.kind is Kind.PLATFORM for p in each.parties)}
    assert with_platform == {"measure.request", "listing.platform"}
