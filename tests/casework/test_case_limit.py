"""The ninety days of a case: what stops them, and that they count again on the right day."""

import pytest

from node.errors import Reason
from node.usecases.casework.propose import ActRefusedError
from tests.kit.casework.casework_city import CaseworkCity, at, broken_in, documents, referring, shown
from tests.kit.casework.penalties import investigated


def limit(desk: CaseworkCity, case: str, day: str) -> tuple[str, str]:
    """State and last day of the limit to decide the case."""
    return next((each.state, each.due) for each in shown(desk, case, day).clocks if each.rule == "case.decision")


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("testing", "检测委托书", "检测报告"),
        ("hearing", "听证通知书", "听证报告"),
        ("announcement", "公告", ""),
        ("refund", "责令退款通知书", ""),
    ],
)
def test_correction_11_testing_hearing_and_announcement_stop_the_ninety_days(
    desks: tuple[CaseworkCity, CaseworkCity], name: str, first: str, last: str
) -> None:
    """From the day it begins until the day before it ends: ten days of it move the last day by ten."""
    _, hefei = desks
    case = investigated(hefei, hefei)
    assert limit(hefei, case, "2026-05-06") == ("running", "2026-08-04")
    hefei.clock.at_ms = at("2026-05-11")
    hefei.act("referral", case, referring(f"begin_{name}", documents=documents(first)))
    assert limit(hefei, case, "2026-05-20") == ("suspended", "")
    hefei.clock.at_ms = at("2026-05-21")
    hefei.act("referral", case, referring(f"end_{name}", documents=documents(*filter(None, [last]))))
    assert limit(hefei, case, "2026-05-21") == ("running", "2026-08-14")
    with pytest.raises(ActRefusedError) as caught:  # it has ended already
        hefei.act("referral", case, referring(f"end_{name}", documents=documents(*filter(None, [last]))))
    assert broken_in(caught) == {(f"referral.end_{name}.case.decision", Reason.ACT_NOT_ALLOWED)}


def test_correction_11_a_hearing_while_samples_are_tested_ends_without_ending_the_testing(
    desks: tuple[CaseworkCity, CaseworkCity],
) -> None:
    _, hefei = desks
    case = investigated(hefei, hefei)
    hefei.act("referral", case, referring("begin_testing", documents=documents("检测委托书")))
    hefei.act("referral", case, referring("begin_hearing", documents=documents("听证通知书")))
    hefei.clock.at_ms = at("2026-05-12")
    hefei.act("referral", case, referring("end_hearing", documents=documents("听证报告")))
    assert limit(hefei, case, "2026-05-12") == ("suspended", "")
    hefei.clock.at_ms = at("2026-05-16")
    hefei.act("referral", case, referring("end_testing", documents=documents("检测报告")))
    assert limit(hefei, case, "2026-05-16") == ("running", "2026-08-13")  # the day of filing never counted
