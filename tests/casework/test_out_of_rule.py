"""What other cases say against one: a matter passed on, a complaint handed over twice; found by whoever holds both."""

import threading
from collections.abc import Callable
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.standards import standard as standards
from node.errors import NodeError, Reason
from node.storage.sqlite.log import Entry
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1 import act_pb2, referral_pb2
from node.stubs.standard.v1 import complaint_pb2 as pb
from node.usecases.casework.propose import ActRefusedError
from node.usecases.casework.rules.jurisdiction import COMPLAINT
from node.usecases.casework.rules.table import RULES
from tests.kit.casework.casework_city import (
    CLERK,
    TWO,
    ZHANG,
    CaseworkCity,
    act,
    drafted_referral,
    referring,
    send,
    shown,
    with_act,
)
from tests.kit.casework.complaints import against
from tests.kit.effort import effort

Three = tuple[CaseworkCity, CaseworkCity, CaseworkCity]


def unruled(desk: CaseworkCity) -> None:
    """A city whose node holds itself to no rule of its own."""
    desk.casework._proposer._rules = RULES[:1]


def said(desk: CaseworkCity, case: str) -> set[tuple[str, str]]:
    return {(each.rule, each.reason) for each in shown(desk, case).out_of_rule}


def onward(origin: CaseworkCity, to_city: str, origins: list[str], *, also_to: tuple[str, ...] = ()) -> str:
    body = drafted_referral(to_city)
    assert isinstance(body, referral_pb2.Referral)
    body.origins[:] = origins
    case = origin.act("referral", "", body).case
    origin.decide("referral", case, referring("approve"))
    sending = referring("send", officers=TWO, article="第14条")
    origin.decide("referral", case, sending, also_to=also_to)
    return case


def passed_back(
    changsha: CaseworkCity, hefei: CaseworkCity, to_city: str = "changsha", *, also_to: tuple[str, ...] = ()
) -> str:
    """What Hefei received it sends on, which an honest node refuses."""
    case = send(changsha)
    hefei.see(changsha)
    hefei.act("referral", case, referring("receive"))
    unruled(hefei)
    return onward(hefei, to_city, [case], also_to=also_to)


RETRANSFER = {("referral.send.retransfer", "act_not_allowed")}


def test_the_receiver_finds_a_retransfer_and_does_not_take_it_on(three: Three) -> None:
    changsha, hefei, _ = three
    case = passed_back(changsha, hefei)
    changsha.see(hefei)
    assert said(changsha, case) == said(hefei, case) == RETRANSFER
    assert shown(changsha, case).out_of_rule[0].law_zh.endswith("第14条")
    changsha.act("referral", case, referring("receive"))
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide("referral", case, referring("accept"))
    assert {(each.rule, each.reason) for each in caught.value.broken} == {
        ("referral.send.retransfer", Reason.ACT_NOT_ALLOWED)
    }
    assert changsha.decide("referral", case, referring("object", article="第13条", reasons="x")).state == "objected"


@pytest.mark.parametrize("order", list(permutations(("first", "on"))))
def test_an_observer_finds_it_in_whatever_order_the_logs_come(three: Three, order: tuple[str, str]) -> None:
    changsha, hefei, wuhan = three
    first = send(changsha)
    hefei.see(changsha)
    unruled(hefei)
    case = onward(hefei, "changsha", [first], also_to=("wuhan",))
    unruled(changsha)
    told = changsha.act("referral", "", drafted_referral()).case
    changsha.decide("referral", told, referring("approve"))
    changsha.decide("referral", told, referring("send", officers=TWO, article="第14条"), also_to=("wuhan",))
    again = onward(hefei, "changsha", [told], also_to=("wuhan",))
    for each in order:
        wuhan.see(changsha if each == "first" else hefei)
    assert said(wuhan, again) == RETRANSFER
    # What it may not see it can't judge, and says so.
    assert said(wuhan, case) == {("referral.send.origins", "not_found")}


