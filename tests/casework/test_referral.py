"""A referral between two real cities, a third looking on: acts, refusals, and the same state on both sides."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.core.workflow.run import Standing
from node.errors import NodeError, Reason
from node.stubs.standard.v1 import act_pb2, referral_pb2
from node.usecases.casework.propose import ActRefusedError
from tests.kit.casework.casework_city import (
    AUDITOR,
    CLERK,
    LI,
    TWO,
    ZHANG,
    CaseworkCity,
    drafted_referral,
    referring,
    send,
)

CITIES = ("changsha", "hefei", "wuhan")


class World:
    def __init__(self, folder: Path) -> None:
        self.changsha, self.hefei, self.wuhan = (CaseworkCity(folder, city, CITIES) for city in CITIES)

    def exchange(self) -> None:
        for city in (self.changsha, self.hefei, self.wuhan):
            for origin in (self.changsha, self.hefei, self.wuhan):
                if origin is not city:
                    city.see(origin)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    for city in (made.changsha, made.hefei, made.wuhan):
        city.close()


def refused(world: World, desk: CaseworkCity, case: str, body: object, **how: object) -> NodeError:
    with pytest.raises(NodeError) as caught:
        desk.act("referral", case, body, **how)  # type: ignore[arg-type]
    return caught.value


def test_sent_objected_negotiated_escalated_designated(world: World) -> None:
    changsha, hefei = world.changsha, world.hefei
    case = send(changsha)
    assert changsha.told[-1] == ("changsha", "hefei")
    world.exchange()
    assert hefei.state(case) == "sent"
    hefei.act("referral", case, referring("receive"), actor=CLERK)
    hefei.decide("referral", case, referring("object", article="第13条", reasons="经营地不在本市"))
    world.exchange()
    changsha.act("referral", case, referring("negotiate", reasons="请再核实经营地"))
    world.exchange()
    asked = act_pb2.Document(title="指定管辖请示", number="皖市监〔2026〕1号")
    hefei.decide("referral", case, referring("escalate", document_number="1号", reasons="协商不成", documents=[asked]))
    world.exchange()
    assert changsha.state(case) == hefei.state(case) == "escalated"
    body = referring("designate", documents=[act_pb2.Document(title="指定管辖通知书", number="国市监〔2026〕9号")])
    body.designated_city, body.designation_number = "hefei", "国市监〔2026〕9号"
    assert refused(world, changsha, case, body).reason is Reason.FOUR_EYES
    changsha.decide("referral", case, body)
    world.exchange()
    assert changsha.state(case) == hefei.state(case) == "designated"
    assert hefei.casework.open(LI, case).case.parties["handler"] == "hefei"
    with pytest.raises(NodeError) as caught:
        world.wuhan.casework.open(LI, case)
    assert caught.value.reason is Reason.NOT_FOUND


def test_a_third_city_holds_nothing_but_leaves(world: World) -> None:
    send(world.changsha)
    world.exchange()
    origin = world.wuhan.store.origin("changsha")
    records = world.wuhan.store.records(origin.number, 0, origin.size)
    assert origin.size == len(records) == 3
    assert not any(record.is_open for record in records)


def test_the_addressee_sees_neither_drafts_nor_the_reporter(world: World) -> None:
    case = send(world.changsha)
    world.exchange()
    file = world.hefei.casework.open(LI, case)
    assert [each.fact.act for each in file.acts.values()] == ["send"]
    assert not any(act.body.HasField("reporter") for act in file.acts.values())
    own = world.changsha.casework.open(LI, case)
    assert [each.fact.act for each in own.acts.values()] == ["draft", "approve", "send"]


def test_no_retransfer(world: World) -> None:
    case = send(world.changsha)
    world.exchange()
    world.hefei.act("referral", case, referring("receive"))
    error = refused(world, world.hefei, case, referring("retransfer"))
    assert error.reason is Reason.ACT_NOT_ALLOWED
    assert "may not pass it on" in error.message


def onward(kind: referral_pb2.ReferralKind.ValueType, origin: str, to_city: str = "wuhan") -> referral_pb2.Referral:
    """A new case of Hefei's that names one it received."""
    body = drafted_referral(to_city)
    assert isinstance(body, referral_pb2.Referral)
    body.kind, body.origins[:] = kind, [origin]
    return body


