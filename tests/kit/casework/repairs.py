"""Applications for credit repair."""

from typing import Any

from node.stubs.standard.v1 import credit_pb2
from tests.kit.casework.casework_city import documents, with_act
from tests.kit.samples.standards import PARTY, repair

SHOWN = ("履行义务证明", "消除危害后果证明")


def applying(listing: str, code: str = PARTY.uscc, shown: tuple[str, ...] = SHOWN) -> Any:
    """An application with its proofs."""
    body = repair()
    assert isinstance(body, credit_pb2.CreditRepair)
    body.home_city, body.listing, body.party.uscc = "changsha", listing, code
    return with_act(body, "apply", documents=documents("信用修复申请书", *shown))
