"""What a city's own node holds its acts to: the day they state, and limits that are extended in time."""

import pytest

from node.core.workflow.declared import WORKFLOWS
from node.errors import NodeError, Reason
from node.stubs.standard.v1 import complaint_pb2, referral_pb2
from node.usecases.casework.propose import ActRefusedError, Submission
from tests.kit.casework.casework_city import (
    LI,
    TWO,
    ZHANG,
    CaseworkCity,
    act,
    at,
    broken_in,
    documents,
    drafted_referral,
    referring,
    send,
    shown,
    with_act,
)
from tests.kit.samples.standards import alert, complaint


def test_an_act_that_records_a_fact_states_its_day_and_the_clock_runs_from_it(
    desks: tuple[CaseworkCity, CaseworkCity],
) -> None:
    changsha, _ = desks
    case = changsha.act("complaint", "", with_act(complaint(), "register", date="2026-04-30")).case
    told = shown(changsha, case)
    assert told.acts[0].on == "2026-04-30"
    assert [each.started for each in told.clocks] == ["2026-04-30"]


@pytest.mark.parametrize(
    ("name", "day", "reason"),
    [
        ("register", "2026-05-07", Reason.ACT_TOO_EARLY),
        ("open_settlement", "2027-01-01", Reason.ACT_TOO_EARLY),
    ],
)
def test_no_act_is_dated_in_the_future(
    desks: tuple[CaseworkCity, CaseworkCity], name: str, day: str, reason: Reason
) -> None:
    with pytest.raises(ActRefusedError) as caught:
        desks[0].act("complaint", "", with_act(complaint(), name, date=day))
    assert broken_in(caught) == {(f"complaint.{name}.date", reason)}


