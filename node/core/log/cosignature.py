r"""Cosignatures: C2SP tlog-cosignature v1.0.1, Ed25519: another city's word that it verified a log up to here.

A line of the checkpoint's own signed note, `— <key name> <base64(4-byte key id || 8-byte time || 64-byte signature)>`,
over `cosignature/v1\ntime <seconds>\n<the checkpoint's text>`.
"""

import base64
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from node.core.log.checkpoint import (
    SIGNATURE_MARK,
    Checkpoint,
    LogKey,
    format_vkey,
    key_id_of,
    split_note,
    split_vkey,
    verify_checkpoint,
    verify_signature,
)
from node.errors import NodeError, Reason
from node.messages import _

COSIGNATURE = b"\x04"
MAX_TIME_S = 2**63 - 1
_ID_BYTES, _TIME_BYTES, _SIGNATURE_BYTES = 4, 8, 64


class WitnessKey(NamedTuple):
    """A city's public key as a witness of the others' logs: key name and 32-byte Ed25519 public key."""

    name: str
    public_key: bytes

    @property
    def algorithm(self) -> bytes:
        """The signature type of signed-note."""
        return COSIGNATURE

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id of signed-note."""
        return key_id_of(self)


class Cosignature(NamedTuple):
    """What one witness said: at `at_s` (Unix seconds) this was the largest tree of the log that it had verified."""

    key: WitnessKey
    at_s: int
    line: bytes


class Cosigned(NamedTuple):
    """A checkpoint with what witnesses said of it, one cosignature a witness, in order of their names.

    `checkpoint.note` holds the log's own signatures alone.
    """

    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...] = ()

    @property
    def note(self) -> bytes:
        """The signed note with every line."""
        return self.checkpoint.note + b"".join(cosignature.line for cosignature in self.cosignatures)

    @property
    def witnesses(self) -> frozenset[str]:
        """The key names of the witnesses."""
        return frozenset(cosignature.key.name for cosignature in self.cosignatures)

    def joined(self, others: Iterable[Cosignature]) -> "Cosigned":
        """With further cosignatures of the same checkpoint; of two by one witness the later."""
        newest: dict[str, Cosignature] = {}
        for cosignature in sorted([*self.cosignatures, *others], key=lambda each: each.at_s):
            newest[cosignature.key.name] = cosignature
        return self._replace(cosignatures=tuple(newest[name] for name in sorted(newest)))


def witness_name(city: str) -> str:
    """The name of a city's witness key."""
    return f"{city}.gongzhi.internal/witness"


def witnesses_of(note: bytes) -> list[str]:
    """The cities whose cosignature lines a note has, by name alone: of a note whose lines were checked before."""
    suffix = witness_name("")
    return [name.removesuffix(suffix) for name, _ in split_note(note)[1] if name.endswith(suffix)]


def parse_witness_vkey(text: str) -> WitnessKey:
    """Reads the verifier key of a witness.

    Raises:
        NodeError: INVALID_KEY, not a verifier key of cosignatures or its key id is wrong.
    """
    key = WitnessKey(*split_vkey(text, COSIGNATURE))
    if format_vkey(key) != text:
        raise NodeError(Reason.INVALID_KEY, _("not a verifier key for cosignatures: {name!r}", name=key.name))
    return key


def cosign(checkpoint: Checkpoint, key: WitnessKey, at_s: int, sign: Callable[[bytes], bytes]) -> Cosignature:
    """Cosigns a checkpoint; `sign` returns the 64-byte Ed25519 signature of its argument."""
    text, _ = split_note(checkpoint.note)
    blob = key.key_id + at_s.to_bytes(_TIME_BYTES, "big") + sign(_message(text, at_s))
    return Cosignature(key, at_s, _line(key.name, blob))


def open_cosigned(note: bytes, log: str, keys: Sequence[LogKey], witnesses: Iterable[WitnessKey]) -> Cosigned:
    """Reads a checkpoint that a pinned key of `log` signed, with the cosignatures of pinned witnesses.

    Lines of nobody known are left out of what is returned, as signed-note bids: they say nothing.

    Raises:
        NodeError: As `verify_checkpoint`; BAD_SIGNATURE also for a pinned witness's signature that is not one.
    """
    checkpoint = verify_checkpoint(note, log, keys)
    text, signatures = split_note(note)
    of_log = {(key.name, key.key_id) for key in keys}
    own = [_line(name, blob) for name, blob in signatures if (name, blob[:_ID_BYTES]) in of_log]
    plain = checkpoint._replace(note=text + b"\n" + b"".join(own))
    pinned = {(key.name, key.key_id): key for key in witnesses}
    # Of several lines of one key the latest by the time it states, and no other, is verified.
    latest: dict[WitnessKey, bytes] = {}
    for name, blob in signatures:
        if (key := pinned.get((name, blob[:_ID_BYTES]))) is not None:
            latest[key] = max(latest.get(key, b""), blob)
    return Cosigned(plain).joined(_verify(text, key, blob) for key, blob in latest.items())


def _verify(text: bytes, key: WitnessKey, blob: bytes) -> Cosignature:
    at_s = int.from_bytes(blob[_ID_BYTES : _ID_BYTES + _TIME_BYTES], "big")
    if len(blob) != _ID_BYTES + _TIME_BYTES + _SIGNATURE_BYTES or at_s > MAX_TIME_S:
        raise NodeError(Reason.BAD_SIGNATURE, _("invalid cosignature by {name!r}", name=key.name))
    verify_signature(key, _message(text, at_s), blob[_ID_BYTES + _TIME_BYTES :])
    return Cosignature(key, at_s, _line(key.name, blob))


def _message(text: bytes, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n".encode() + text


def _line(name: str, blob: bytes) -> bytes:
    return f"{SIGNATURE_MARK}{name} {base64.b64encode(blob).decode()}\n".encode()
