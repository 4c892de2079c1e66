"""The body of a record, as far as a view discloses it: every reader of a log asks here, and trusts no city's bytes."""

from collections.abc import Collection

from google.protobuf.message import DecodeError, Message

from node.core.log.record import disclosed_bodies, is_dated, parse_header
from node.core.standards import standard as standards
from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.record.v1.record_pb2 import Header, View


def read_view(stored: bytes) -> tuple[Header, View]:
    """A stored view and its header.

    Raises:
        NodeError: BAD_COMMITMENT, no view with a header. What was verified when it was stored is one.
    """
    try:
        view = View.FromString(stored)
    except DecodeError:
        raise NodeError(Reason.BAD_COMMITMENT, _("the view cannot be parsed")) from None
    return parse_header(view.header), view


def read_body(header: Header, view: View, facets: Collection[int] | None = None) -> Message:
    """What a view discloses of a record.

    Args:
        header: Of the view.
        view: Of a record of any standard, made by whatever city.
        facets: Numbers of the facets to read; None for all that are disclosed.

    Raises:
        NodeError: UNKNOWN_STANDARD, or INVALID_FIELD: a body that is no message of its standard, or holds what that
            does not allow. A reader passes over such a record and says so; it ends no question about others.
    """
    standard = standards.get(header.standard, header.version)
    if header.facets != len(standard.facets):
        raise NodeError(
            Reason.INVALID_FIELD,
            _("{facets} facets, but the standard has {count}", facets=header.facets, count=len(standard.facets)),
        )
    if not is_dated(header):
        raise NodeError(Reason.INVALID_FIELD, _("a time of the record is out of range"))
    if facets is None:
        return standard.merge(disclosed_bodies(view))
    return standard.merge(facet.body for number, facet in enumerate(view.facets, 1) if facet.salt and number in facets)
