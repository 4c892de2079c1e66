"""What else is repaired than listings and penalties: a spot check's result, a sole trader's abnormal mark."""

from typing import Any

import pytest

from node.core.log.body import read_body
from node.core.standards import standard as standards
from node.errors import Reason
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1 import credit_pb2 as pb
from node.usecases.casework.lists.lifecycle import ListingLifecycle
from node.usecases.casework.propose import ActRefusedError
from node.usecases.records.retract import retract
from tests.kit.casework.casework_city import CaseworkCity, act, at, broken_in, documents
from tests.kit.casework.listings import deciding, told_beforehand
from tests.kit.casework.penalties import penalised
from tests.kit.casework.repairs import applying

Desks = tuple[CaseworkCity, CaseworkCity]
SPOT_CHECK, MARK = pb.REPAIR_KIND_SPOT_CHECK_UNPUBLISHED, pb.REPAIR_KIND_SOLE_TRADER_MARK


def of_kind(kind: "pb.RepairKind.ValueType", number: str = "长市监抽〔2026〕7号") -> Any:
    body = applying("")
    body.kind, body.target_number = kind, number
    return body


@pytest.mark.parametrize("kind", [SPOT_CHECK, MARK])
def test_correction_8_a_spot_check_and_a_mark_are_repaired_by_their_number(
    desks: Desks, kind: "pb.RepairKind.ValueType"
) -> None:
    changsha, _ = desks
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("credit.repair", "", of_kind(kind, ""))
    rule = "credit.repair.apply.listing|penalty_number|target_number"
    assert broken_in(caught) == {(rule, Reason.ACT_INCOMPLETE)}
    recorded = changsha.act("credit.repair", "", of_kind(kind))
    assert recorded.state == "applied"
    assert changsha.decide("credit.repair", recorded.case, pb.CreditRepair(act=act("accept"))).state == "accepted"


def test_correction_8_a_listing_does_not_stand_for_the_number(desks: Desks) -> None:
    body = of_kind(MARK, "")
    body.listing = "changsha-0"
    found = {each.reason for each in standards.get("credit.repair").findings(body) if not each.warning}
    assert "target_missing" in found


def test_correction_8_the_result_of_a_spot_check_ends_with_its_penalty(desks: Desks) -> None:
    changsha, _ = desks
    body = of_kind(SPOT_CHECK)
    body.penalty_number = penalised(changsha)
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("credit.repair", "", body)
    assert broken_in(caught) == {("credit.repair.apply.penalty_number", Reason.ACT_TOO_EARLY)}
    retract(changsha.store, changsha.clock, "changsha-0", Header(purpose="enforcement", legal_basis="x"))
    assert changsha.act("credit.repair", "", body).state == "applied"


def test_correction_8_a_company_in_reorganisation_is_repaired_for_a_time(desks: Desks) -> None:
    """Within the first year, by the court's ruling; and is listed again, to the end of its term, when that is over."""
    changsha, _ = desks
    changsha.decide("listing.serious", told_beforehand(changsha), deciding("2029-05-06"))
    keep = ListingLifecycle(changsha.store, changsha.clock, changsha.cases.repository)
    (record,) = keep.run()
    body = applying(record, shown=())
    body.kind, body.temporary_until = pb.REPAIR_KIND_REORGANISATION, "2026-12-31"
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("credit.repair", "", body)
    assert broken_in(caught) == {("credit.repair.apply.重整计划裁定书", Reason.ACT_INCOMPLETE)}
    body = applying(record, shown=("重整计划裁定书",))
    body.kind, body.temporary_until = pb.REPAIR_KIND_REORGANISATION, "2026-12-31"
    case = changsha.act("credit.repair", "", body).case
    changsha.decide("credit.repair", case, pb.CreditRepair(act=act("accept")))
    changsha.decide("credit.repair", case, _deciding("approve", pb.REPAIR_OUTCOME_APPROVED, "准予信用修复决定书"))
    changsha.act("credit.repair", case, pb.CreditRepair(act=act("execute")))
    (taken_off,) = keep.run()
    assert changsha.store.version(int(record.rpartition("-")[2]))[1]
    changsha.clock.at_ms = at("2027-01-04")
    changsha.decide("credit.repair", case, _deciding("restore", pb.REPAIR_OUTCOME_REVOKED, "恢复列入决定书"))
    (again,) = keep.run()
    listed = changsha.cases.repository.record(again)
    assert listed is not None
    restored: Any = read_body(listed)
    assert (restored.decision_number, restored.decided_on, restored.until) == ("restore1号", "2027-01-04", "2029-05-06")
    assert again not in (record, taken_off)


def test_correction_8_only_a_temporary_repair_is_ended_so(desks: Desks) -> None:
    changsha, _ = desks
    body = applying("")
    body.kind, body.penalty_number = pb.REPAIR_KIND_PENALTY_UNPUBLISHED, penalised(changsha)
    case = changsha.act("credit.repair", "", body).case
    changsha.decide("credit.repair", case, pb.CreditRepair(act=act("accept")))
    changsha.decide("credit.repair", case, _deciding("approve", pb.REPAIR_OUTCOME_APPROVED, "准予信用修复决定书"))
    changsha.act("credit.repair", case, pb.CreditRepair(act=act("execute")))
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide("credit.repair", case, _deciding("restore", pb.REPAIR_OUTCOME_REVOKED, "恢复列入决定书"))
    assert broken_in(caught) == {("credit.repair.restore.kind", Reason.ACT_NOT_ALLOWED)}


def _deciding(name: str, outcome: "pb.RepairOutcome.ValueType", paper: str) -> pb.CreditRepair:
    return pb.CreditRepair(
        act=act(name, reasons="理由", documents=documents(paper)),
        outcome=outcome,
        decision_number=f"{name}1号",
        decided_on="2026-05-06",
    )
