"""Complaints: where they belong, in words; handed over without who complained; abuse only advises."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.law.complaint_route import find_route
from node.core.standards.identifiers import uscc_check_character
from node.core.workflow.declared import workflow
from node.core.workflow.model import Role
from node.errors import NodeError, Reason
from node.stubs.standard.v1 import act_pb2, party_pb2
from node.stubs.standard.v1 import complaint_pb2 as pb
from node.usecases.casework.propose import ActRefusedError
from node.usecases.casework.rules.jurisdiction import basis_code
from tests.kit.casework.casework_city import (
    CLERK,
    LI,
    ZHANG,
    CaseworkCity,
    act,
    federation,
    files_with,
    shown,
    with_act,
)
from tests.kit.casework.complaints import against

CITIES = ("changsha", "hefei", "wuhan")
MEMBERS = {each.city: each.region6 for each in federation(*CITIES).members}


def routed(body: pb.Complaint, seat: str = "110115") -> tuple[str, str]:
    found = find_route(body, MEMBERS, seat, "changsha")
    return found.city, basis_code(found)


def test_the_address_the_platform_shows_goes_first_then_the_home_of_its_operator() -> None:
    assert routed(against("340104")) == ("hefei", "displayed_address")
    assert routed(against("430102")) == ("changsha", "displayed_address")
    assert routed(against("310115")) == ("", "displayed_address")
    assert routed(against(""), seat="420106") == ("wuhan", "platform_home")
    assert routed(against(""), seat="110115") == ("", "platform_home")
    assert routed(against(""), seat="") == ("", "")
    offline = against("")
    offline.ClearField("platform")
    offline.party.address.region6 = "340104"
    assert routed(offline) == ("hefei", "actual_place")


def test_the_words_say_where_by_what_and_what_to_do() -> None:
    def words(body: pb.Complaint) -> str:
        return find_route(body, MEMBERS, "", "changsha").words.zh

    assert words(against("430102")) == "按平台公示的地址，属湖南省芙蓉区 (430102)：由本机关办理。"
    assert "应移交hefei办理" in words(against("340104"))
    assert "no_competence" in words(against("310115"))
    assert "12315" in words(against("310115"))
    assert "补正" in words(against(""))


@given(st.sampled_from(["43", "42", "34", "11"]), st.text("0123456789", min_size=4, max_size=4))
def test_the_digits_of_a_code_route_nothing(province: str, rest: str) -> None:
    code = f"91{province}{rest}MA00TEXT0"
    for body in (against("340104"), against("")):
        body.party.CopyFrom(party_pb2.Party(name="甲"))
        without = routed(body)
        body.party.uscc = code + uscc_check_character(code)
        assert routed(body) == without


def handed_over(desks: tuple[CaseworkCity, CaseworkCity]) -> tuple[str, int]:
    """The case in Changsha, and the number of the draft that was prepared."""
    changsha, _ = desks
    case = changsha.act("complaint", "", against()).case
    recorded = changsha.decide("complaint", case, pb.Complaint(act=act("hand_over")))
    (product,) = recorded.makes
    return case, product.draft


def test_a_complaint_is_handed_over_to_where_it_belongs(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, hefei = desks
    case, draft = handed_over(desks)
    assert changsha.state(case) == "handed_over"
    said = shown(changsha, case).acts[-1]
    body = pb.Complaint.FromString(said.body)
    assert (body.to_city, body.routed_by) == ("hefei", pb.ROUTING_BASIS_DISPLAYED_ADDRESS)
    assert "应移交hefei办理" in body.act.reasons
    hefei.see(changsha)
    assert hefei.casework.cases(LI) == []  # nothing of it is seen before it is passed on

    passed = changsha.casework.take_up(ZHANG, draft, b"")
    assert passed.audience == ("changsha", "hefei")  # type: ignore[union-attr]
    other = passed.case
    hefei.see(changsha)
    (clock,) = [each for each in shown(hefei, other).clocks if each.rule == "complaint.acceptance"]
    assert list(clock.owed_by) == ["hefei"]
    hefei.act("complaint", other, pb.Complaint(act=act("take_in")), actor=CLERK)
    hefei.decide("complaint", other, pb.Complaint(act=act("accept")))
    changsha.see(hefei)
    assert (changsha.state(other), hefei.state(other)) == ("accepted", "accepted")
    # What was handed over is given back, never on.
    again = pb.Complaint(act=act("hand_over"), to_city="wuhan")
    with pytest.raises(ActRefusedError):
        hefei.decide("complaint", other, again)


def test_who_complained_stays_where_they_complained(desks: tuple[CaseworkCity, CaseworkCity], tmp_path: Path) -> None:
    changsha, hefei = desks
    _, draft = handed_over(desks)
    prepared = pb.Complaint.FromString(changsha.casework.draft(ZHANG, draft).body)
    assert not prepared.HasField("complainant")
    assert "" not in (prepared.facts, prepared.number_12315)
    named = pb.Complaint(complainant=party_pb2.Person(name="某甲"))
    with pytest.raises(ActRefusedError) as caught:
        changsha.casework.take_up(ZHANG, draft, named.SerializeToString())
    assert [each.rule for each in caught.value.broken] == ["complaint.pass_on.complainant"]
    changsha.casework.take_up(ZHANG, draft, b"")
    hefei.see(changsha)
    assert files_with(tmp_path, "hefei", "与直播宣传不符".encode())
    for secret in ("投诉人某甲某乙", "13900000000"):
        assert files_with(tmp_path, "changsha", secret.encode())
        assert not files_with(tmp_path, "hefei", secret.encode())


@pytest.mark.parametrize(("region6", "to_city"), [("340104", "wuhan"), ("430102", ""), ("310115", "hefei"), ("", "")])
def test_a_complaint_is_handed_over_nowhere_else(
    desks: tuple[CaseworkCity, CaseworkCity], region6: str, to_city: str
) -> None:
    """Another member, this city itself, a place outside the federation, and one that cannot be told."""
    changsha, _ = desks
    body = against(region6)
    body.ClearField("platform")
    body.party.ClearField("address")
    case = changsha.act("complaint", "", body).case
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide("complaint", case, pb.Complaint(act=act("hand_over", reasons="x"), to_city=to_city))
    assert "complaint.hand_over.to_city" in {each.rule for each in caught.value.broken}


def test_nobody_else_is_let_look_at_a_complaint(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    with pytest.raises(NodeError) as caught:
        desks[0].act("complaint", "", against(), also_to=("hefei",))
    assert caught.value.reason is Reason.INVALID_ARGUMENT


def test_nothing_is_passed_on_without_the_decision_of_two(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, _ = desks
    case = changsha.act("complaint", "", against()).case
    for origins in ([], [case], ["hefei-0"]):
        body = against(to_city="hefei")
        body.ClearField("complainant")
        body.origins[:] = origins
        with pytest.raises(ActRefusedError) as caught:
            changsha.act("complaint", "", with_act(body, "pass_on", reasons="x"))
        assert "complaint.pass_on.origins" in {each.rule for each in caught.value.broken}


def test_a_complaint_that_was_given_back_is_taken_back(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, hefei = desks
    case, draft = handed_over(desks)
    other = changsha.casework.take_up(ZHANG, draft, b"").case
    hefei.see(changsha)
    hefei.decide("complaint", other, pb.Complaint(act=act("give_back", reasons="公示地址已变更")))
    changsha.see(hefei)
    assert changsha.state(other) == "returned"
    taking = pb.Complaint(act=act("take_back", reasons="被退回"))
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("complaint", case, taking)
    assert {each.reason for each in caught.value.broken} == {Reason.FOUR_EYES}
    changsha.decide("complaint", case, taking)
    assert changsha.state(case) == "received"


def test_a_complaint_is_handled_in_one_city(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    """Nobody takes back, or hands over again, what the other city has and did not give back."""
    changsha, hefei = desks
    case, draft = handed_over(desks)
    prepared = changsha.casework.draft(ZHANG, draft).body
    other = changsha.casework.take_up(ZHANG, draft, b"").case
    taking = pb.Complaint(act=act("take_back", reasons="自行办理"))
    again = pb.Complaint.FromString(prepared)
    for _ in ("passed_on", "received"):
        with pytest.raises(ActRefusedError) as caught:
            changsha.decide("complaint", case, taking)
        assert {each.rule for each in caught.value.broken} == {"complaint.take_back.handed_over"}
        with pytest.raises(ActRefusedError) as caught:
            changsha.act("complaint", "", again)
        assert {each.rule for each in caught.value.broken} == {"complaint.pass_on.handed_over"}
        hefei.see(changsha)
        if hefei.state(other) == "passed_on":
            hefei.act("complaint", other, pb.Complaint(act=act("take_in")), actor=CLERK)
        changsha.see(hefei)
    assert changsha.state(other) == "received"


def test_what_was_given_back_may_be_handed_over_once_more(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, hefei = desks
    case, draft = handed_over(desks)
    prepared = changsha.casework.draft(ZHANG, draft).body
    other = changsha.casework.take_up(ZHANG, draft, b"").case
    hefei.see(changsha)
    hefei.decide("complaint", other, pb.Complaint(act=act("give_back", reasons="公示地址已变更")))
    changsha.see(hefei)
    assert changsha.act("complaint", "", pb.Complaint.FromString(prepared)).state == "passed_on"
    assert changsha.state(case) == "handed_over"


def test_a_rejection_names_one_of_seven_grounds_and_where_to_go(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, _ = desks
    case = changsha.act("complaint", "", against("310115")).case
    grounds = [value for name, value in pb.RejectionGround.items() if value]
    assert len(grounds) == 7
    silent = pb.Complaint(act=act("reject", reasons="x"), rejection_grounds=[pb.REJECTION_GROUND_NO_COMPETENCE])
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide("complaint", case, silent)
    assert "complaint.reject.rejection_redirect" in {each.rule for each in caught.value.broken}
    groundless = pb.Complaint(act=act("reject", reasons="x"), rejection_redirect="12315")
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide("complaint", case, groundless)
    assert "complaint.reject.rejection_grounds" in {each.rule for each in caught.value.broken}
    silent.rejection_redirect = "通过全国12315平台向浦东新区市场监管局提出"
    assert changsha.decide("complaint", case, silent).state == "rejected"


def test_settlement_first_then_mediation_each_with_its_clock(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, _ = desks

    def states() -> dict[str, str]:
        return {each.rule.removeprefix("complaint."): each.state for each in shown(changsha, case, day).clocks}

    def papers(title: str) -> list[act_pb2.Document]:
        return [act_pb2.Document(title=title, number="1号")]

    case, day = changsha.act("complaint", "", with_act(against(), "open_settlement")).case, "2026-05-06"
    assert states() == {"settlement": "running"}
    with pytest.raises(ActRefusedError):  # nobody accepts or mediates what the parties still settle
        changsha.decide("complaint", case, pb.Complaint(act=act("accept")))
    changsha.act("complaint", case, pb.Complaint(act=act("end_settlement")))
    assert states() == {"settlement": "met", "acceptance": "running"}
    changsha.decide("complaint", case, pb.Complaint(act=act("accept")))
    changsha.act("complaint", case, pb.Complaint(act=act("mediate")))
    changsha.act("complaint", case, pb.Complaint(act=act("begin_testing", documents=papers("检测鉴定委托书"))))
    assert states() == {"settlement": "met", "acceptance": "met", "mediation": "suspended"}
    changsha.act("complaint", case, pb.Complaint(act=act("end_testing", documents=papers("检测鉴定报告"))))
    groundless = pb.Complaint(act=act("terminate", reasons="未达成一致"))
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide("complaint", case, groundless)
    assert "complaint.terminate.termination_grounds" in {each.rule for each in caught.value.broken}
    groundless.termination_grounds[:] = [pb.TERMINATION_GROUND_NO_AGREEMENT]
    assert changsha.decide("complaint", case, groundless).state == "terminated"
    assert (states()["mediation"], states()["end_told"]) == ("met", "running")
    (clock,) = [each for each in shown(changsha, case, day).clocks if each.rule == "complaint.end_told"]
    assert (clock.due, list(clock.owed_by)) == ("2026-05-14", ["changsha"])  # Saturday the ninth is worked
    notice = pb.Complaint(act=act("notify", documents=papers("告知书")))
    assert changsha.act("complaint", case, notice).state == "notified"
    assert states()["end_told"] == "met"
    assert changsha.act("complaint", case, pb.Complaint(act=act("follow_up"))).state == "follow_up"


def test_signs_of_abuse_only_advise(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    """All of them together change no state, open no act, and reject nothing; nor may the software reject."""
    changsha, _ = desks
    plain, suspect = against(), against()
    suspect.abuse_factors[:] = [value for value in pb.AbuseFactor.values() if value]
    cases = [changsha.act("complaint", "", body).case for body in (plain, suspect)]
    told = [shown(changsha, case) for case in cases]
    assert told[0].state == told[1].state == "received"
    assert [each.act for each in told[0].next] == [each.act for each in told[1].next]
    assert changsha.casework.act_by_itself() == []
    assert Role.NODE not in workflow("complaint").act["reject"].roles
    with pytest.raises(NodeError) as caught:
        changsha.act("complaint", cases[1], pb.Complaint(act=act("auto_reject")))
    assert caught.value.reason is Reason.ACT_NOT_ALLOWED
    assert changsha.decide("complaint", cases[1], pb.Complaint(act=act("accept"))).state == "accepted"


def test_a_complaint_without_its_12315_number_is_not_taken(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    for name in ("register", "open_settlement"):
        body = with_act(against(number_12315=""), name)
        with pytest.raises(ActRefusedError) as caught:
            desks[0].act("complaint", "", body)
        assert f"complaint.{name}.number_12315" in {each.rule for each in caught.value.broken}