def test_a_fact_is_not_dated_after_today(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, _ = desks
    body = drafted_referral()
    body.discovered_on = "2026-05-07"
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("referral", "", body)
    assert broken_in(caught) == {("referral.draft.discovered_on", Reason.INVALID_FIELD)}
    assert "发现日期不得晚于今日" in caught.value.broken[0].zh
    body.discovered_on, body.limitation_on = "2026-05-06", "2028-05-07"
    assert changsha.act("referral", "", body).state == "drafted"


def test_a_letters_number_stands_in_one_case_of_a_city(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, hefei = desks
    first, second = drafted_referral(), drafted_referral()
    case = changsha.act("referral", "", first).case
    second.number = first.number
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("referral", "", second)
    assert broken_in(caught) == {("referral.draft.number", Reason.ACT_NOT_ALLOWED)}
    assert case in caught.value.broken[0].zh
    # What was said of the same case before is free again, and another city has numbers of its own.
    changsha.act("referral", case, referral_pb2.Referral(act=act("revise"), number="长市监案移〔2026〕999号"))
    assert changsha.act("referral", "", second).state == "drafted"
    second.number, second.to_city = "长市监案移〔2026〕999号", "changsha"
    assert hefei.act("referral", "", second).state == "drafted"


def test_two_drafts_of_one_number_do_not_both_go_out(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, _ = desks
    warnings = [with_act(alert(), "issue") for _ in range(2)]
    for each in warnings:
        each.number = "长市监警〔2026〕1号"  # type: ignore[attr-defined]
    drafts = [
        changsha.casework.prepare(ZHANG, Submission("alert", "", each.SerializeToString())).number for each in warnings
    ]
    changsha.casework.approve(LI, drafts[0])
    with pytest.raises(ActRefusedError) as caught:
        changsha.casework.approve(LI, drafts[1])
    assert broken_in(caught) == {("alert.issue.number", Reason.ACT_NOT_ALLOWED)}


def test_what_is_done_now_is_not_dated_back(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    """Else a limit could be kept by writing another day."""
    changsha, hefei = desks
    case = send(changsha)
    hefei.see(changsha)
    hefei.clock.at_ms = at("2026-05-20")
    with pytest.raises(ActRefusedError) as caught:
        hefei.act("referral", case, referring("receive", date="2026-05-06"))
    assert broken_in(caught) == {("referral.receive.date", Reason.ACT_NOT_ALLOWED)}


def test_an_act_is_not_dated_before_those_it_follows(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, _ = desks
    case = changsha.act("complaint", "", with_act(complaint(), "register")).case
    early = complaint_pb2.Complaint(act=act("withdraw", date="2026-05-05"))
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("complaint", case, early)
    assert broken_in(caught) == {("complaint.withdraw.date", Reason.ACT_NOT_ALLOWED)}


def test_a_day_that_is_none_is_refused(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    with pytest.raises(NodeError) as caught:
        desks[0].act("complaint", "", with_act(complaint(), "register", date="2026-02-30"))
    assert caught.value.reason is Reason.INVALID_FIELD


def test_a_decision_is_dated_the_day_it_is_approved(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, _ = desks
    case = changsha.act("complaint", "", with_act(complaint(), "register")).case
    body = complaint_pb2.Complaint(act=act("accept"))
    draft = changsha.casework.prepare(ZHANG, Submission("complaint", case, body.SerializeToString()))
    changsha.clock.at_ms = at("2026-05-08")
    changsha.casework.approve(LI, draft.number)
    assert shown(changsha, case).acts[-1].on == "2026-05-08"


def test_only_what_records_a_fact_or_anothers_decision_may_be_dated() -> None:
    dated = {(each.name, act.name) for each in WORKFLOWS.values() for act in each.acts if act.may_be_dated}
    assert ("referral", "designate") in dated
    assert not {act for _, act in dated} & {"accept", "reject", "file", "decide", "penalise", "receive", "answer"}


def assisting(desks: tuple[CaseworkCity, CaseworkCity]) -> str:
    """A request for assistance that Hefei has received."""
    changsha, hefei = desks
    body = drafted_referral()
    assert isinstance(body, referral_pb2.Referral)
    body.kind, body.questions = referral_pb2.REFERRAL_KIND_ASSISTANCE, "请协助核查经营地址"
    case = changsha.act("referral", "", body).case
    changsha.decide("referral", case, referring("approve"))
    changsha.decide("referral", case, referring("send", officers=TWO, article="第45条"))
    hefei.see(changsha)
    hefei.act("referral", case, referring("receive"))
    return case


def due(desk: CaseworkCity, case: str) -> str:
    return next(each.due for each in shown(desk, case).clocks if each.rule == "assistance.answer")


def test_a_limit_is_extended_before_it_runs_out_and_not_after(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    _, hefei = desks
    case = assisting(desks)
    before = due(hefei, case)
    hefei.act("referral", case, referring("extend_answer", reasons="需外地核查", extends_by=10))
    assert due(hefei, case) > before
    with pytest.raises(ActRefusedError) as caught:  # the law gives it once
        hefei.act("referral", case, referring("extend_answer", reasons="x", extends_by=10))
    assert broken_in(caught) == {("referral.extend_answer.assistance.answer", Reason.ACT_NOT_ALLOWED)}


def test_a_limit_that_ran_out_is_extended_no_more(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    _, hefei = desks
    case = assisting(desks)
    hefei.clock.at_ms = at("2026-07-06")
    with pytest.raises(ActRefusedError) as caught:
        hefei.act("referral", case, referring("extend_answer", reasons="x", extends_by=10))
    assert broken_in(caught) == {("referral.extend_answer.assistance.answer", Reason.ACT_NOT_ALLOWED)}
    assert "ran out" in caught.value.message
    assert [broken.zh for broken in caught.value.broken] == ["期限 assistance.answer：已于 2026-05-26 届满，不能再延长"]


def test_an_extension_that_takes_an_approver_is_drafted_without_one(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, hefei = desks
    case = send(changsha)
    hefei.see(changsha)
    hefei.act("referral", case, referring("receive"))
    hefei.decide("referral", case, referring("accept"))
    hefei.decide("referral", case, referring("extend_filing", reasons="案情复杂"))
    with pytest.raises(ActRefusedError):
        hefei.decide("referral", case, referring("extend_filing", reasons="x"))


def test_only_what_runs_is_suspended(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, hefei = desks
    case = send(changsha)
    hefei.see(changsha)
    hefei.act("referral", case, referring("receive"))
    hefei.decide("referral", case, referring("accept"))
    hefei.act("referral", case, referring("verify"))
    testing = referring("begin_testing", documents=documents("检测委托书"))
    hefei.act("referral", case, testing)
    with pytest.raises(ActRefusedError) as caught:
        hefei.act("referral", case, testing)
    assert broken_in(caught) == {("referral.begin_testing.clue.filing_decision", Reason.ACT_NOT_ALLOWED)}


def test_a_limit_that_the_case_does_not_have_is_not_extended(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    """A request for assistance has no limit to file a case."""
    _, hefei = desks
    case = assisting(desks)
    hefei.decide("referral", case, referring("accept"))
    with pytest.raises(ActRefusedError) as caught:
        hefei.decide("referral", case, referring("extend_filing", reasons="案情复杂"))
    assert broken_in(caught) == {("referral.extend_filing.clue.filing_decision", Reason.ACT_NOT_ALLOWED)}
    assert "does not run" in caught.value.message
