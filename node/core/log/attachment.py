"""Attachments: how one is addressed, what may be said of it, and which records name it.

The address of an attachment is the SHA-256 of its bytes. A record names it in a field called `sha256`, wherever in its
standard that stands, with `sm3` and `size_bytes` beside it where they are stated.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from google.protobuf.message import Message

from node.core.log.body import read_body
from node.core.log.record import Record
from node.core.standards.validation import Validation
from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.evidence.v1.evidence_pb2 import Extraction

MAX_CHUNK_BYTES = 256 * 1024
MAX_NAME_BYTES = 200
"""In UTF-8: what every file system takes."""

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_RESERVED = frozenset('/\\:*?"<>|')
_EXTRACTION = Validation(Extraction.DESCRIPTOR)


class Digests(NamedTuple):
    """Both digests of the same bytes, in lower-case hexadecimal."""

    sha256: str
    sm3: str


class Reference(NamedTuple):
    """What a record says of an attachment it names; `sm3` and `size` are empty and 0 where it says nothing."""

    sha256: str
    sm3: str
    size: int


def check_digest(text: str) -> None:
    """Checks an address; whatever passes is safe as a file name.

    Raises:
        NodeError: INVALID_ARGUMENT.
    """
    if not _DIGEST.fullmatch(text):
        raise NodeError(Reason.INVALID_ARGUMENT, _("name an attachment by its SHA-256: 64 lower-case hex digits"))


def check_name(name: str) -> None:
    """Checks a file name: it must mean the same, and nothing but a file, on every system.

    Raises:
        NodeError: INVALID_FIELD.
    """
    is_plain = name.isprintable() and _RESERVED.isdisjoint(name) and not name.startswith((".", " "))
    if not name or not is_plain or name.endswith((".", " ")) or not _fits(name):
        raise NodeError(Reason.INVALID_FIELD, _("name: give a file name without a path, of at most 200 bytes"))


def _fits(name: str) -> bool:
    try:
        return len(name.encode()) <= MAX_NAME_BYTES
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def check_extraction(extraction: Extraction) -> None:
    """Checks an extraction record 提取笔录: time, place, method, carrier, maker, two officers with certificates.

    Raises:
        NodeError: INVALID_FIELD with the first field that is wrong.
    """
    if problems := _EXTRACTION.findings(extraction):
        raise NodeError(
            Reason.INVALID_FIELD,
            _("extraction.{field}: {message}", field=problems[0].field, message=problems[0].message),
        )


def references(record: Record) -> list[Reference]:
    """The attachments that the disclosed facets of a record name, in order; none of a standard not known here."""
    if not record.is_open:
        return []
    try:
        return references_in(read_body(record))
    except NodeError:
        return []


def references_in(body: Message) -> list[Reference]:
    """The attachments that a message names, in order."""
    return list({reference.sha256: reference for reference in _references(body)}.values())


def _references(message: Message) -> Iterator[Reference]:
    digest = getattr(message, "sha256", "")
    if isinstance(digest, str) and _DIGEST.fullmatch(digest):
        yield Reference(digest, str(getattr(message, "sm3", "")), int(getattr(message, "size_bytes", 0)))
    for field, value in message.ListFields():
        if field.message_type:
            for part in value if field.is_repeated else [value]:
                yield from _references(part)
