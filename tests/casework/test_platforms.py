"""Who speaks for a platform: itself, at the node that its city's card names, and nobody in its name."""

from datetime import date

import pytest

from node.core.law.calendar import vendored_calendar
from node.core.members.actor import Actor
from node.core.members.platforms import Connected, Connections
from node.core.standards import standard as standards
from node.errors import NodeError, Reason
from node.storage.sqlite.log import Entry
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1 import listing_pb2
from node.stubs.standard.v1 import measure_pb2 as pb
from node.stubs.standard.v1.act_pb2 import Officer
from node.usecases.casework.act import Casework
from node.usecases.casework.case_index import CaseIndex
from node.usecases.casework.propose import Submission
from tests.kit.casework.casework_city import JD, TAOBAO, ZHANG, CaseworkCity, act, at, federation, shown, with_act
from tests.kit.casework.measures import NAME, World, asked, request
from tests.kit.samples.standards import platform_list


@pytest.fixture
def world(three: tuple[CaseworkCity, CaseworkCity, CaseworkCity]) -> World:
    return World(three)


def forged(desk: CaseworkCity, case: str, name: str, follows: str, on: str = "2026-05-06") -> Entry:
    """What a lying city writes into its own log in the platform's name."""
    body = pb.MeasureRequest(act=act(name, reasons="伪造", platform="京东", city=desk.city, date=on))
    if case:
        body.act.case, body.act.follows[:] = case, [follows]
    else:
        body = request(platform_city=desk.city)
        body.act.MergeFrom(act("issue", city=desk.city, date="2026-05-06"))
        body.act.maker.CopyFrom(Officer(name="甲", account="a"))
        body.act.approver.CopyFrom(Officer(name="乙", account="b"))
    standard = standards.get(NAME)
    audience = ["changsha", "hefei", "wuhan"]
    header = Header(standard=NAME, version=1, city=desk.city, audience=audience, issued_at_ms=desk.clock.now_ms())
    header.subjects.extend([*standard.subjects(body), f"workflow:{NAME}"])
    return Entry.of(header, standard.split(body.SerializeToString()))


def test_no_other_city_acts_in_a_platforms_name(world: World) -> None:
    """Wuhan, and the requesting city itself, write into their logs that 京东 did what it did not."""
    case = world.changsha.decide(NAME, "", request(), also_to=("wuhan",)).case
    world.meet()
    for liar in (world.wuhan, world.changsha):
        liar.append([forged(liar, case, "ack", case)])
    world.meet()
    assert [desk.state(case) for desk in world.desks] == ["issued"] * 3
    # What the platform then really does counts, and follows its own past alone.
    assert world.platform(case, "ack") == "acked"
    assert world.wuhan.state(case) == "acked"


def test_an_act_whose_day_has_not_come_counts_for_nothing(world: World) -> None:
    """A day to come would open at once what the law makes wait."""
    case = world.changsha.decide(NAME, "", request()).case
    world.meet()
    world.hefei.append([forged(world.hefei, case, "ack", case, on="2026-05-07")])
    world.meet()
    assert world.states(case) == ("issued", "issued")


def test_a_city_that_says_the_platform_is_its_own_convinces_nobody(world: World) -> None:
    """Wuhan asks 京东 as if it were connected there, and answers itself."""
    (case,) = world.wuhan.append([forged(world.wuhan, "", "issue", "")])
    world.wuhan.append([forged(world.wuhan, case, "ack", case)])
    world.meet()
    assert world.states(case) == ("issued", "issued")
    assert [each.act for each in shown(world.changsha, case).acts] == ["issue"]


def listed(world: World, actor: Actor, desk: CaseworkCity, name: str = "京东") -> str:
    body = with_act(platform_list(), "list", reasons="理由")
    assert isinstance(body, listing_pb2.ListingPlatform)
    body.platform.name, body.until = name, "2027-05-06"
    return desk.act("listing.platform", "", body, actor=actor).case


def test_a_platforms_blacklist_is_its_own_and_ends_by_itself(world: World) -> None:
    case = listed(world, JD, world.hefei)
    for actor, desk, name in (
        (ZHANG, world.hefei, "京东"),
        (TAOBAO, world.changsha, "京东"),
        (JD, world.changsha, "京东"),
        (JD, world.wuhan, "京东"),
    ):
        with pytest.raises(NodeError) as caught:
            listed(world, actor, desk, name)
        assert caught.value.reason is Reason.WRONG_ACTOR
    world.hefei.clock.at_ms = at("2027-05-06")
    assert world.hefei.casework.act_by_itself() == []
    world.hefei.clock.at_ms = at("2027-05-07")
    assert [(each.case, each.state) for each in world.hefei.casework.act_by_itself()] == [(case, "expired")]


def test_a_platform_acts_only_where_the_citys_card_names_it(world: World) -> None:
    elsewhere = federation("changsha", "wuhan")
    case_index = CaseIndex(world.hefei.store, vendored_calendar(), lambda: elsewhere)
    nowhere = Casework(world.hefei.store, world.hefei.clock, lambda: elsewhere, lambda _: None, case_index)
    case = asked(world)
    body = pb.MeasureRequest(act=act("ack"))
    with pytest.raises(NodeError) as caught:
        nowhere.act(JD, Submission(NAME, case, body.SerializeToString()))
    assert caught.value.reason is Reason.WRONG_ACTOR


def test_what_a_platform_did_while_it_was_connected_still_counts_after_it_moved() -> None:
    moved = Connections(
        {
            "hefei": (Connected("京东", until=date(2026, 5, 31)),),
            "wuhan": (Connected("京东", since=date(2026, 6, 1)),),
        }
    )
    before, after = date(2026, 5, 31), date(2026, 6, 1)
    assert (moved.city_of("京东", before), moved.city_of("京东", after)) == ("hefei", "wuhan")
    assert not moved.speaks_for("wuhan", "京东", before)
    assert not moved.speaks_for("hefei", "京东", after)
    assert federation("changsha", "hefei", "wuhan").connections.city_of("拼多多", after) == ""
