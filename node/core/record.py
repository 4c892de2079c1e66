"""Records: commitments, leaves, and the views that peers may see of them.

    commitment = SHA-256(domain tag || facet number, 4 bytes big-endian || 16-byte salt || facet body)
    leaf       = SHA-256(0x00 || header bytes || commitments in order of facet number)

The header names the number of its commitments, so header and commitments can't be divided in two ways.
Header bytes and facet bodies are hashed and stored as they came, never re-serialised.
"""

from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import NamedTuple

from google.protobuf.message import DecodeError

from node.core.merkle import HASH_BYTES
from node.errors import NodeError, Reason
from node.record.v1.record_pb2 import Facet, Header, View

SALT_BYTES = 16
MAX_FACETS = 16
EVERYONE = "all"
_TAG = b"gongzhi.facet.v1"
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
    return sha256(b"\x00" + header + b"".join(commitments)).digest()


def record_id(city: str, index: int) -> str:
    """The id of the record at leaf `index` of a city's log."""
    return f"{city}-{index}"


def parse_record_id(text: str) -> tuple[str, int]:
    """The city and leaf index of a record id.

    Raises:
        NodeError: INVALID_ARGUMENT, not a record id.
    """
    city, _, index = text.rpartition("-")
    if not city or not index.isdecimal() or not index.isascii() or str(int(index[:19])) != index:
        raise NodeError(Reason.INVALID_ARGUMENT, f"not a record id (<city>-<leaf index>): {text[:80]!r}")
    return city, int(index)


def seal(header: Header, bodies: Sequence[bytes], salts: bytes) -> tuple[bytes, View]:
    """Makes the leaf hash and the full view of a new record.

    Args:
        header: Complete but for `facets`, which is set here.
        bodies: One facet body for each facet number 1..n, empty where the facet holds nothing.
        salts: At least n * 16 random bytes, used for nothing else.
    """
    header.facets = len(bodies)
    header_bytes = header.SerializeToString()
    cuts = [salts[start : start + SALT_BYTES] for start in range(0, len(bodies) * SALT_BYTES, SALT_BYTES)]
    pairs = list(zip(cuts, bodies, strict=True))
    commitments = [commit(number, salt, body) for number, (salt, body) in enumerate(pairs, 1)]
    facets = [Facet(salt=salt, body=body) for salt, body in pairs]
    return hash_record(header_bytes, commitments), View(header=header_bytes, facets=facets)


def mask(view: View, disclosed: Collection[int]) -> None:
    """Replaces the facets of a full view that are not in `disclosed` by their commitments, in place."""
    for number, facet in enumerate(view.facets, 1):
        if number not in disclosed and facet.salt:
            commitment = commit(number, facet.salt, facet.body)
            facet.Clear()
            facet.commitment = commitment


def open_view(view: View) -> Opened:
    """Hashes a view as its receiver does.

    Raises:
        NodeError: BAD_COMMITMENT, the view is not of the form header + facets or leaf hash alone.
    """
    if not view.header:
        if len(view.leaf_hash) != HASH_BYTES or view.facets:
            raise NodeError(Reason.BAD_COMMITMENT, "a withheld record is its 32-byte leaf hash and nothing else")
        return Opened(view.leaf_hash, None)
    header = parse_header(view.header)
    commitments = []
    number = 0
    for facet in view.facets:
        number += 1
        salt, commitment = facet.salt, facet.commitment
        if len(salt) == SALT_BYTES and not commitment and number <= MAX_FACETS:
            commitments.append(sha256(_PREFIXES[number] + salt + facet.body).digest())
        elif len(commitment) == HASH_BYTES and not salt and not facet.body:
            commitments.append(commitment)
        else:
            raise NodeError(Reason.BAD_COMMITMENT, f"facet {number} of {header.id[:80]!r} is neither open nor masked")
    if number != header.facets or view.leaf_hash:
        raise NodeError(Reason.BAD_COMMITMENT, f"{header.id[:80]!r} has {number} facets where {header.facets} are due")
    return Opened(hash_record(view.header, commitments), header)


def parse_header(header: bytes) -> Header:
    """Parses header bytes.

    Raises:
        NodeError: BAD_COMMITMENT, not a header.
    """
    try:
        return Header.FromString(header)
    except DecodeError as error:
        raise NodeError(Reason.BAD_COMMITMENT, "the header is not a record header") from error


def disclosed_bodies(view: View) -> list[bytes]:
    """The facet bodies that a view discloses; their concatenation is the body the viewer may see."""
    return [facet.body for facet in view.facets if facet.salt]


def disclosed_facets(view: View) -> frozenset[int]:
    """The numbers of the facets that a view discloses."""
    return frozenset(number for number, facet in enumerate(view.facets, 1) if facet.salt)
