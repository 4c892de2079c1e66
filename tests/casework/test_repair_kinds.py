"""What else is repaired than listings and penalties: a spot check's result, a sole trader's abnormal mark."""

from typing import Any

import pytest

from node.core.standards import standard as standards
from node.errors import Reason
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1 import credit_pb2 as pb
from node.usecases.casework.propose import ActRefusedError
from node.usecases.records.retract import retract
from tests.kit.casework.casework_city import CaseworkCity, act, broken_in
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
