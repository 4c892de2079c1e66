"""A limit begins when the material arrives: not when it is sent, and not when an officer takes it up."""

from collections.abc import Callable
from typing import Any

import pytest

from node.stubs.standard.v1 import referral_pb2
from node.usecases.casework.notices import Notices
from tests.kit.casework.casework_city import TWO, CaseworkCity, at, drafted_referral, referring, send, shown

Three = tuple[CaseworkCity, CaseworkCity, CaseworkCity]


def acknowledge(desk: CaseworkCity) -> None:
    """What the node says by itself of every act that came."""
    Notices(desk.store, desk.clock, lambda _: None, desk.cases).acknowledge()


def ask(origin: CaseworkCity, to_city: str = "hefei", also_to: tuple[str, ...] = ()) -> str:
    """A request for assistance that went out."""
    body: Any = drafted_referral(to_city)
    body.kind, body.questions = referral_pb2.REFERRAL_KIND_ASSISTANCE, "该经营者是否在册？"
    case = origin.act("referral", "", body).case
    origin.decide("referral", case, referring("approve"))
    origin.decide("referral", case, referring("send", officers=TWO, article="程序规定 第45条"), also_to=also_to)
    return case


def begun(desk: CaseworkCity, case: str, day: str = "2026-05-12") -> list[tuple[str, str, str]]:
    """Rule, first and last day of what runs in a case."""
    return [(each.rule, each.started, each.due) for each in shown(desk, case, day).clocks if each.state != "met"]


@pytest.mark.parametrize(
    ("start", "rule"),
    [
        pytest.param(ask, "assistance.answer", id="correction_9"),
        pytest.param(send, "clue.filing_decision", id="correction_10"),
    ],
)
def test_corrections_9_and_10_the_limit_begins_when_the_node_has_the_material(
    three: Three, start: Callable[..., str], rule: str
) -> None:
    """In both cities on the same day, though no officer pressed anything."""
    changsha, hefei, wuhan = three
    case = start(changsha, also_to=("wuhan",))
    for desk in three:
        desk.clock.at_ms = at("2026-05-08")
    assert begun(changsha, case) == []  # nothing has arrived
    hefei.see(changsha)
    acknowledge(hefei)
    changsha.see(hefei)
    on_the_eighth = [(rule, "2026-05-08", "2026-05-28")]
    assert begun(hefei, case) == begun(changsha, case) == on_the_eighth
    hefei.clock.at_ms = at("2026-05-15")
    hefei.act("referral", case, referring("receive"))  # a week later, which moves nothing
    changsha.see(hefei)
    assert begun(hefei, case, "2026-05-15") == begun(changsha, case, "2026-05-15") == on_the_eighth
    # Who looks on sees no receipt of another: to its knowledge it had arrived when Hefei acted.
    for origin in (changsha, hefei):
        wuhan.see(origin)
    assert begun(wuhan, case, "2026-05-15") == [(rule, "2026-05-15", "2026-06-05")]


def test_correction_10_a_receipt_of_other_content_starts_nothing(three: Three) -> None:
    """Nor does one by a city that the case is not for."""
    changsha, _, wuhan = three
    case = send(changsha, also_to=("wuhan",))
    wuhan.see(changsha)
    acknowledge(wuhan)
    changsha.see(wuhan)
    assert begun(changsha, case) == []


def test_correction_9_what_is_withdrawn_before_it_arrived_does_not_run(three: Three) -> None:
    changsha, hefei, _ = three
    case = ask(changsha)
    changsha.decide("referral", case, referring("withdraw", reasons="发函有误"))
    hefei.clock.at_ms = at("2026-05-11")
    hefei.see(changsha)
    acknowledge(hefei)
    changsha.see(hefei)
    for desk in (changsha, hefei):
        assert begun(desk, case) == []
