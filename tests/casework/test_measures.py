"""Measures by platforms: asked by a city, answered by the platform at the node it is connected to, ended by a date."""

import pytest
from google.protobuf.message import Message

from node.errors import NodeError, Reason
from node.stubs.standard.v1 import measure_pb2 as pb
from node.usecases.casework.propose import ActRefusedError, act_of
from tests.kit.casework.casework_city import JD, LI, TAOBAO, ZHANG, CaseworkCity, act, at, shown
from tests.kit.casework.measures import NAME, World, asked, request

SUSPEND = [pb.PLATFORM_MEASURE_SUSPEND_LIVE]
NOTICE = pb.OperatorNotice(
    sent_on="2026-05-06", facts="事实", reasons="理由", basis="依据", appeal_route="平台申诉中心"
)


@pytest.fixture
def world(three: tuple[CaseworkCity, CaseworkCity, CaseworkCity]) -> World:
    return World(three)


def refused(reason: Reason, desk: CaseworkCity, case: str, body: Message, actor: object = JD) -> None:
    with pytest.raises(NodeError) as caught:
        desk.act(NAME, case, body, actor=actor)  # type: ignore[arg-type]
    assert caught.value.reason is reason


def test_a_request_reaches_the_platform_at_its_node_and_the_answers_come_back(world: World) -> None:
    case = asked(world)
    assert world.changsha.told[-1] == ("changsha", "hefei")
    assert [file.id for file in world.hefei.casework.cases(JD)] == [case]
    assert world.platform(case, "ack") == "acked"
    assert world.platform(case, "execute_in_part", executed=SUSPEND) == "partial"
    assert world.platform(case, "execute") == "executed"
    assert world.platform(case, "publish") == "executed"
    assert world.platform(case, "notify_operator", notice=NOTICE) == "operator_notified"
    appeal = pb.Appeal(received_on="2026-05-06", grounds="已下架")
    assert world.platform(case, "appeal", appeal=appeal) == "appealed"
    world.changsha.act(NAME, case, pb.MeasureRequest(act=act("review", reasons="已核实")))
    assert world.city(case, "lift_in_part", lifted=SUSPEND, ends_on="2026-05-20") == "maintained"
    assert world.city(case, "lift") == "lifted"
    assert [each.platform for each in shown(world.changsha, case).acts].count("京东") == 6


def test_publishing_ends_every_limit_to_publish(world: World) -> None:
    """Executed in part, then whole: each started a limit, and one publication meets both."""
    case = asked(world)
    world.platform(case, "ack")
    world.platform(case, "execute_in_part", executed=SUSPEND)
    world.platform(case, "execute", executed=SUSPEND)
    clocks = shown(world.changsha, case).clocks
    assert [(each.rule, each.state) for each in clocks] == [("platform.sanction_publication", "running")] * 2
    world.platform(case, "publish")
    assert [each.state for each in shown(world.changsha, case).clocks] == ["met", "met"]


def test_a_platform_may_refuse_with_a_reason_and_the_city_ask_again(world: World) -> None:
    case = asked(world)
    assert world.platform(case, "ack") == "acked"
    refused(Reason.ACT_INCOMPLETE, world.hefei, case, pb.MeasureRequest(act=act("refuse")))
    refused(Reason.ACT_INCOMPLETE, world.hefei, case, pb.MeasureRequest(act=act("execute_in_part", reasons="x")))
    assert world.platform(case, "refuse", refusal=pb.REFUSAL_GROUND_NOT_OURS) == "refused"
    assert world.city(case, "insist") == "acked"


@pytest.mark.parametrize("part", ["facts", "reasons", "basis"])
def test_the_operator_is_told_facts_reasons_and_basis(world: World, part: str) -> None:
    case = asked(world)
    world.platform(case, "ack")
    world.platform(case, "execute")
    less = pb.OperatorNotice()
    less.CopyFrom(NOTICE)
    less.ClearField(part)  # type: ignore[arg-type]
    refused(Reason.ACT_INCOMPLETE, world.hefei, case, pb.MeasureRequest(act=act("notify_operator"), notice=less))


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ("legal_basis", "legal_basis"),
        ("facts", "facts"),
        ("ends_on", "ends_on|review_on"),
        ("appeal_route", "appeal_route"),
        ("proportionality", "proportionality"),
    ],
)
def test_nothing_is_asked_without_basis_facts_end_and_route_of_appeal(world: World, field: str, rule: str) -> None:
    with pytest.raises(ActRefusedError) as caught:
        asked(world, **{field: ""})
    assert [each.rule for each in caught.value.broken] == [f"measure.request.issue.{rule}"]


