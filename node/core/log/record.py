"""Records: commitments, leaves, and the views that peers may see of them.

    commitment = SHA-256(domain tag || facet number, 4 bytes big-endian || 16-byte salt || facet body)
    leaf       = SHA-256(0x00 || header bytes || commitments in order of facet number)

The header names the number of its commitments and has one form (fields in order, none twice, none unknown): no bytes
can be divided into header and commitments in two ways.
Header bytes and facet bodies are hashed and stored as they came, never re-serialised.
"""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from google.protobuf.message import DecodeError

from node.core.log.merkle import HASH_BYTES, hash_leaf
from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.record.v1.record_pb2 import Header, View

SALT_BYTES = 16
MAX_FACETS = 16
# Of the place of a record in its city's log.
INDEX_BITS = 40
EVERYONE = "all"
CASEWORK = "casework"
"""The source of what a case made: its acts, and the records they lead to. No row has it."""
OWN_SOURCES = (CASEWORK, "node")
"""The sources of what the node writes itself; no row has one of them."""
_TAG = b"gongzhi.facet.v1"
# Tags and lengths of record.proto's View and Facet on the wire.
_HEADER, _FACET, _BODY = 0x0A, 0x12, 0x12
_LEAF_HASH, _SALT, _COMMITMENT = b"\x1a\x20", b"\x0a\x10", b"\x1a\x20"
_EMPTY_FACET = b"\x12\x12" + _SALT
_MASKED = b"\x12\x22" + _COMMITMENT
_MASKED_BYTES = 2 + HASH_BYTES
_MAX_SHIFT = 28
# 9000-01-01.
_LATEST_MS = 221_845_392_000_000
_RECORD_ID = re.compile(r"(.+)-(0|[1-9][0-9]{0,12})", re.DOTALL)
_PREFIXES = tuple(_TAG + number.to_bytes(4, "big") for number in range(MAX_FACETS + 1))


class Opened(NamedTuple):
    """A view that was hashed: its leaf hash and, unless it is withheld whole, its parsed header."""

    leaf_hash: bytes
    header: Header | None


def commit(number: int, salt: bytes, body: bytes) -> bytes:
    """The commitment to facet `number` (1-based)."""
    return sha256(_PREFIXES[number] + salt + body).digest()


def hash_record(header: bytes, commitments: Sequence[bytes]) -> bytes:
    """The leaf hash of a record."""
    return hash_leaf(header + b"".join(commitments))


def record_id(city: str, index: int) -> str:
    """The id of the record at leaf `index` of a city's log."""
    return f"{city}-{index}"


def parse_record_id(text: str) -> tuple[str, int]:
    """The city and leaf index of a record id.

    Raises:
        NodeError: INVALID_ARGUMENT, not a record id.
    """
    match = _RECORD_ID.fullmatch(text)
    if match is None or (index := int(match[2])) >> INDEX_BITS:
        raise NodeError(Reason.INVALID_ARGUMENT, _("not a record id (<city>-<leaf index>): {text!r}", text=text[:80]))
    return match[1], index


@lru_cache(maxsize=4096)  # an act's case and the acts it follows are named again and again
def is_record_id(text: str) -> bool:
    """Whether a text is a record id."""
    try:
        parse_record_id(text)
    except NodeError:
        return False
    return True


def seal(header: Header, bodies: Sequence[bytes], salts: bytes) -> tuple[bytes, bytes]:
    """Makes the leaf hash and the serialised full view of a new record.

    Args:
        header: Complete but for `facets`, which is set here.
        bodies: One facet body for each facet number 1..n, empty where the facet holds nothing.
        salts: At least n * 16 random bytes, used for nothing else.
    """
    header.facets = len(bodies)
    header_bytes = header.SerializeToString()
    commitments, view = [], [_field(_HEADER, header_bytes)]
    for number, body in enumerate(bodies, 1):
        salt = salts[(number - 1) * SALT_BYTES : number * SALT_BYTES]
        commitments.append(commit(number, salt, body))
        view.append(_field(_FACET, _SALT + salt + _field(_BODY, body)) if body else _EMPTY_FACET + salt)
    return hash_record(header_bytes, commitments), b"".join(view)


def _field(tag: int, content: bytes) -> bytes:
    """A length-delimited field on the wire."""
    length, varint = len(content), bytearray((tag,))
    while length > 127:
        varint.append(length & 127 | 128)
        length >>= 7
    varint.append(length)
    return bytes(varint) + content


def mask(view: View, disclosed: Collection[int]) -> None:
    """Replaces the facets of a view that are not in `disclosed` by their commitments, in place."""
    wire = view.SerializeToString()
    if view.header:
        view.ParseFromString(mask_wire(wire, cut_wire(wire)[1], disclosed))


def open_view(view: View) -> Opened:
    """Hashes a view as its receiver does.

    Raises:
        NodeError: BAD_COMMITMENT, the view is not of the form header + facets or leaf hash alone.
    """
    return open_wire(view.SerializeToString())


