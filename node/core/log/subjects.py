"""The subject index: under which keys a record stands. A key is 62 bits of its subject's digest, and its kind."""

from collections.abc import Iterable
from hashlib import sha256
from struct import Struct

from node.core.standards.kinds import Kind

_INT64 = Struct(">q")
# The bits of an index key that say the kind.
_KINDS = 3
IndexEntry = tuple[int, int]
"""An index key, and the leaf index of a record that stands under it."""


def subject_digest(subject: str) -> int:
    """64 bits that stand for a subject; a reader compares the subject itself after the look-up."""
    digest: int = _INT64.unpack_from(sha256(subject.encode()).digest())[0]
    return digest


def index_key(digest: int, kind: Kind) -> int:
    """The key under which records of one kind about a subject stand."""
    return digest & ~_KINDS | kind


def index_keys(digest: int) -> list[int]:
    """The keys of every kind of record about a subject."""
    return [index_key(digest, kind) for kind in Kind]


def index_entries(subjects: Iterable[str], kind: Kind, index: int) -> list[IndexEntry]:
    """The entries of the record at leaf `index`, each once."""
    keys = dict.fromkeys(index_key(subject_digest(subject), kind) for subject in subjects)
    return [(key, index) for key in keys]
