"""What binds a party while its case runs: evidence kept for seven working days, goods sealed for thirty days."""

import pytest

from node.errors import Reason
from node.usecases.casework.propose import ActRefusedError
from tests.kit.casework.casework_city import TWO, CaseworkCity, at, broken_in, documents, referring, shown
from tests.kit.casework.penalties import investigated

Desks = tuple[CaseworkCity, CaseworkCity]


def limit(desk: CaseworkCity, case: str, rule: str, day: str = "2026-05-06") -> tuple[str, str]:
    (clock,) = [each for each in shown(desk, case, day).clocks if each.rule == rule]
    assert list(clock.owed_by) == ["hefei"]
    return clock.due, clock.state


def test_what_is_kept_as_evidence_is_decided_on_in_seven_working_days(desks: Desks) -> None:
    _, hefei = desks
    case = investigated(*desks)
    keeping = referring("preserve", documents=documents("先行登记保存通知书"))
    with pytest.raises(ActRefusedError) as caught:
        hefei.decide("referral", case, keeping)
    assert broken_in(caught) == {("referral.preserve.officers", Reason.ACT_INCOMPLETE)}
    keeping.act.officers.extend(TWO)
    assert hefei.decide("referral", case, keeping).state == "investigating"
    assert limit(hefei, case, "evidence.preservation") == ("2026-05-14", "running")
    assert limit(hefei, case, "evidence.preservation", "2026-05-15")[1] == "overdue"
    hefei.decide("referral", case, referring("decide_preserved", reasons="退还"))
    assert limit(hefei, case, "evidence.preservation", "2026-05-15")[1] == "met"


def test_goods_are_sealed_for_thirty_days_and_once_thirty_more(desks: Desks) -> None:
    """Days of the calendar: the last one does not move to a working day."""
    _, hefei = desks
    case = investigated(*desks)
    papers = documents("查封扣押决定书")
    sealing = referring("seize", officers=TWO, document_number="合市监强制〔2026〕1号", documents=papers)
    hefei.decide("referral", case, sealing)
    assert limit(hefei, case, "measure.seizure") == ("2026-06-05", "running")
    hefei.decide("referral", case, referring("extend_seizure", reasons="情况复杂"))
    assert limit(hefei, case, "measure.seizure") == ("2026-07-05", "running")  # a Sunday
    with pytest.raises(ActRefusedError) as caught:
        hefei.decide("referral", case, referring("extend_seizure", reasons="仍复杂"))
    assert {rule for rule, _ in broken_in(caught)} == {"referral.extend_seizure.measure.seizure"}
    assert limit(hefei, case, "measure.seizure", "2026-07-06")[1] == "overdue"
    hefei.clock.at_ms = at("2026-07-03")
    hefei.decide("referral", case, referring("end_seizure", reasons="解除"))
    assert limit(hefei, case, "measure.seizure", "2026-07-06")[1] == "met"
    with pytest.raises(ActRefusedError):
        hefei.decide("referral", case, referring("extend_seizure", reasons="再"))
