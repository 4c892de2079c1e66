"""A suspected crime goes to the police, who may return the file (Decree 310 Arts 5, 8, 9)."""

import pytest

from node.errors import Reason
from node.stubs.casework.v1.casework_pb2 import Clock
from node.usecases.casework.propose import ActRefusedError
from tests.kit.casework.casework_city import TWO, CaseworkCity, at, broken_in, documents, referring, send, shown
from tests.kit.casework.penalties import investigated, penalising

REPORT, LETTER = documents("移送涉嫌犯罪案件报告"), documents("涉嫌犯罪案件移送书")
RECEIPT, RETURNED = documents("移送书回执"), documents("不予立案通知书")


def clock(desk: CaseworkCity, case: str, rule: str, day: str) -> Clock:
    return [each for each in shown(desk, case, day).clocks if each.rule == rule][-1]


def handed_over(desk: CaseworkCity, case: str) -> None:
    """To the police, on the eleventh of May; reported on the eighth."""
    desk.clock.at_ms = at("2026-05-08")
    desk.act("referral", case, referring("report_crime", officers=TWO, reasons="涉嫌犯罪", documents=REPORT))
    desk.clock.at_ms = at("2026-05-11")
    desk.decide("referral", case, referring("approve_crime"))
    desk.act("referral", case, referring("transfer_crime", documents=LETTER))
    desk.act("referral", case, referring("note_receipt", documents=RECEIPT))


def test_correction_12_the_police_return_the_file_and_the_penalty_goes_on(
    desks: tuple[CaseworkCity, CaseworkCity],
) -> None:
    _, hefei = desks
    case = investigated(hefei, hefei)
    handed_over(hefei, case)
    assert hefei.state(case) == "criminal_transfer"
    approval, police = (clock(hefei, case, f"crime.{name}", "2026-05-15") for name in
                        ("transfer_decision", "police_decision"))  # fmt: skip
    assert (approval.state, approval.due) == ("met", "2026-05-11")
    assert (police.state, police.due, list(police.owed_by)) == ("overdue", "2026-05-14", ["police"])
    assert clock(hefei, case, "case.decision", "2026-05-15").state == "suspended"
    with pytest.raises(ActRefusedError) as caught:  # what the police have not decided is not closed
        hefei.decide("referral", case, referring("close"))
    assert ("referral.close.state", Reason.ACT_NOT_ALLOWED) in broken_in(caught)
    hefei.clock.at_ms = at("2026-05-21")
    returned = referring("return_crime", reasons="不构成犯罪", documents=RETURNED)
    assert hefei.act("referral", case, returned).state == "investigating"
    # Ten days with the police do not count of the ninety.
    assert clock(hefei, case, "case.decision", "2026-05-21").due == "2026-08-14"
    assert hefei.decide("referral", case, penalising()).state == "penalised"


def test_correction_12_a_clue_returned_by_the_police_is_checked_anew(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    _, hefei = desks
    case = send(hefei, "hefei")
    for name in ("receive", "accept", "verify"):
        (hefei.decide if name == "accept" else hefei.act)("referral", case, referring(name))
    handed_over(hefei, case)
    hefei.clock.at_ms = at("2026-05-21")
    returned = {"reasons": "不构成犯罪", "documents": RETURNED}
    with pytest.raises(ActRefusedError) as caught:  # no case was filed that could go on
        hefei.act("referral", case, referring("return_crime", **returned))
    assert ("referral.return_crime.filed_on", Reason.ACT_NOT_ALLOWED) in broken_in(caught)
    assert hefei.act("referral", case, referring("return_crime_of_clue", **returned)).state == "verifying"
    filing = clock(hefei, case, "clue.filing_decision", "2026-05-21")
    assert (filing.state, filing.started, filing.due) == ("running", "2026-05-21", "2026-06-11")


def test_correction_12_the_head_decides_in_three_days_and_may_refuse(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    _, hefei = desks
    case = investigated(hefei, hefei)
    with pytest.raises(ActRefusedError):  # nobody hands over what no head approved
        hefei.act("referral", case, referring("transfer_crime", documents=LETTER))
    hefei.act("referral", case, referring("report_crime", officers=TWO, reasons="涉嫌犯罪", documents=REPORT))
    deciding = clock(hefei, case, "crime.transfer_decision", "2026-05-10")
    assert (deciding.state, deciding.due) == ("overdue", "2026-05-09")
    refused = referring("refuse_crime", reasons="数额未达追诉标准")
    assert hefei.decide("referral", case, refused).state == "investigating"


def test_correction_12_what_the_police_file_is_closed(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    _, hefei = desks
    case = investigated(hefei, hefei)
    handed_over(hefei, case)
    filed = referring("note_police_filing", documents=documents("立案告知书"))
    assert hefei.act("referral", case, filed).state == "police_filed"
    assert clock(hefei, case, "crime.police_decision", "2026-05-12").state == "met"
    assert hefei.decide("referral", case, referring("close")).state == "closed"
    assert clock(hefei, case, "case.decision", "2026-05-12").state == "met"
