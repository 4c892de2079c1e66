"""Proof that a city signed two histories: two checkpoints of one log that cannot both be true.

Either they are of one size with different roots, or the larger one's tree had, at the smaller one's size, another root
than the smaller says: a consistency proof from that root to the larger shows it. Nobody but a holder of the city's log
key can make either, so the proof needs no trust in who brings it. What is *not* proof of guilt: that an origin is
silent, that it shows an old checkpoint again, or that a consistency proof it sent does not hold; a bad line or a man
in the middle can do all of these.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from node.core.log.checkpoint import MAX_NOTE_BYTES, Checkpoint, LogKey, log_name, verify_checkpoint
from node.core.log.merkle import verify_consistency
from node.errors import NodeError, Reason
from node.messages import _

MAX_FORK_BYTES = 4 * MAX_NOTE_BYTES
_MAX_HASHES = 64
_Note = Annotated[str, Field(max_length=MAX_NOTE_BYTES)]
_Hash = Annotated[str, Field(pattern="^[A-Za-z0-9+/]{43}=$")]


class Fork(BaseModel):
    """A fork proof as it is sent, stored and written to a file: JSON.

    Attributes:
        city: Slug of the city whose log it is.
        smaller: Signed note of the smaller checkpoint, or of one of two of one size.
        larger: Signed note of the other.
        prefix_root: Root that the larger one's tree had at the smaller one's size; base64.
        consistency: RFC 9162 consistency proof from `prefix_root` to the larger one's root; empty at one size.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["gongzhi-fork"] = "gongzhi-fork"
    version: Literal[1] = 1
    city: str
    smaller: _Note
    larger: _Note
    prefix_root: _Hash
    consistency: Annotated[list[_Hash], Field(max_length=_MAX_HASHES)]


class Proven(NamedTuple):
    """Two checkpoints that one key holder signed and that cannot both be true."""

    smaller: Checkpoint
    larger: Checkpoint


def make_fork(city: str, smaller: bytes, larger: bytes, prefix_root: bytes, consistency: Sequence[bytes] = ()) -> bytes:
    """A fork proof as bytes."""
    fork = Fork(
        city=city,
        smaller=smaller.decode(),
        larger=larger.decode(),
        prefix_root=_b64(prefix_root),
        consistency=[_b64(node) for node in consistency],
    )
    return fork.model_dump_json(indent=1).encode() + b"\n"


def parse_fork(raw: bytes) -> Fork:
    """Parses a fork proof without verifying it.

    Raises:
        NodeError: INVALID_ARGUMENT.
    """
    try:
        if len(raw) > MAX_FORK_BYTES:
            raise ValueError("too large")
        return Fork.model_validate_json(raw)
    except (ValidationError, ValueError):
        raise NodeError(Reason.INVALID_ARGUMENT, _("not a fork proof (gongzhi-fork version 1)")) from None


def verify_fork(fork: Fork, keys: Iterable[LogKey]) -> Proven:
    """Verifies a fork proof against the pinned log keys of the city, and nothing else.

    Raises:
        NodeError: FALSE_ACCUSATION, it proves nothing.
    """
    pinned = list(keys)
    try:
        # 1. A pinned key of the city signed both.
        smaller, larger = (_verify(note, fork.city, pinned) for note in (fork.smaller, fork.larger))
        # 2. At the smaller one's size the larger one's tree had this root ...
        prefix_root = base64.b64decode(fork.prefix_root, validate=True)
        proof = [base64.b64decode(node, validate=True) for node in fork.consistency]
        verify_consistency(smaller.size, larger.size, proof, prefix_root, larger.root)
    except (NodeError, binascii.Error) as error:
        raise NodeError(
            Reason.FALSE_ACCUSATION, _("no proof against {city!r}: {error}", city=fork.city[:40], error=error)
        ) from None
    # 3. ... and the smaller one says another.
    if prefix_root == smaller.root:
        raise NodeError(
            Reason.FALSE_ACCUSATION,
            _("no proof against {city!r}: the two checkpoints are consistent", city=fork.city[:40]),
        )
    return Proven(smaller, larger)


def is_under_other_keys(fork: Fork, keys: Iterable[LogKey]) -> bool:
    """Whether none of these keys signed either checkpoint: who has another card of the city can judge it, we cannot."""
    pinned = list(keys)
    return all(_is_under_others(note, fork.city, pinned) for note in (fork.smaller, fork.larger))


def _is_under_others(note: str, city: str, keys: Sequence[LogKey]) -> bool:
    try:
        _verify(note, city, keys)
    except NodeError as error:
        return error.reason is Reason.UNKNOWN_LOG_KEY
    return False


def _verify(note: str, city: str, keys: Sequence[LogKey]) -> Checkpoint:
    return verify_checkpoint(note.encode(), log_name(city), keys)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
