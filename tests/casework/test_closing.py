"""A case with a penalty is closed once the penalty was carried out, or need not be any more."""

import pytest

from node.errors import Reason
from node.stubs.standard.v1 import referral_pb2
from node.usecases.casework.propose import ActRefusedError
from tests.kit.casework.casework_city import CaseworkCity, broken_in, documents, referring
from tests.kit.casework.penalties import investigated, penalising

PAID = referring("execute_penalty", documents=documents("处罚执行凭证"))
ENDED = referring("end_execution", documents=documents("终结执行裁定书"))


@pytest.mark.parametrize("over", [PAID, ENDED], ids=["paid", "ended_by_court"])
def test_correction_13_a_case_is_closed_once_the_penalty_is_carried_out_or_a_court_ended_that(
    desks: tuple[CaseworkCity, CaseworkCity], over: referral_pb2.Referral
) -> None:
    _, hefei = desks
    case = investigated(hefei, hefei)
    hefei.decide("referral", case, penalising())
    with pytest.raises(ActRefusedError) as caught:
        hefei.decide("referral", case, referring("close"))
    assert broken_in(caught) == {("referral.close.state", Reason.ACT_NOT_ALLOWED)}
    assert hefei.act("referral", case, over).state == "executed"
    assert hefei.decide("referral", case, referring("close")).state == "closed"


def test_correction_13_a_revoked_penalty_is_not_carried_out(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    _, hefei = desks
    case = investigated(hefei, hefei)
    hefei.decide("referral", case, penalising())
    with pytest.raises(ActRefusedError) as caught:
        hefei.act("referral", case, referring("drop_execution"))
    assert broken_in(caught) == {("referral.drop_execution.penalty_revoked_on", Reason.ACT_TOO_EARLY)}
    papers = documents("撤销行政处罚决定书")
    revoked = referring("revoke_penalty", reasons="证据不足", document_number="撤1号", documents=papers)
    hefei.decide("referral", case, revoked)
    hefei.act("referral", case, referring("drop_execution"))
    assert hefei.decide("referral", case, referring("close")).state == "closed"


def test_correction_13_a_case_without_a_penalty_is_closed_at_once(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    _, hefei = desks
    case = investigated(hefei, hefei)
    decided = referring("no_penalty", document_number="不罚1号", article="行政处罚法 第33条", reasons="轻微")
    hefei.decide("referral", case, decided)
    assert hefei.decide("referral", case, referring("close")).state == "closed"