def test_what_came_from_a_case_not_seen_is_said_and_taken_on(three: Three) -> None:
    changsha, hefei, wuhan = three
    case = passed_back(changsha, hefei, "wuhan")
    wuhan.see(hefei)
    assert said(wuhan, case) == {("referral.send.origins", "not_found")}
    wuhan.act("referral", case, referring("receive"))
    assert wuhan.decide("referral", case, referring("accept")).state == "accepted"


def test_a_matter_is_not_passed_on_by_way_of_a_case_between(three: Three) -> None:
    changsha, hefei, _ = three
    case = send(changsha)
    hefei.see(changsha)
    between = pb.Complaint()
    between.CopyFrom(against("340104"))
    between.origins[:] = [case]
    source = hefei.act("complaint", "", between).case
    with pytest.raises(ActRefusedError) as caught:
        onward(hefei, "wuhan", [source])
    assert "referral.draft.retransfer" in {each.rule for each in caught.value.broken}


def test_honest_cases_are_in_rule(three: Three) -> None:
    changsha, hefei, _ = three
    case = send(changsha)
    source = changsha.act("complaint", "", with_act(against(), "register")).case
    other = onward(changsha, "hefei", [case, source])
    hefei.see(changsha)
    for each in (case, other):
        assert said(hefei, each) == said(changsha, each) == set()
        hefei.act("referral", each, referring("receive"))
        assert hefei.decide("referral", each, referring("accept")).state == "accepted"
    assert said(changsha, source) == set()


def deciding(changsha: CaseworkCity) -> tuple[str, pb.Complaint]:
    """A complaint to be handed over to Hefei, and how."""
    case = changsha.act("complaint", "", against()).case
    recorded = changsha.decide("complaint", case, pb.Complaint(act=act("hand_over")))
    (product,) = recorded.makes
    return case, pb.Complaint.FromString(changsha.casework.draft(ZHANG, product.draft).body)


def test_the_receiver_finds_a_complaint_handed_over_twice_and_takes_in_one(three: Three) -> None:
    changsha, hefei, _ = three
    _, passing = deciding(changsha)
    unruled(changsha)
    first, second = (changsha.act("complaint", "", passing).case for _ in range(2))
    hefei.see(changsha)
    assert said(hefei, first) == set()
    assert said(hefei, second) == {("complaint.pass_on.handed_over", "act_not_allowed")}
    with pytest.raises(ActRefusedError) as caught:
        hefei.act("complaint", second, pb.Complaint(act=act("take_in")), actor=CLERK)
    assert caught.value.reason is Reason.ACT_NOT_ALLOWED
    # Given back, the first stands in the way of none.
    hefei.decide("complaint", first, pb.Complaint(act=act("give_back", reasons="x")))
    assert said(hefei, second) == set()
    assert hefei.act("complaint", second, pb.Complaint(act=act("take_in")), actor=CLERK).state == "received"


def test_what_was_handed_over_is_not_handed_on_under_a_new_number(three: Three) -> None:
    changsha, hefei, wuhan = three
    _, passing = deciding(changsha)
    received = changsha.act("complaint", "", passing).case
    hefei.see(changsha)
    anew = against("420106")
    anew.origins[:] = [received]
    source = hefei.act("complaint", "", anew).case
    with pytest.raises(ActRefusedError) as caught:
        hefei.decide("complaint", source, pb.Complaint(act=act("hand_over")))
    assert {each.rule for each in caught.value.broken} == {"complaint.hand_over.handed_on"}
    unruled(hefei)
    passing.origins[:], passing.to_city = [received], "wuhan"
    case = hefei.act("complaint", "", passing).case
    wuhan.see(hefei)
    wuhan.see(changsha)
    assert said(wuhan, case) == {("complaint.pass_on.handed_on", "act_not_allowed")}
    with pytest.raises(ActRefusedError):
        wuhan.act("complaint", case, pb.Complaint(act=act("take_in")), actor=CLERK)


