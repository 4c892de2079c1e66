"""Credit repair: of what is one's own, after the wait, and not while one is barred."""

from datetime import date, timedelta
from typing import Any

import pytest

from node.errors import Reason
from node.stubs.standard.v1 import credit_pb2, party_pb2
from node.stubs.standard.v1 import penalty_pb2 as pb
from node.usecases.casework.lists.lifecycle import ListingLifecycle
from node.usecases.casework.propose import ActRefusedError
from tests.kit.casework.casework_city import CaseworkCity, act, at, broken_in, documents, referring
from tests.kit.casework.listings import deciding, listed, told_beforehand
from tests.kit.casework.penalties import NUMBER, investigated, penalised, penalising
from tests.kit.casework.repairs import applying
from tests.kit.samples.standards import PARTY


def test_who_had_a_repair_annulled_for_fraud_waits_three_years(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, _ = desks
    changsha.decide("listing.abnormal", "", listed())
    (record,) = ListingLifecycle(changsha.store, changsha.clock, changsha.cases.repository).run()

    def applied() -> str:
        return changsha.act("credit.repair", "", applying(record)).case

    def saying(name: str, **fields: Any) -> credit_pb2.CreditRepair:
        body = credit_pb2.CreditRepair(act=act(name, **fields))
        if "documents" in fields:
            body.decision_number, body.decided_on = f"{name}1号", "2026-05-06"
            body.outcome = (
                credit_pb2.REPAIR_OUTCOME_APPROVED if name == "approve" else credit_pb2.REPAIR_OUTCOME_REVOKED
            )
        return body

    case = applied()
    changsha.decide("credit.repair", case, saying("accept"))
    approve = saying("approve", reasons="已履行", documents=documents("准予信用修复决定书"))
    changsha.decide("credit.repair", case, approve)
    annul = saying("annul_for_fraud", reasons="材料虚假", documents=documents("撤销信用修复决定书"))
    changsha.decide("credit.repair", case, annul)
    for day in ("2026-05-07", "2029-05-05"):
        changsha.clock.at_ms = at(day)
        with pytest.raises(ActRefusedError) as caught:
            applied()
        assert broken_in(caught) == {("credit.repair.apply.ban", Reason.ACT_TOO_EARLY)}
    changsha.clock.at_ms = at("2029-05-08")
    assert applied() != case


def test_a_repair_waits_a_year_like_every_early_removal(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, _ = desks
    case = told_beforehand(changsha)
    decided = changsha.decide("listing.serious", case, deciding("2029-05-06")).id
    (record,) = ListingLifecycle(changsha.store, changsha.clock, changsha.cases.repository).run()
    changsha.clock.at_ms = at("2027-05-05")
    for listing in (record, decided):
        with pytest.raises(ActRefusedError) as caught:
            changsha.act("credit.repair", "", applying(listing))
        rule = "credit.repair.apply.listing.serious.early_removal"
        assert broken_in(caught) == {(rule, Reason.ACT_TOO_EARLY)}
        assert {each.law.article for each in caught.value.broken} == {"16"}
    changsha.clock.at_ms = at("2027-05-06")
    assert changsha.act("credit.repair", "", applying(record)).state == "applied"


def test_no_later_act_of_a_repair_names_a_listing_that_is_too_young(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    """One applied for a penalty, that is then to take a listing off: also by the approval, also by its execution."""
    changsha, _ = desks
    changsha.decide("listing.serious", told_beforehand(changsha), deciding("2029-05-06"))
    (record,) = ListingLifecycle(changsha.store, changsha.clock, changsha.cases.repository).run()
    body = applying("")
    body.penalty_number = penalised(changsha)
    case = changsha.act("credit.repair", "", body).case
    changsha.decide("credit.repair", case, credit_pb2.CreditRepair(act=act("accept")))
    approving = credit_pb2.CreditRepair(
        act=act("approve", reasons="已履行", documents=documents("准予信用修复决定书")),
        outcome=credit_pb2.REPAIR_OUTCOME_APPROVED,
        decision_number="修1号",
        decided_on="2026-05-06",
    )
    naming = credit_pb2.CreditRepair()
    naming.CopyFrom(approving)
    naming.listing = record
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide("credit.repair", case, naming)
    assert broken_in(caught) == {("credit.repair.approve.listing.serious.early_removal", Reason.ACT_TOO_EARLY)}
    changsha.decide("credit.repair", case, approving)
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("credit.repair", case, credit_pb2.CreditRepair(act=act("execute"), listing=record))
    assert broken_in(caught) == {("credit.repair.execute.listing.serious.early_removal", Reason.ACT_TOO_EARLY)}


def repairing(desk: CaseworkCity, body: Any) -> str:
    return desk.act("credit.repair", "", body).state


@pytest.mark.parametrize(
    ("number", "code"),
    [("", "91420100MA00TEXT0W"), ("无此文号", PARTY.uscc), ("", "")],
    ids=["party", "number", "name"],
)
def test_a_repair_takes_nobody_elses_penalty_off(
    desks: tuple[CaseworkCity, CaseworkCity], number: str, code: str
) -> None:
    """Nor one that is not there, nor a person's by name."""
    changsha, _ = desks
    known = penalised(changsha)
    body = applying("", code)
    body.penalty_number = number or known
    with pytest.raises(ActRefusedError) as caught:
        repairing(changsha, body)
    assert broken_in(caught) == {("credit.repair.apply.penalty_number", Reason.ACT_NOT_ALLOWED)}
    body.penalty_number, body.party.uscc = known, PARTY.uscc
    assert repairing(changsha, body) == "applied"


@pytest.mark.parametrize(
    ("kinds", "rule", "first"),
    [
        ([pb.PENALTY_KIND_FINE], "penalty.repair_wait", "2026-04-30"),
        ([pb.PENALTY_KIND_FINE, pb.PENALTY_KIND_BUSINESS_SUSPENDED], "penalty.repair_wait_grave", "2027-01-30"),
    ],
)
def test_correction_7_a_penalty_is_published_for_a_least_term_first(
    desks: tuple[CaseworkCity, CaseworkCity], kinds: list[Any], rule: str, first: str
) -> None:
    """Three months, and of a heavy one a year."""
    changsha, _ = desks
    body = applying("")
    body.penalty_number = penalised(changsha, kinds=kinds, decided_on="2026-01-30")
    body.applied_on = body.commitment.date = "2026-01-30"
    day_before = date.fromisoformat(first) - timedelta(days=1)
    for day in ("2026-01-30", day_before.isoformat()):
        changsha.clock.at_ms = at(day)
        with pytest.raises(ActRefusedError) as caught:
            repairing(changsha, body)
        assert broken_in(caught) == {(f"credit.repair.apply.{rule}", Reason.ACT_TOO_EARLY)}
    changsha.clock.at_ms = at(first)
    assert repairing(changsha, body) == "applied"


@pytest.mark.parametrize("kind", [pb.PENALTY_KIND_CLOSED, pb.PENALTY_KIND_OCCUPATION_RESTRICTED])
def test_correction_7_a_closure_and_a_bar_are_published_to_their_end(
    desks: tuple[CaseworkCity, CaseworkCity], kind: "pb.PenaltyKind.ValueType"
) -> None:
    changsha, _ = desks
    body = applying("")
    body.penalty_number = penalised(changsha, kinds=[pb.PENALTY_KIND_FINE, kind], decided_on="2024-01-30")
    with pytest.raises(ActRefusedError) as caught:
        repairing(changsha, body)
    assert broken_in(caught) == {("credit.repair.apply.penalty.kinds", Reason.ACT_NOT_ALLOWED)}


def test_correction_7_a_minor_penalty_waits_for_nothing(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, _ = desks
    body = applying("")
    body.penalty_number = penalised(changsha, kinds=[pb.PENALTY_KIND_CRITICISM], decided_on="2026-05-05")
    assert repairing(changsha, body) == "applied"


def test_correction_7_the_term_counts_from_the_publication(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    """Of a penalty whose case says when that was."""
    changsha, _ = desks
    case = investigated(changsha, changsha)
    changsha.decide("referral", case, penalising())
    changsha.clock.at_ms = at("2026-05-20")
    changsha.act("referral", case, referring("publish_penalty"))
    body = applying("")
    body.penalty_number, body.applied_on = NUMBER, "2026-08-10"
    changsha.clock.at_ms = at("2026-08-10")
    with pytest.raises(ActRefusedError) as caught:
        repairing(changsha, body)
    assert "2026-08-20" in caught.value.broken[0].zh
    changsha.clock.at_ms = at("2026-08-20")
    assert repairing(changsha, body) == "applied"


def test_a_person_is_known_by_the_hmac_of_the_id_number(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, _ = desks
    person = party_pb2.Party(name="张某", kind=party_pb2.PARTY_KIND_NATURAL)
    number = penalised(changsha, party=person, id_hmac=bytes(32))
    body = applying("")
    body.party.CopyFrom(person)
    body.penalty_number, body.id_hmac = number, bytes([1] * 32)
    with pytest.raises(ActRefusedError):
        repairing(changsha, body)
    body.id_hmac = bytes(32)
    assert repairing(changsha, body) == "applied"


def test_a_later_act_of_a_repair_names_no_other_penalty(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, _ = desks
    body = applying("")
    body.penalty_number = penalised(changsha)
    case = changsha.act("credit.repair", "", body).case
    changsha.decide("credit.repair", case, credit_pb2.CreditRepair(act=act("accept")))
    other = party_pb2.Party(name="乙", uscc="91420100MA00TEXT0W")
    number = penalised(changsha, party=other, decision_number="长市监处罚〔2026〕13号")
    said = act("approve", reasons="已履行", documents=documents("准予信用修复决定书"))
    for party in (None, other):
        naming = credit_pb2.CreditRepair(
            act=said,
            outcome=credit_pb2.REPAIR_OUTCOME_APPROVED,
            decision_number="修1号",
            decided_on="2026-05-06",
            penalty_number=number,
            party=party,
        )
        with pytest.raises(ActRefusedError) as caught:
            changsha.decide("credit.repair", case, naming)
        assert broken_in(caught) == {("credit.repair.approve.penalty_number", Reason.ACT_NOT_ALLOWED)}


@pytest.mark.parametrize("listing", ["changsha-99", "hefei-0"])
def test_a_repair_names_a_listing_of_this_city(desks: tuple[CaseworkCity, CaseworkCity], listing: str) -> None:
    with pytest.raises(ActRefusedError) as caught:
        repairing(desks[0], applying(listing))
    assert broken_in(caught) == {("credit.repair.apply.listing", Reason.ACT_NOT_ALLOWED)}


def test_a_repair_takes_nobody_elses_listing_off(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, _ = desks
    changsha.decide("listing.abnormal", "", listed())
    (record,) = ListingLifecycle(changsha.store, changsha.clock, changsha.cases.repository).run()
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("credit.repair", "", applying(record, "91420100MA00TEXT0W"))
    assert broken_in(caught) == {("credit.repair.apply.listing", Reason.ACT_NOT_ALLOWED)}
    assert changsha.act("credit.repair", "", applying(record)).state == "applied"
