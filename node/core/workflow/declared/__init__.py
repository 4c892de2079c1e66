"""Every declared workflow."""

from types import MappingProxyType

from node.core.workflow.declared.alert import ALERT
from node.core.workflow.declared.complaint import COMPLAINT
from node.core.workflow.declared.credit_repair import CREDIT_REPAIR
from node.core.workflow.declared.listing_abnormal import LISTING_ABNORMAL
from node.core.workflow.declared.listing_hit import LISTING_HIT
from node.core.workflow.declared.listing_platform import LISTING_PLATFORM
from node.core.workflow.declared.listing_serious import LISTING_SERIOUS
from node.core.workflow.declared.measure_request import MEASURE_REQUEST
from node.core.workflow.declared.referral import REFERRAL
from node.core.workflow.model import Workflow
from node.errors import NodeError, Reason
from node.messages import _

WORKFLOWS = MappingProxyType(
    {
        each.name: each
        for each in (
            REFERRAL,
            COMPLAINT,
            LISTING_SERIOUS,
            LISTING_ABNORMAL,
            LISTING_PLATFORM,
            LISTING_HIT,
            CREDIT_REPAIR,
            MEASURE_REQUEST,
            ALERT,
        )
    }
)


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
