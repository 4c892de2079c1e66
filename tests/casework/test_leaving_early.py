"""Who leaves the list of serious violations early, and when that is public (order 44 Arts 16, 18)."""

from typing import Any

import pytest

from node.errors import Reason
from node.stubs.standard.v1 import listing_pb2
from node.stubs.standard.v1 import penalty_pb2 as pb
from node.usecases.casework.lists.lifecycle import ListingLifecycle
from node.usecases.casework.propose import ActRefusedError
from tests.kit.casework.casework_city import CaseworkCity, at, broken_in
from tests.kit.casework.listings import deciding, told_beforehand
from tests.kit.casework.penalties import penalised
from tests.kit.casework.repairs import SHOWN, applying

Desks = tuple[CaseworkCity, CaseworkCity]


def listed(desk: CaseworkCity, **penalty: Any) -> str:
    """The record of a serious listing of the sixth of May 2026."""
    body = deciding("2029-05-06")
    if penalty:
        body.penalty.CopyFrom(listing_pb2.PenaltyLink(decision_number="罚1号", **penalty))
    desk.decide("listing.serious", told_beforehand(desk), body)
    (record,) = ListingLifecycle(desk.store, desk.clock, desk.cases.repository).run()
    desk.clock.at_ms = at("2027-05-06")
    return record


def refused(desk: CaseworkCity, body: Any) -> set[tuple[str, Reason]]:
    with pytest.raises(ActRefusedError) as caught:
        desk.act("credit.repair", "", body)
    return broken_in(caught)


def test_correction_3_duties_are_done_and_harm_is_undone(desks: Desks) -> None:
    changsha, _ = desks
    record = listed(changsha)
    for title in SHOWN:
        left = tuple(other for other in SHOWN if other != title)
        assert refused(changsha, applying(record, shown=left)) == {
            (f"credit.repair.apply.{title}", Reason.ACT_INCOMPLETE)
        }
    assert changsha.act("credit.repair", "", applying(record)).state == "applied"


def test_correction_3_nobody_leaves_while_a_restriction_runs(desks: Desks) -> None:
    changsha, _ = desks
    kinds = [pb.PENALTY_KIND_OCCUPATION_RESTRICTED]
    record = listed(changsha, kinds=kinds, restricted_until="2028-05-06")
    for day in ("2027-05-06", "2028-05-06"):
        changsha.clock.at_ms = at(day)
        assert refused(changsha, applying(record)) == {
            ("credit.repair.apply.penalty.restricted_until", Reason.ACT_TOO_EARLY)
        }
    changsha.clock.at_ms = at("2028-05-07")
    assert changsha.act("credit.repair", "", applying(record)).state == "applied"


@pytest.mark.parametrize(
    ("kind", "decided_on", "is_refused"),
    [
        (pb.PENALTY_KIND_BUSINESS_SUSPENDED, "2026-09-01", True),
        (pb.PENALTY_KIND_FINE, "2026-09-01", False),
        (pb.PENALTY_KIND_BUSINESS_SUSPENDED, "2026-04-01", False),
    ],
    ids=["heavy_and_later", "light", "earlier"],
)
def test_correction_3_nobody_leaves_who_was_given_a_heavy_penalty_again(
    desks: Desks, kind: "pb.PenaltyKind.ValueType", decided_on: str, *, is_refused: bool
) -> None:
    """By whatever city."""
    changsha, hefei = desks
    record = listed(changsha)
    penalised(hefei, kinds=[kind], decided_on=decided_on)
    changsha.pull(hefei, lambda view: view, purpose="enforcement")
    if is_refused:
        assert refused(changsha, applying(record)) == {("credit.repair.apply.new_penalty", Reason.ACT_NOT_ALLOWED)}
    else:
        assert changsha.act("credit.repair", "", applying(record)).state == "applied"