@pytest.mark.parametrize("to_city", ["wuhan", "changsha"])
def test_no_retransfer_as_a_new_case(world: World, to_city: str) -> None:
    """Neither on nor back, in whatever state: who received it objects."""
    case = send(world.changsha)
    world.exchange()
    world.hefei.act("referral", case, referring("receive"))
    error = refused(world, world.hefei, "", onward(referral_pb2.REFERRAL_KIND_CASE, case, to_city))
    assert isinstance(error, ActRefusedError)
    assert [(each.rule, each.reason) for each in error.broken] == [
        ("referral.draft.retransfer", Reason.ACT_NOT_ALLOWED)
    ]
    assert "may not pass it on" in error.message
    assert error.broken[0].law.article == "14"


def test_no_retransfer_by_a_draft_that_names_the_case_later(world: World) -> None:
    case = send(world.changsha)
    world.exchange()
    hefei = world.hefei
    asking = onward(referral_pb2.REFERRAL_KIND_ASSISTANCE, case)
    asking.questions = "请协助核查"
    mine = hefei.act("referral", "", asking).case  # the city in charge may ask a third one for assistance
    hefei.decide("referral", mine, referring("approve"))
    body = referring("send", officers=TWO, article="第14条")
    body.kind = referral_pb2.REFERRAL_KIND_CLUE
    with pytest.raises(ActRefusedError) as caught:
        hefei.decide("referral", mine, body)
    assert "referral.send.retransfer" in {each.rule for each in caught.value.broken}


def test_the_sender_may_name_its_own_referral(world: World) -> None:
    case = send(world.changsha)
    assert world.changsha.act("referral", "", onward(referral_pb2.REFERRAL_KIND_CASE, case)).state == "drafted"


def test_what_was_designated_to_a_third_city_goes_there_and_nowhere_else(world: World) -> None:
    changsha, hefei = world.changsha, world.hefei
    case = send(changsha)
    world.exchange()
    hefei.act("referral", case, referring("receive"))
    hefei.decide("referral", case, referring("object", article="第13条", reasons="无管辖权"))
    notice = [act_pb2.Document(title="指定管辖通知书", number="指1号")]
    decision = referring("designate_elsewhere", documents=notice)
    decision.designated_city, decision.designation_number = "wuhan", "指1号"
    with pytest.raises(NodeError) as caught:  # the common superior is asked first
        hefei.decide("referral", case, decision)
    assert caught.value.reason is Reason.ACT_NOT_ALLOWED
    asked = [act_pb2.Document(title="指定管辖请示", number="1号")]
    hefei.decide("referral", case, referring("escalate", document_number="1号", reasons="协商不成", documents=asked))
    assert refused(world, hefei, case, decision).reason is Reason.FOUR_EYES
    hefei.decide("referral", case, decision)
    with pytest.raises(ActRefusedError):
        hefei.act("referral", "", onward(referral_pb2.REFERRAL_KIND_CASE, case, "changsha"))
    assert hefei.act("referral", "", onward(referral_pb2.REFERRAL_KIND_CASE, case)).state == "drafted"


def test_four_eyes(world: World) -> None:
    case = send(world.changsha)
    world.exchange()
    hefei = world.hefei
    hefei.act("referral", case, referring("receive"))
    assert refused(world, hefei, case, referring("accept")).reason is Reason.FOUR_EYES
    with pytest.raises(NodeError) as caught:
        hefei.decide("referral", case, referring("accept"), maker=LI, approver=LI)
    assert caught.value.reason is Reason.FOUR_EYES
    with pytest.raises(NodeError) as caught:
        hefei.decide("referral", case, referring("accept"), maker=LI, approver=ZHANG)
    assert caught.value.reason is Reason.WRONG_ACTOR
    # What was not approved waits, and is approved once.
    number = hefei.casework.drafts(LI)[0].number
    other = hefei.decide("referral", case, referring("accept"))
    assert other.state == "accepted"
    with pytest.raises(NodeError) as caught:
        hefei.casework.approve(LI, number)
    assert caught.value.reason is Reason.FOUR_EYES or caught.value.reason is Reason.ACT_NOT_ALLOWED


