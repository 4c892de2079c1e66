"""Complaints as the law has them: where they belong, and how long a city has that took one back."""

from pathlib import Path

import pytest

from node.core.law.complaint_route import find_route
from node.core.workflow.declared import workflow
from node.stubs.standard.v1 import complaint_pb2 as pb
from node.usecases.casework.propose import ActRefusedError
from node.usecases.casework.rules.jurisdiction import basis_code
from tests.kit.casework.casework_city import (
    ZHANG,
    CaseworkCity,
    act,
    at,
    broken_in,
    federation,
    files_with,
    shown,
)
from tests.kit.casework.complaints import against
from tests.kit.samples.standards import RESIDENT_ID

Desks = tuple[CaseworkCity, CaseworkCity]
MEMBERS = {each.city: each.region6 for each in federation("changsha", "hefei", "wuhan").members}


def routed(body: pb.Complaint, seat: str) -> tuple[str, str]:
    route = find_route(body, MEMBERS, seat, "changsha")
    return route.city, basis_code(route)


def test_an_address_at_which_nobody_is_reached_routes_nothing() -> None:
    reached, gone = against("340104"), against("340104", unreached_on="2026-05-06")
    assert routed(reached, seat="420106") == ("hefei", "displayed_address")
    assert routed(gone, seat="420106") == ("wuhan", "platform_home")
    assert routed(gone, seat="110115") == ("", "platform_home")
    assert routed(gone, seat="") == ("", "")
    assert "无法联系" in find_route(gone, MEMBERS, "110115", "changsha").words.zh


def test_a_complaint_is_not_handed_over_to_where_nobody_is_reached(desks: Desks) -> None:
    """京东 has its seat in Beijing: the complaint is no member's, and so it is rejected and not handed over."""
    changsha, _ = desks
    case = changsha.act("complaint", "", against("340104", unreached_on="2026-05-06")).case
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide("complaint", case, pb.Complaint(act=act("hand_over", reasons="x"), to_city="hefei"))
    assert {rule for rule, _ in broken_in(caught)} == {"complaint.hand_over.to_city"}
    told = pb.Complaint(act=act("reject", reasons="x"), rejection_redirect="12315")
    told.rejection_grounds[:] = [pb.REJECTION_GROUND_NO_COMPETENCE]
    assert changsha.decide("complaint", case, told).state == "rejected"


def test_a_complaint_taken_back_counts_from_its_first_receipt(desks: Desks) -> None:
    """Seven working days from Wednesday the sixth of May: taken back on the twelfth, two of them are left."""
    changsha, hefei = desks
    case = changsha.act("complaint", "", against()).case
    draft = changsha.decide("complaint", case, pb.Complaint(act=act("hand_over"))).makes[0].draft
    passed = changsha.casework.take_up(ZHANG, draft, b"").case
    hefei.see(changsha)
    hefei.decide("complaint", passed, pb.Complaint(act=act("give_back", reasons="公示地址已变更")))
    changsha.see(hefei)
    assert [each.state for each in shown(changsha, case).clocks if each.rule == "complaint.acceptance"] == ["met"]
    changsha.clock.at_ms = at("2026-05-12")
    changsha.decide("complaint", case, pb.Complaint(act=act("take_back", reasons="被退回")))

    def running(day: str) -> tuple[str, str, str, int]:
        clocks = [each for each in shown(changsha, case, day).clocks if each.rule == "complaint.acceptance"]
        return clocks[-1].started, clocks[-1].due, clocks[-1].state, clocks[-1].days_left

    assert running("2026-05-12") == ("2026-05-06", "2026-05-14", "running", 2)
    assert running("2026-05-15")[2] == "overdue"
    changsha.clock.at_ms = at("2026-05-14")
    changsha.decide("complaint", case, pb.Complaint(act=act("accept")))
    assert running("2026-05-15")[2] == "met"


def test_a_limit_that_counts_from_a_kept_day_has_that_day_stamped() -> None:
    acts = workflow("complaint").acts
    since = {deadline.since for each in acts for deadline in each.deadlines if deadline.since}
    assert since == {each.stamps for each in acts if each.stamps} == {"received_on"}


NAME, PHONE, ORDER = "投诉人某甲某乙", "13900000000", "20260428-1"


def passed_on(changsha: CaseworkCity, *consents: "pb.Consent.ValueType") -> str:
    """A complaint that Hefei is handed over; the case there."""
    body = against()
    body.consents[:] = [pb.CONSENT_MEDIATION, *consents]
    case = changsha.act("complaint", "", body).case
    (product,) = changsha.decide("complaint", case, pb.Complaint(act=act("hand_over"))).makes
    return changsha.casework.take_up(ZHANG, product.draft, b"").case


def test_with_consent_contact_order_and_exhibits_go_to_who_handles_it(desks: Desks, tmp_path: Path) -> None:
    changsha, hefei = desks
    passed = passed_on(changsha, pb.CONSENT_TRANSFER)
    hefei.see(changsha)
    body = pb.Complaint.FromString(shown(hefei, passed).acts[0].body)
    assert (body.contact.name, body.contact.phone, body.order_number) == (NAME, PHONE, ORDER)
    assert [each.title for each in body.exhibits] == ["订单截图"]
    assert not body.HasField("complainant")
    assert files_with(tmp_path, "hefei", NAME.encode())
    assert not files_with(tmp_path, "hefei", RESIDENT_ID.encode())
    assert files_with(tmp_path, "changsha", RESIDENT_ID.encode())


def test_without_consent_nothing_of_the_complainant_goes(desks: Desks, tmp_path: Path) -> None:
    changsha, hefei = desks
    passed = passed_on(changsha)
    hefei.see(changsha)
    body = pb.Complaint.FromString(shown(hefei, passed).acts[0].body)
    assert not body.HasField("contact")
    assert not body.exhibits
    assert body.facts
    for secret in (NAME, PHONE, ORDER, RESIDENT_ID):
        assert not files_with(tmp_path, "hefei", secret.encode())
        assert files_with(tmp_path, "changsha", secret.encode())


def test_nobody_adds_what_the_complainant_did_not_let_go(desks: Desks) -> None:
    """Nor by stating a consent in what is passed on: the complaint in which it was decided says what was consented."""
    changsha, _ = desks
    case = changsha.act("complaint", "", against()).case
    (product,) = changsha.decide("complaint", case, pb.Complaint(act=act("hand_over"))).makes
    for added in (
        pb.Complaint(contact=pb.ComplainantContact(name=NAME)),
        pb.Complaint(order_number=ORDER, consents=[pb.CONSENT_TRANSFER]),
    ):
        with pytest.raises(ActRefusedError) as caught:
            changsha.casework.take_up(ZHANG, product.draft, added.SerializeToString())
        assert {rule for rule, _ in broken_in(caught)} == {"complaint.pass_on.consents"}


def test_what_goes_along_reaches_no_third_city(three: tuple[CaseworkCity, ...], tmp_path: Path) -> None:
    changsha, hefei, wuhan = three
    passed = passed_on(changsha, pb.CONSENT_TRANSFER)
    for city in (hefei, wuhan):
        city.see(changsha)
    hefei.act("complaint", passed, pb.Complaint(act=act("take_in")))
    wuhan.see(hefei)
    for secret in (NAME, PHONE, ORDER):
        assert not files_with(tmp_path, "wuhan", secret.encode())
