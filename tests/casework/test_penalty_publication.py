"""Publishing a penalty, and withdrawing it (order 45 Arts 2, 9, 10, 11)."""

from typing import Any

import pytest

from node.errors import Reason
from node.stubs.standard.v1 import penalty_pb2, referral_pb2
from node.usecases.casework.propose import ActRefusedError
from tests.kit.casework.casework_city import CaseworkCity, at, broken_in, documents, referring, shown
from tests.kit.casework.penalties import investigated, penalising

OWN, OTHER, NONE = (
    referral_pb2.PENALTY_PUBLICATION_OWN_PROVINCE,
    referral_pb2.PENALTY_PUBLICATION_OTHER_PROVINCE,
    referral_pb2.PENALTY_PUBLICATION_NONE,
)
WARNING: dict[str, Any] = {"kinds": [penalty_pb2.PENALTY_KIND_WARNING], "fine": None}


def penalties_limits(desk: CaseworkCity, case: str, day: str = "2026-05-06") -> dict[str, tuple[str, str]]:
    """Rule -> state and last day of what runs of a penalty."""
    clocks = shown(desk, case, day).clocks
    return {each.rule: (each.state, each.due) for each in clocks if each.rule.startswith("penalty.")}


def revoking() -> referral_pb2.Referral:
    papers = documents("撤销行政处罚决定书")
    return referring("revoke_penalty", reasons="证据不足", document_number="撤1号", documents=papers)


def test_correction_4_a_penalty_of_the_own_province_is_published_in_twenty_working_days(
    desks: tuple[CaseworkCity, CaseworkCity],
) -> None:
    _, hefei = desks
    case = investigated(hefei, hefei)
    hefei.decide("referral", case, penalising(publication=OWN))
    assert penalties_limits(hefei, case) == {"penalty.publication": ("running", "2026-06-02")}
    with pytest.raises(ActRefusedError) as caught:
        hefei.act("referral", case, referring("push_penalty", documents=documents("协助公示函")))
    assert broken_in(caught) == {("referral.push_penalty.sanction.publication", Reason.ACT_NOT_ALLOWED)}
    hefei.act("referral", case, referring("publish_penalty"))
    assert penalties_limits(hefei, case)["penalty.publication"][0] == "met"


def test_correction_4_a_penalty_of_another_province_is_pushed_in_ten_and_published_in_ten(
    desks: tuple[CaseworkCity, CaseworkCity],
) -> None:
    _, hefei = desks
    case = investigated(hefei, hefei)
    hefei.decide("referral", case, penalising(publication=OTHER))
    assert penalties_limits(hefei, case) == {"penalty.push": ("running", "2026-05-19")}
    hefei.clock.at_ms = at("2026-05-08")
    hefei.act("referral", case, referring("push_penalty", documents=documents("协助公示函")))
    running = {"penalty.push": ("met", "2026-05-19"), "penalty.publication_by_home": ("running", "2026-05-21")}
    assert penalties_limits(hefei, case, "2026-05-08") == running
    (owed,) = {tuple(each.owed_by) for each in shown(hefei, case).clocks if each.rule == "penalty.publication_by_home"}
    assert owed == ("home_organ",)
    hefei.clock.at_ms = at("2026-05-25")
    hefei.act("referral", case, referring("publish_penalty", date="2026-05-20"))
    assert penalties_limits(hefei, case, "2026-05-25")["penalty.publication_by_home"] == ("met", "2026-05-21")


def test_correction_5_a_warning_alone_starts_no_clock_and_is_not_published(
    desks: tuple[CaseworkCity, CaseworkCity],
) -> None:
    _, hefei = desks
    case = investigated(hefei, hefei)
    for wrong in (penalising(publication=OWN, **WARNING), penalising(publication=NONE)):
        with pytest.raises(ActRefusedError) as caught:
            hefei.decide("referral", case, wrong)
        assert broken_in(caught) == {("referral.penalise.sanction.publication", Reason.ACT_NOT_ALLOWED)}
    hefei.decide("referral", case, penalising(publication=NONE, **WARNING))
    assert penalties_limits(hefei, case) == {}
    with pytest.raises(ActRefusedError) as caught:
        hefei.act("referral", case, referring("publish_penalty"))
    assert broken_in(caught) == {("referral.publish_penalty.sanction.publication", Reason.ACT_NOT_ALLOWED)}


def test_correction_5_a_revoked_penalty_is_withdrawn_in_three_working_days(
    desks: tuple[CaseworkCity, CaseworkCity],
) -> None:
    _, hefei = desks
    case = investigated(hefei, hefei)
    hefei.decide("referral", case, penalising(publication=OWN))
    hefei.act("referral", case, referring("publish_penalty"))
    hefei.clock.at_ms = at("2026-05-15")  # a Friday
    hefei.decide("referral", case, revoking())
    assert penalties_limits(hefei, case, "2026-05-15")["penalty.withdrawal"] == ("running", "2026-05-20")
    assert penalties_limits(hefei, case, "2026-05-21")["penalty.withdrawal"][0] == "overdue"
    with pytest.raises(ActRefusedError) as caught:
        hefei.act("referral", case, referring("publish_penalty"))
    assert broken_in(caught) == {("referral.publish_penalty.penalty_revoked_on", Reason.ACT_NOT_ALLOWED)}
    hefei.act("referral", case, referring("withdraw_publication"))
    assert penalties_limits(hefei, case, "2026-05-21")["penalty.withdrawal"][0] == "met"


def test_correction_5_what_was_never_published_is_not_withdrawn(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    _, hefei = desks
    case = investigated(hefei, hefei)
    hefei.decide("referral", case, penalising(publication=OWN))
    with pytest.raises(ActRefusedError):
        hefei.act("referral", case, referring("withdraw_publication"))
    hefei.decide("referral", case, revoking())
    assert {name: state for name, (state, _) in penalties_limits(hefei, case).items()} == {"penalty.publication": "met"}