def test_a_draft_is_approved_once_and_one_the_case_has_left_behind_never(world: World) -> None:
    from node.usecases.casework.propose import Submission

    case = send(world.changsha)
    world.exchange()
    hefei = world.hefei
    hefei.act("referral", case, referring("receive"))
    submission = Submission("referral", case, referring("accept").SerializeToString())
    first, second = (hefei.casework.prepare(ZHANG, submission) for _ in range(2))
    hefei.act("referral", case, referring("supplement"))
    with pytest.raises(NodeError) as caught:
        hefei.casework.approve(LI, first.number)
    assert caught.value.reason is Reason.ACT_OUTDATED
    third = hefei.casework.prepare(ZHANG, submission)
    hefei.casework.approve(LI, third.number)
    with pytest.raises(NodeError) as caught:
        hefei.casework.approve(LI, third.number)
    assert caught.value.reason is Reason.NOT_FOUND
    hefei.casework.discard(ZHANG, second.number)
    assert [draft.number for draft in hefei.casework.drafts(LI)] == [first.number]


def test_roles_parties_and_incomplete_acts(world: World) -> None:
    case = send(world.changsha)
    world.exchange()
    error = refused(world, world.changsha, case, referring("receive"))
    assert error.reason is Reason.WRONG_ACTOR
    assert refused(world, world.hefei, case, referring("receive"), actor=AUDITOR).reason is Reason.WRONG_ACTOR
    world.hefei.act("referral", case, referring("receive"))
    with pytest.raises(NodeError) as caught:
        world.hefei.decide("referral", case, referring("accept"), maker=CLERK)
    assert caught.value.reason is Reason.WRONG_ACTOR
    with pytest.raises(NodeError) as caught:
        world.hefei.decide("referral", case, referring("object"))
    assert caught.value.reason is Reason.ACT_INCOMPLETE
    assert "referral.object.article" in caught.value.message
    assert "referral.object.reasons" in caught.value.message
    error = refused(world, world.hefei, case, referring("receive", city="changsha"))
    assert error.reason is Reason.INVALID_ARGUMENT


def test_who_made_it_is_the_certificates_word(world: World) -> None:
    body = drafted_referral()
    body.act.maker.name = "别人"
    assert refused(world, world.changsha, "", body).reason is Reason.INVALID_ARGUMENT
    case = world.changsha.act("referral", "", drafted_referral()).case
    fact = world.changsha.casework.open(LI, case).acts[case].fact
    assert fact.maker is not None
    assert (fact.maker.name, fact.maker.certificate, fact.maker.account) == ("张三", "A01", "zhang")


def test_concurrent_acts_come_out_the_same_in_any_order_of_pulls(world: World) -> None:
    case = send(world.changsha)
    world.exchange()
    world.hefei.act("referral", case, referring("receive"))
    world.exchange()
    # Neither knows of the other's act.
    world.changsha.decide("referral", case, referring("withdraw", reasons="当事人已改正"))
    world.hefei.decide("referral", case, referring("accept"))
    order = [(world.changsha, world.hefei), (world.hefei, world.changsha)]
    random.Random(4).shuffle(order)
    for city, origin in order:
        city.see(origin)
    ours, theirs = (desk.casework.open(LI, case).case for desk in (world.changsha, world.hefei))
    assert ours.state == theirs.state == "withdrawn"
    assert ours.situation == theirs.situation
    shared = [each for each in ours.history() if not ours.workflow.act[each.fact.act].internal]
    assert shared == theirs.history()
    assert [each.fact.act for each in shared if each.standing is Standing.OVERRIDDEN] == ["accept"]


def test_an_act_to_no_member_is_refused(world: World) -> None:
    case = world.changsha.act("referral", "", drafted_referral("chengdu")).case
    world.changsha.decide("referral", case, referring("approve"))
    with pytest.raises(NodeError) as caught:
        world.changsha.decide("referral", case, referring("send", officers=[ZHANG.officer(), LI.officer()]))
    assert caught.value.reason is Reason.INVALID_ARGUMENT
