"""What a city's own node holds its acts to: the day they state, and that nothing that ended is decided anew."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.core.workflow.declared import WORKFLOWS
from node.errors import NodeError, Reason
from node.standard.v1 import complaint_pb2, listing_pb2
from node.usecases.casework.propose import ActRefusedError, Submission
from node.usecases.keep_terms import KeepTerms
from tests.casework.desks import LI, ZHANG, Desk, act, referring, send, with_act
from tests.casework.test_cases import at, shown
from tests.casework.test_products import documents
from tests.core.standard_samples import PARTY, abnormal, complaint

CITIES = ("changsha", "hefei")
DECISION = "长市监列异〔2026〕1号"


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[tuple[Desk, Desk]]:
    made = tuple(Desk(tmp_path, city, CITIES) for city in CITIES)
    for desk in made:
        desk.clock.at_ms = at("2026-05-06")
    yield made  # type: ignore[misc]
    for desk in made:
        desk.close()


def refused(caught: pytest.ExceptionInfo[ActRefusedError]) -> set[tuple[str, Reason]]:
    return {(each.rule, each.reason) for each in caught.value.broken}


def test_an_act_that_records_a_fact_states_its_day_and_the_clock_runs_from_it(desks: tuple[Desk, Desk]) -> None:
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
def test_no_act_is_dated_in_the_future(desks: tuple[Desk, Desk], name: str, day: str, reason: Reason) -> None:
    with pytest.raises(ActRefusedError) as caught:
        desks[0].act("complaint", "", with_act(complaint(), name, date=day))
    assert refused(caught) == {(f"complaint.{name}.date", reason)}


def test_what_is_done_now_is_not_dated_back(desks: tuple[Desk, Desk]) -> None:
    """Else a limit could be kept by writing another day."""
    changsha, hefei = desks
    case = send(changsha)
    hefei.see(changsha)
    hefei.clock.at_ms = at("2026-05-20")
    with pytest.raises(ActRefusedError) as caught:
        hefei.act("referral", case, referring("receive", date="2026-05-06"))
    assert refused(caught) == {("referral.receive.date", Reason.ACT_NOT_ALLOWED)}


def test_an_act_is_not_dated_before_those_it_follows(desks: tuple[Desk, Desk]) -> None:
    changsha, _ = desks
    case = changsha.act("complaint", "", with_act(complaint(), "register")).case
    early = complaint_pb2.Complaint(act=act("withdraw", date="2026-05-05"))
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("complaint", case, early)
    assert refused(caught) == {("complaint.withdraw.date", Reason.ACT_NOT_ALLOWED)}


def test_a_day_that_is_none_is_refused(desks: tuple[Desk, Desk]) -> None:
    with pytest.raises(NodeError) as caught:
        desks[0].act("complaint", "", with_act(complaint(), "register", date="2026-02-30"))
    assert caught.value.reason is Reason.INVALID_FIELD


def test_a_decision_is_dated_the_day_it_is_approved(desks: tuple[Desk, Desk]) -> None:
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


def listed(**fields: Any) -> listing_pb2.ListingAbnormal:
    body = abnormal()
    assert isinstance(body, listing_pb2.ListingAbnormal)
    body.decision_number = DECISION
    body.party.CopyFrom(PARTY)
    with_act(body, "list", documents=documents("列入决定书"), document_number=DECISION, **fields)
    return body


def test_a_decision_number_of_a_listing_that_ended_is_refused(desks: tuple[Desk, Desk]) -> None:
    """In casework as at intake: who left the list comes back by a new decision alone."""
    changsha, _ = desks
    case = changsha.decide("listing.abnormal", "", listed()).case
    keep = KeepTerms(changsha.store, changsha.clock)
    assert len(keep.run()) == 1
    removed = listing_pb2.ListingAbnormal(act=act("remove", reasons="已补报", document_number="移1号"))
    changsha.decide("listing.abnormal", case, removed)
    assert len(keep.run()) == 1
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide("listing.abnormal", "", listed())
    assert refused(caught) == {("listing.abnormal.list.decision_number", Reason.ACT_NOT_ALLOWED)}
    again = listed()
    again.decision_number = "长市监列异〔2026〕2号"
    assert changsha.decide("listing.abnormal", "", again).state == "listed"
