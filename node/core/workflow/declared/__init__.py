"""Every declared workflow."""

from types import MappingProxyType

from node.core.workflow.declaration import read_workflow
from node.core.workflow.model import Workflow
from node.errors import NodeError, Reason
from node.messages import _

WORKFLOWS = MappingProxyType(
    {
        name: read_workflow(name)
        for name in (
            "referral",
            "complaint",
            "listing.serious",
            "listing.abnormal",
            "listing.platform",
            "listing.hit",
            "credit.repair",
            "measure.request",
            "alert",
        )
    }
)
COMPLAINT = WORKFLOWS["complaint"]
REFERRAL = WORKFLOWS["referral"]


def workflow(name: str) -> Workflow:
    """The workflow of a standard.

    Raises:
        NodeError: NOT_FOUND, no such workflow.
    """
    try:
        return WORKFLOWS[name]
    except KeyError:
        raise NodeError(
            Reason.NOT_FOUND, _("no workflow {name}; known: {WORKFLOWS}", name=name, WORKFLOWS=list(WORKFLOWS))
        ) from None
