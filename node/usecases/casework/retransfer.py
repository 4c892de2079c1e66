"""A matter that a city received is not referred on as a new case: it objects, and the common superior designates."""

from collections.abc import Iterable

from node.core.workflow.model import Workflow
from node.core.workflow.rules import Broken
from node.errors import Reason
from node.standard.v1.referral_pb2 import REFERRAL_KIND_ASSISTANCE, Referral
from node.usecases.casework.case_file import CaseFile
from node.usecases.casework.follow_up import said_in

_ASSISTANCE = "assistance"


def broken_by_retransfer(workflow: Workflow, message: Referral, here: str, origins: Iterable[CaseFile]) -> list[Broken]:
    """What referring on a received matter breaks. Assistance is no transfer: it may be asked for in any matter.

    Args:
        workflow: of referrals.
        message: the act.
        here: this city.
        origins: the cases that the act says it comes from.
    """
    if message.kind == REFERRAL_KIND_ASSISTANCE or not any(_is_passed_on(each, message, here) for each in origins):
        return []
    rule = workflow.forbids["retransfer"]
    name = f"{workflow.name}.{message.act.act}.retransfer"
    return [Broken(name, Reason.ACT_NOT_ALLOWED, rule.law, rule.why.zh, rule.why.en)]


def _is_passed_on(origin: CaseFile, message: Referral, here: str) -> bool:
    case = origin.case
    is_received = origin.workflow.name == "referral" and case.parties.get("addressee") == here
    if not is_received or case.situation.kept.get("kind") == _ASSISTANCE:
        return False
    return case.state != "designated_elsewhere" or message.to_city not in ("", said_in(origin).designated_city)  # type: ignore[attr-defined]
