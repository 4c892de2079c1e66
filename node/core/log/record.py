"""Records: what one is made of, how it is hashed, and what is read of one.

    commitment = SHA-256(domain tag || facet number, 4 bytes big-endian || 16-byte salt || facet body)
    leaf       = SHA-256(0x00 || SHA-256(common) || commitments in order of facet number || own)

`common` says what neighbouring records share, `own` the rest (record.proto). The digest of common has a fixed length
and names the number of commitments, each of fixed length; own is what is left: a leaf is cut in one way only
(docs/decisions/0023-log-format-2.md). Common, own and bodies are hashed and stored as they came, never re-serialised.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, TypeVar

from google.protobuf.message import DecodeError

from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.record.v1.record_pb2 import Column, Common, Header, Own, Run

FORMAT = 2
"""Of the log."""
SALT_BYTES = 16
MAX_FACETS = 16
MAX_COMMON_BYTES = 4 * 1024
"""So that even runs of one make batches of more than MIN_BATCH_RECORDS."""
MAX_AUDIENCE = 128
MAX_OWN_BYTES = 16 * 1024
MAX_SUBJECTS = 512
# Of the place of a record in its city's log.
INDEX_BITS = 40
EVERYONE = "all"
CASEWORK = "casework"
"""The source of what a case made: its acts, and the records they lead to. No row has it."""
OWN_SOURCES = (CASEWORK, "node")
"""The sources of what the node writes itself; no row has one of them."""
# 9000-01-01.
_LATEST_MS = 221_845_392_000_000
_RECORD_ID = re.compile(r"(.+)-(0|[1-9][0-9]{0,12})", re.DOTALL)
PREFIXES = tuple(b"gongzhi.facet.v1" + number.to_bytes(4, "big") for number in range(MAX_FACETS + 1))
"""By facet number: what is hashed before an opening, which is salt and body."""
_Part = TypeVar("_Part", Common, Own)


class Shared(NamedTuple):
    """What the records of a run have in common: as parsed, as hashed, and what a leaf and a header begin with."""

    common: Common
    raw: bytes
    leaf_prefix: bytes
    header: bytes


class Record:
    """A record as a store or a peer holds it: what of it is disclosed, and its place in its city's log.

    Two are equal where one leaf at one place is disclosed alike.

    Attributes:
        index: Leaf index.
        leaf_hash: 32 bytes.
        shared: What it has in common with its neighbours; None where it is withheld whole or was destroyed.
        own: A serialised Own.
        facets: By number from 1: the opening (salt and body) of a disclosed facet, None of a withheld one.
        commitments: By number from 1: the commitment of a withheld facet, None of a disclosed one.
    """

    __slots__ = ("_header", "commitments", "facets", "index", "leaf_hash", "own", "shared")

    def __init__(
        self,
        index: int,
        leaf_hash: bytes,
        shared: Shared | None = None,
        own: bytes = b"",
        facets: Sequence[bytes | None] = (),
        commitments: Sequence[bytes | None] = (),
    ) -> None:
        self.index = index
        self.leaf_hash = leaf_hash
        self.shared = shared
        self.own = own
        self.facets = facets
        self.commitments = commitments
        self._header: Header | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash((self.leaf_hash, self.index))

    def _parts(self) -> tuple[object, ...]:
        return self.index, self.leaf_hash, tuple(self.facets), tuple(self.commitments)

    @property
    def header(self) -> Header:
        """Common and own read together; made once. Of a record that is open."""
        if self._header is None:
            assert self.shared is not None, "a withheld record has no header"  # noqa: S101 - a fault of ours
            self._header = header_of(self.shared, Own.FromString(self.own), self.index)
        return self._header

    @property
    def is_open(self) -> bool:
        """Whether anything of it is disclosed."""
        return self.shared is not None

    @property
    def standard(self) -> str:
        """The name of its standard; "" where it is withheld whole or was destroyed."""
        return self.shared.common.standard if self.shared else ""

    @property
    def disclosed(self) -> frozenset[int]:
        """The numbers of the disclosed facets."""
        return frozenset(number for number, opening in enumerate(self.facets, 1) if opening is not None)

    def bodies(self, numbers: Collection[int] | None = None) -> Iterator[bytes]:
        """The bodies of disclosed facets, all or those of these numbers: together the body that may be seen."""
        for number, opening in enumerate(self.facets, 1):
            if opening is not None and (numbers is None or number in numbers):
                yield opening[SALT_BYTES:]

    def run(self) -> Run:
        """The record as a run of one: as it travels and stands in a proof."""
        if self.shared is None:
            return Run(leaf_hashes=self.leaf_hash)
        columns = [
            Column(openings=[opening]) if opening is not None else Column(commitments=[commitment or b""])
            for opening, commitment in zip(self.facets, self.commitments, strict=True)
        ]
        return Run(common=self.shared.raw, own=[self.own], columns=columns)

    def masked(self, disclosed: Collection[int]) -> "Record":
        """The record with its facets that are not in `disclosed` replaced by their commitments."""
        commitments = [
            commitment if opening is None or number in disclosed else commit(number, opening)
            for number, (opening, commitment) in enumerate(zip(self.facets, self.commitments, strict=True), 1)
        ]
        facets = [
            opening if commitment is None else None
            for opening, commitment in zip(self.facets, commitments, strict=True)
        ]
        return Record(self.index, self.leaf_hash, self.shared, self.own, facets, commitments)


def commit(number: int, opening: bytes) -> bytes:
    """The commitment to facet `number` (1-based); an opening is salt and body."""
    return sha256(PREFIXES[number] + opening).digest()


def hash_record(shared: Shared, own: bytes, commitments: Sequence[bytes]) -> bytes:
    """The leaf hash of a record."""
    return sha256(b"".join((shared.leaf_prefix, *commitments, own))).digest()


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


@lru_cache(maxsize=256)
def read_common(raw: bytes) -> Shared:
    """Parses what a run's records have in common, in its one form.

    Raises:
        NodeError: BAD_COMMITMENT, too long, not a Common, or not in its one form.
    """
    if len(raw) > MAX_COMMON_BYTES:
        raise NodeError(
            Reason.BAD_COMMITMENT,
            _("the common header has {count} bytes; at most {most} are allowed", count=len(raw), most=MAX_COMMON_BYTES),
        )
    common = _parse_whole(Common, raw)
    if not common.city or common.facets > MAX_FACETS or len(common.audience) > MAX_AUDIENCE:
        text = _(
            "a common header must name its city, at most {most} facets and an audience of at most {cities}",
            most=MAX_FACETS,
            cities=MAX_AUDIENCE,
        )
        raise NodeError(Reason.BAD_COMMITMENT, text)
    return Shared(common, raw, b"\0" + sha256(raw).digest(), _begin_header(common))


def share_common(common: Common) -> Shared:
    """What new records are to have in common.

    Raises:
        NodeError: TOO_LARGE.
    """
    raw = common.SerializeToString(deterministic=True)
    if len(raw) > MAX_COMMON_BYTES:
        raise NodeError(
            Reason.TOO_LARGE,
            _("the common header has {count} bytes; at most {most} are allowed", count=len(raw), most=MAX_COMMON_BYTES),
        )
    return read_common(raw)


def read_own(raw: bytes) -> Own:
    """Parses what a record has of its own, in its one form.

    Raises:
        NodeError: BAD_COMMITMENT, not an Own, too long, with too many subjects, or not in its one form.
    """
    own = _parse_whole(Own, raw) if len(raw) <= MAX_OWN_BYTES else None
    if own is None or len(own.subjects) > MAX_SUBJECTS:
        text = _("own has at most {most} bytes and {subjects} subjects", most=MAX_OWN_BYTES, subjects=MAX_SUBJECTS)
        raise NodeError(Reason.BAD_COMMITMENT, text)
    return own


def _parse_whole(kind: type[_Part], raw: bytes) -> _Part:
    """Parses bytes that have one form: fields in order, none unknown, every length and number minimal."""
    try:
        part = kind.FromString(raw)
    except DecodeError:
        part = None
    if part is not None:
        part.DiscardUnknownFields()
    if part is None or part.SerializeToString(deterministic=True) != raw:
        raise NodeError(Reason.BAD_COMMITMENT, _("{name}: not in its one form", name=kind.DESCRIPTOR.name.lower()))
    return part


def header_of(shared: Shared, own: Own, index: int) -> Header:
    """Common and own read together, for the record at leaf `index`."""
    header, city = Header.FromString(shared.header), shared.common.city
    header.id = record_id(city, index)
    header.subjects.extend(own.subjects)
    if own.valid_from_ms or own.valid_until_ms:
        header.valid_from_ms, header.valid_until_ms = own.valid_from_ms, own.valid_until_ms
    if own.supersedes:
        header.supersedes = record_id(city, own.supersedes - 1)
    if own.retracts:
        header.retracts = record_id(city, own.retracts - 1)
    return header


def _begin_header(common: Common) -> bytes:
    """The header of every record of a run, as far as common says it: parsed anew for each, which is cheaper."""
    return Header(
        standard=common.standard,
        version=common.version,
        city=common.city,
        issued_at_ms=common.issued_at_ms,
        audience=common.audience,
        purpose=common.purpose,
        legal_basis=common.legal_basis,
        as_of_ms=common.as_of_ms,
        source=common.source,
        facets=common.facets,
    ).SerializeToString()


def split_header(header: Header, facets: int) -> tuple[Shared, Own]:
    """A header that is to be a record's, as common and own; `id` and `facets` in it are not read.

    Args:
        header: Complete but for its place; `supersedes` and `retracts` are record ids of the same log.
        facets: Number of commitments.

    Raises:
        NodeError: INVALID_ARGUMENT, it supersedes or retracts what is no record id.
    """
    common = Common(
        standard=header.standard,
        version=header.version,
        city=header.city,
        issued_at_ms=header.issued_at_ms,
        audience=header.audience,
        purpose=header.purpose,
        legal_basis=header.legal_basis,
        as_of_ms=header.as_of_ms,
        source=header.source,
        facets=facets,
    )
    own = Own(
        subjects=header.subjects,
        valid_from_ms=header.valid_from_ms,
        valid_until_ms=header.valid_until_ms,
        supersedes=_target(header.supersedes),
        retracts=_target(header.retracts),
    )
    return share_common(common), own


def _target(record: str) -> int:
    return parse_record_id(record)[1] + 1 if record else 0


def is_dated(header: Header | Common) -> bool:
    """Whether a record says when it was issued, so that it and every term counted from it can be told as a day."""
    return 0 <= header.issued_at_ms < _LATEST_MS