def test_a_platform_sees_its_own_matters_alone(world: World) -> None:
    case = asked(world)
    other = world.changsha.decide(NAME, "", request("淘宝"), also_to=("hefei",)).case
    world.meet()
    assert [file.id for file in world.hefei.casework.cases(JD)] == [case]
    assert [file.id for file in world.changsha.casework.cases(TAOBAO)] == [other]
    # An account of that name at a node the platform is not connected to is somebody else.
    assert world.changsha.casework.cases(JD) == []
    for desk, actor in ((world.hefei, TAOBAO), (world.changsha, JD), (world.changsha, TAOBAO)):
        refused(Reason.NOT_FOUND, desk, case, pb.MeasureRequest(act=act("ack")), actor)
    refused(Reason.NOT_FOUND, world.hefei, other, pb.MeasureRequest(act=act("ack")))


def test_neither_city_answers_for_the_platform_nor_the_platform_for_the_city(world: World) -> None:
    case = asked(world)
    for desk in (world.changsha, world.hefei):
        refused(Reason.WRONG_ACTOR, desk, case, pb.MeasureRequest(act=act("ack")), ZHANG)
    with pytest.raises(ActRefusedError) as caught:
        world.platform(case, "lift")
    assert "measure.request.lift.party" in {each.rule for each in caught.value.broken}
    assert world.hefei.casework.drafts(JD) == []


def test_a_platform_that_no_card_names_is_asked_nothing(world: World) -> None:
    for platform, city in (("拼多多", ""), ("京东", "wuhan")):
        with pytest.raises(NodeError) as caught:
            asked(world, platform=platform, platform_city=city)
        assert caught.value.reason is Reason.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("ends_on", "review_on"),
    [("2026-06-06", ""), ("", "2026-06-06"), ("2026-06-06", "2026-05-20")],
)
def test_a_measure_ends_by_itself_after_its_last_day(world: World, ends_on: str, review_on: str) -> None:
    """Without an end the review date is one: what nobody renews is lifted."""
    case = asked(world, ends_on=ends_on, review_on=review_on)
    world.platform(case, "ack")
    world.platform(case, "execute")
    world.changsha.clock.at_ms = at("2026-06-06")
    assert world.changsha.casework.act_by_itself() == []
    world.changsha.clock.at_ms = at("2026-06-07")
    assert [each.state for each in world.changsha.casework.act_by_itself()] == ["expired"]
    assert world.changsha.casework.act_by_itself() == []
    world.meet()
    assert world.states(case) == ("expired", "expired")


def test_what_is_maintained_runs_to_its_new_end(world: World) -> None:
    case = asked(world)
    for name in ("ack", "execute"):
        world.platform(case, name)
    world.platform(case, "notify_operator", notice=NOTICE)
    assert world.city(case, "maintain", ends_on="2026-07-06") == "maintained"
    world.changsha.clock.at_ms = at("2026-07-06")
    assert world.changsha.casework.act_by_itself() == []
    world.changsha.clock.at_ms = at("2026-07-07")
    assert [each.state for each in world.changsha.casework.act_by_itself()] == ["expired"]


def test_the_review_is_a_persons_not_the_softwares_nor_the_approvers_alone(world: World) -> None:
    case = asked(world)
    for name in ("ack", "execute", "appeal"):
        world.platform(case, name)
    assert world.changsha.casework.act_by_itself() == []
    lift = pb.MeasureRequest(act=act("lift", reasons="理由"))
    refused(Reason.FOUR_EYES, world.changsha, case, lift, LI)
    review = world.changsha.act(NAME, case, pb.MeasureRequest(act=act("review", reasons="已核实")))
    assert act_of(world.changsha.casework.open(LI, case).acts[review.id].body).maker.name == "张三"


def test_the_end_of_a_measure_is_nobodys_next_act(world: World) -> None:
    """The software makes it after the last day; who tries is refused, on whatever day."""
    case = asked(world, ends_on="2026-06-06")
    expire = pb.MeasureRequest(act=act("expire"))
    refused(Reason.WRONG_ACTOR, world.hefei, case, expire)
    for day in ("2026-05-06", "2026-06-07"):
        assert {each.act for each in shown(world.hefei, case, day).next} == {"ack", "lift", "withdraw"}
    world.hefei.clock.at_ms = at("2026-06-07")
    refused(Reason.WRONG_ACTOR, world.hefei, case, expire)
    refused(Reason.WRONG_ACTOR, world.hefei, case, expire, ZHANG)
    world.changsha.clock.at_ms = at("2026-06-07")
    assert [each.state for each in world.changsha.casework.act_by_itself()] == ["expired"]
