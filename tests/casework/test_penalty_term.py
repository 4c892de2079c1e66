"""A penalty is public for its term and no longer (order 45 Art 13, order 107)."""

from datetime import date

import pytest

from node.core.law.penalty_term import last_public_day
from node.stubs.standard.v1 import penalty_pb2 as pb
from node.usecases.casework.lists.lifecycle import ListingLifecycle
from tests.kit.casework.casework_city import CaseworkCity, at, referring
from tests.kit.casework.penalties import investigated, penalised, penalising, penalties

Desks = tuple[CaseworkCity, CaseworkCity]
FINE, CRITICISM, CLOSED = pb.PENALTY_KIND_FINE, pb.PENALTY_KIND_CRITICISM, pb.PENALTY_KIND_CLOSED


def keeping(desk: CaseworkCity) -> ListingLifecycle:
    return ListingLifecycle(desk.store, desk.clock, desk.cases.repository)


@pytest.mark.parametrize(
    ("kind", "stated", "public_on", "last"),
    [
        pytest.param(CRITICISM, "", "2024-03-01", "2024-06-01", id="three_months"),
        pytest.param(FINE, "", "2024-03-01", "2027-03-01", id="three_years_by_order_45"),
        pytest.param(FINE, "", "2025-12-25", "2026-12-25", id="a_year_by_order_107"),
        pytest.param(CLOSED, "", "2026-03-01", "2029-03-01", id="heavy"),
        pytest.param(FINE, "2026-07-01", "2026-03-01", "2026-07-01", id="stated"),
        pytest.param(FINE, "2029-03-01", "2026-03-01", "2029-03-01", id="stated_of_a_heavy_fine"),
        pytest.param(FINE, "2099-01-01", "2026-03-01", "2029-03-01", id="stated_too_late"),
        pytest.param(FINE, "", "2018-05-01", "2024-09-01", id="older_than_the_rules"),
    ],
)
def test_correction_6_the_last_public_day(
    kind: "pb.PenaltyKind.ValueType", stated: str, public_on: str, last: str
) -> None:
    assert last_public_day([kind], stated, date.fromisoformat(public_on)) == date.fromisoformat(last)


def test_correction_6_a_penalty_leaves_every_city_after_its_last_day(desks: Desks) -> None:
    changsha, hefei = desks
    penalised(changsha, decided_on="2026-03-01", public_until="2026-07-01")
    keep = keeping(changsha)
    for day in ("2026-05-06", "2026-07-01"):
        changsha.clock.at_ms = at(day)
        assert keep.run() == []
    assert len(penalties(changsha)) == 1
    hefei.pull(changsha, lambda view: view, purpose="enforcement")
    assert len(penalties(hefei)) == 1
    changsha.clock.at_ms = at("2026-07-02")
    assert len(keep.run()) == 1
    assert keep.run() == []
    hefei.pull(changsha, lambda view: view, purpose="enforcement")
    assert (penalties(changsha), penalties(hefei)) == ([], [])


def test_correction_6_the_term_counts_from_the_publication(desks: Desks) -> None:
    _, hefei = desks
    case = investigated(hefei, hefei)
    hefei.decide("referral", case, penalising())
    hefei.clock.at_ms = at("2026-05-20")
    hefei.act("referral", case, referring("publish_penalty"))
    keep = keeping(hefei)
    for day, left in (("2027-05-07", 1), ("2027-05-20", 1), ("2027-05-21", 0)):
        hefei.clock.at_ms = at(day)
        keep.run()
        assert len(penalties(hefei)) == left
