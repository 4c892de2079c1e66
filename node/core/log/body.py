"""The body of a record, as far as it is disclosed: every reader of a log asks here, and trusts no city's bytes."""

from collections.abc import Collection, Iterable

from google.protobuf.message import Message

from node.core.log.record import Record, is_dated
from node.core.standards import standard as standards
from node.core.standards.standard import Standard
from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.record.v1.record_pb2 import Common, Header


def read_body(record: Record, facets: Collection[int] | None = None) -> Message:
    """What is disclosed of a record.

    Args:
        record: An open one, of any standard, made by whatever city.
        facets: Numbers of the facets to read; None for all that are disclosed.

    Raises:
        NodeError: UNKNOWN_STANDARD, or INVALID_FIELD: a body that is no message of its standard, or holds what that
            does not allow. A reader passes over such a record and says so; it ends no question about others.
    """
    return standard_of(record.header).merge(record.bodies(facets))


def join_bodies(record: Record, facets: Collection[int]) -> bytes:
    """The bodies of these facets, as far as they are disclosed, end to end: for `read_bodies`."""
    return b"".join(record.bodies(facets))


def read_bodies(standard: str, version: int, bodies: Iterable[bytes]) -> Message:
    """The bodies of facets of a record whose header `standard_of` has allowed.

    Raises:
        NodeError: As `read_body`.
    """
    return standards.get(standard, version).merge(bodies)


def standard_of(header: Header | Common) -> Standard:
    """The standard of the bodies under a header.

    Raises:
        NodeError: UNKNOWN_STANDARD, or INVALID_FIELD: another number of facets, or a time that is none.
    """
    standard = standards.get(header.standard, header.version)
    if header.facets != len(standard.facets):
        raise NodeError(
            Reason.INVALID_FIELD,
            _("{facets} facets, but the standard has {count}", facets=header.facets, count=len(standard.facets)),
        )
    if not is_dated(header):
        raise NodeError(Reason.INVALID_FIELD, _("a time of the record is out of range"))
    return standard
