"""A case that every member may see though its workflow does not say so: told before it is final, and when it is."""

import pytest

from node.core.log.record import EVERYONE
from node.usecases.casework.propose import Submission
from tests.kit.casework.casework_city import LI, TWO, ZHANG, CaseworkCity, drafted_referral, referring, with_act
from tests.kit.samples.standards import alert

Three = tuple[CaseworkCity, CaseworkCity, CaseworkCity]
TOLD = [("also_to", "seen_by_all")]


def _drafted(changsha: CaseworkCity) -> str:
    case = changsha.act("referral", "", drafted_referral()).case
    changsha.decide("referral", case, referring("approve"))
    return case


@pytest.mark.parametrize(("also_to", "told"), [((EVERYONE,), TOLD), (("wuhan",), []), ((), [])])
def test_a_referral_to_all_is_told_with_the_draft_and_with_the_act(
    three: Three, also_to: tuple[str, ...], told: list[tuple[str, str]]
) -> None:
    changsha, *_ = three
    body = referring("send", officers=TWO, article="市场监督管理行政处罚程序规定 第14条")
    submission = Submission("referral", _drafted(changsha), body.SerializeToString(), also_to)
    draft = changsha.casework.prepare(ZHANG, submission)
    assert [(each.field, each.reason) for each in draft.warnings] == told
    recorded = changsha.casework.approve(LI, draft.number)
    assert [(each.field, each.reason) for each in recorded.warnings] == told
    assert (recorded.audience == (EVERYONE,)) is bool(told)


@pytest.mark.parametrize("also_to", [(), (EVERYONE,)])
def test_an_alert_is_for_all_anyway(three: Three, also_to: tuple[str, ...]) -> None:
    body = with_act(alert(), "issue")
    draft = three[0].casework.prepare(ZHANG, Submission("alert", "", body.SerializeToString(), also_to))
    assert list(draft.warnings) == []
