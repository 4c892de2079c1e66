"""What a grant discloses of a stored record: conditions look at whole bodies, or decide nothing."""

from google.protobuf.message import Message

from node.core.log.body import read_body
from node.core.log.record import Record
from node.core.policy.grant import Disclosed, Grant
from node.errors import NodeError, Reason
from node.messages import _


def decide(grant: Grant, record: Record, undecided: Disclosed = None) -> Disclosed:
    """The facets of a record that the holder of a grant may see.

    Args:
        grant: Of a peer, for a purpose.
        record: An open one, as it is stored.
        undecided: The answer where a condition would have to look at what is not there. A log that came back from
            peers may lack facets, and a masked one must not read as an empty one.
    """
    header = record.header
    try:
        return grant.decide(header, (header.standard, header.version), lambda: _whole_body(record))
    except NodeError:
        return undecided


def _whole_body(record: Record) -> Message:
    if len(record.disclosed) < record.header.facets:
        raise NodeError(Reason.POLICY_DENIED, _("this node does not hold the whole of {id}", id=record.header.id))
    return read_body(record)