@effort(12)
@given(st.permutations(["pass_on", "pass_on", "take_back", "take_back"]))
def test_of_handing_over_and_taking_back_the_earlier_counts(three: Three, order: list[str]) -> None:
    """However they came to stand in one log: exactly one city handles the complaint."""
    changsha, hefei, _ = three
    changsha.casework._proposer._rules = RULES  # honest until it is decided
    case, passing = deciding(changsha)
    follows = changsha.casework.open(ZHANG, case).case.heads(COMPLAINT.act["take_back"])
    unruled(changsha)
    passed = []
    for name in order:
        if name == "pass_on":
            passed.append(changsha.act("complaint", "", passing).case)
        else:
            _append_taking(changsha, case, follows)
    hefei.see(changsha)
    kept = changsha.state(case) == "received" and not said(changsha, case)
    counting = [each for each in passed if not said(changsha, each)]
    assert (kept, len(counting)) == ((True, 0) if order[0] == "take_back" else (False, 1))
    assert counting in ([], passed[:1])
    # The other city can't see the decision; of two it finds the second.
    assert [bool(said(hefei, each)) for each in passed] == [False, True]


def _append_taking(desk: CaseworkCity, case: str, follows: tuple[str, ...]) -> None:
    """As an officer's act stands in the log who did not see what the other did."""
    said = act("take_back", case=case, follows=follows, city=desk.city, date="2026-05-06", reasons="自行办理")
    said.maker.CopyFrom(TWO[0])
    said.approver.CopyFrom(TWO[1])
    standard = standards.get("complaint")
    body = pb.Complaint(act=said)
    header = Header(standard="complaint", version=1, city=desk.city, audience=[desk.city])
    header.issued_at_ms = desk.clock.now_ms()
    header.subjects.extend([*standard.subjects(body), "workflow:complaint"])
    desk.append([Entry.of(header, standard.split(body.SerializeToString()))])


def test_two_officers_at_the_same_moment_leave_one_city_in_charge(three: Three) -> None:
    changsha, *_ = three
    for _ in range(8):
        case, passing = deciding(changsha)
        taking = pb.Complaint(act=act("take_back", reasons="自行办理"))
        outcomes = at_once(
            lambda passing=passing: changsha.act("complaint", "", passing),  # type: ignore[misc]
            lambda case=case, taking=taking: changsha.decide("complaint", case, taking),  # type: ignore[misc]
        )
        refused = [each for each in outcomes if each is not None]
        assert [type(each) for each in refused] == [ActRefusedError]
        assert changsha.casework.out_of_rule(changsha.casework.open(ZHANG, case)) == []


def at_once(*works: Callable[[], object]) -> list[NodeError | None]:
    """Does all of it at the same moment; what each met."""
    start = threading.Barrier(len(works))
    met: list[NodeError | None] = [None] * len(works)

    def run(number: int, work: Callable[[], object]) -> None:
        start.wait()
        try:
            work()
        except NodeError as error:
            met[number] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return met


def test_a_designation_of_a_third_city_is_in_rule_at_the_sender(three: Three) -> None:
    changsha, hefei, wuhan = three
    case = send(changsha)
    hefei.see(changsha)
    hefei.act("referral", case, referring("receive"))
    hefei.decide("referral", case, referring("object", article="第13条", reasons="无管辖权"))
    asked = [act_pb2.Document(title="指定管辖请示", number="1号")]
    hefei.decide("referral", case, referring("escalate", document_number="1号", reasons="x", documents=asked))
    decision = referring("designate_elsewhere", documents=[act_pb2.Document(title="指定管辖通知书", number="指1号")])
    decision.designated_city, decision.designation_number = "wuhan", "指1号"
    hefei.decide("referral", case, decision)
    designated = onward(hefei, "wuhan", [case])
    assert said(hefei, designated) == set()
    wuhan.see(hefei)
    assert said(wuhan, designated) == {("referral.send.origins", "not_found")}