def open_wire(wire: bytes) -> Opened:
    """Hashes a serialised view: what is hashed, and may be stored, is the bytes as they came.

    Raises:
        NodeError: BAD_COMMITMENT, the view is not of the form header + facets or leaf hash alone.
    """
    if wire[:2] == _LEAF_HASH and len(wire) == 2 + HASH_BYTES:
        return Opened(wire[2:], None)
    header_bytes, facets = cut_wire(wire)
    header = parse_header(header_bytes)
    # A commitment that reads as header fields could otherwise move into the header: one leaf, two records.
    header.DiscardUnknownFields()
    if header.SerializeToString() != header_bytes:
        raise NodeError(Reason.BAD_COMMITMENT, _("the header of {id!r} is not in its one form", id=header.id[:80]))
    if len(facets) != header.facets:
        text = _("{id!r} has {facets} facets, not {count}", id=header.id[:80], facets=len(facets), count=header.facets)
        raise NodeError(Reason.BAD_COMMITMENT, text)
    commitments = [_commitment(wire, number, begin, end) for number, (begin, end) in enumerate(facets, 1)]
    return Opened(hash_record(header_bytes, commitments), header)


def cut_wire(wire: bytes) -> tuple[bytes, list[tuple[int, int]]]:
    """The header bytes of a serialised view, and where the content of each facet begins and ends.

    Raises:
        NodeError: BAD_COMMITMENT, not a view with a header.
    """
    facets: list[tuple[int, int]] = []
    try:
        begin, end = _span(wire, 0, _HEADER)
        header, size = wire[begin:end], len(wire)
        while end < size:
            if wire[end] == _FACET and (length := wire[end + 1]) < 128:  # most are: spared a call
                begin = end + 2
                end = begin + length
            else:
                begin, end = _span(wire, end, _FACET)
            facets.append((begin, end))
    except IndexError:
        raise NodeError(Reason.BAD_COMMITMENT, _("a view is truncated")) from None
    if end != size or not header or len(facets) > MAX_FACETS:
        raise NodeError(Reason.BAD_COMMITMENT, _("a view may hold only its header and its facets, or a leaf hash"))
    return header, facets


def mask_wire(wire: bytes, facets: Sequence[tuple[int, int]], disclosed: Collection[int]) -> bytes:
    """A serialised view with the facets that are not in `disclosed` replaced by their commitments.

    Args:
        wire: The view.
        facets: As `cut_wire` found them.
        disclosed: Facet numbers.
    """
    parts: list[bytes] = []
    done = 0
    for number, (begin, end) in enumerate(facets, 1):
        if number not in disclosed:
            # The masked facet's own tag and length go with it.
            parts += (wire[done : _tag_before(begin, end)], _MASKED, _commitment(wire, number, begin, end))
            done = end
    return b"".join((*parts, wire[done:]))


def _span(wire: bytes, at: int, tag: int) -> tuple[int, int]:
    """Where the length-delimited field that begins at `at` has its content."""
    if wire[at] != tag:
        raise NodeError(Reason.BAD_COMMITMENT, _("a view has an unknown field"))
    length, at = wire[at + 1], at + 2
    if length < 128:
        return at, at + length
    shift = 7
    while length >> shift:  # a varint goes on while its highest bit is set
        length = length & ((1 << shift) - 1) | wire[at] << shift
        at, shift = at + 1, shift + 7
        if shift > _MAX_SHIFT or not length >> (shift - 14):  # more bytes than the length needs: not the one form
            raise NodeError(Reason.BAD_COMMITMENT, _("a view has a field of invalid length"))
    return at, at + length


def _commitment(wire: bytes, number: int, begin: int, end: int) -> bytes:
    """The commitment of the facet whose content is wire[begin:end]: hashed where it is open, as it stands where not."""
    if end - begin == _MASKED_BYTES and wire[begin : begin + 2] == _COMMITMENT:
        return wire[begin + 2 : end]
    body_at = salt_end = begin + 2 + SALT_BYTES
    if salt_end < end:
        body_at, body_end = _span(wire, salt_end, _BODY)
    else:
        body_end = salt_end
    if wire[begin : begin + 2] != _SALT or body_end != end:
        raise NodeError(Reason.BAD_COMMITMENT, _("facet {number} has neither a body nor a commitment", number=number))
    return sha256(_PREFIXES[number] + wire[begin + 2 : salt_end] + wire[body_at:end]).digest()


def _tag_before(begin: int, end: int) -> int:
    """Where the field whose content goes from `begin` to `end` has its tag."""
    return begin - 2 - max(0, ((end - begin).bit_length() - 1) // 7)


def parse_header(header: bytes) -> Header:
    """Parses header bytes.

    Raises:
        NodeError: BAD_COMMITMENT, not a header.
    """
    try:
        return Header.FromString(header)
    except DecodeError as error:
        raise NodeError(Reason.BAD_COMMITMENT, _("the header is not a record header")) from error


def is_dated(header: Header) -> bool:
    """Whether a record says when it was issued, so that it and every term counted from it can be told as a day."""
    return 0 <= header.issued_at_ms < _LATEST_MS


def disclosed_bodies(view: View) -> list[bytes]:
    """The facet bodies that a view discloses; their concatenation is the body the viewer may see."""
    return [facet.body for facet in view.facets if facet.salt]


def disclosed_facets(view: View) -> frozenset[int]:
    """The numbers of the facets that a view discloses."""
    return frozenset(number for number, facet in enumerate(view.facets, 1) if facet.salt)
