"""What a grant discloses of a stored record: conditions look at whole bodies, or decide nothing."""

from collections.abc import Callable

from google.protobuf.message import Message

from node.core.log.body import read_body
from node.core.log.record import disclosed_facets
from node.core.policy.grant import Grant
from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.record.v1.record_pb2 import Header, View

Disclosed = frozenset[int] | None
"""Facet numbers; None: withheld whole."""


def decide(grant: Grant, header: Header, view: Callable[[], View], undecided: Disclosed = None) -> Disclosed:
    """The facets of a record that the holder of a grant may see.

    Args:
        grant: Of a peer, for a purpose.
        header: Of the record.
        view: Gives the record as it is stored; asked only where a condition has to see the body.
        undecided: The answer where a condition would have to look at what is not there. A log that came back from
            peers may lack facets, and a masked one must not read as an empty one.
    """
    key = (header.standard, header.version)
    try:
        return grant.decide(header, key, lambda: _whole_body(header, view()))
    except NodeError:
        return undecided


def _whole_body(header: Header, view: View) -> Message:
    if len(disclosed_facets(view)) < header.facets:
        raise NodeError(Reason.POLICY_DENIED, _("this node does not hold the whole of {id}", id=header.id))
    return read_body(header, view)
