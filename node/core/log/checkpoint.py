r"""Checkpoints: C2SP tlog-checkpoint v1.0.0 in a C2SP signed-note v1.0.0, signed with Ed25519.

<log name>\n<tree size>\n<base64 root>\n\n— <key name> <base64(4-byte key id || 64-byte signature)>\n
"""

import base64
import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import NamedTuple, Protocol

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from node.core.log.merkle import HASH_BYTES
from node.errors import NodeError, Reason
from node.messages import _

ED25519 = b"\x01"
MAX_NOTE_BYTES = 16 * 1024
# Of one note: a log has two keys at most, and there are fewer witnesses than this.
MAX_SIGNATURES = 100
SIGNATURE_MARK = "— "
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class LogKey(NamedTuple):
    """A log's public key as peers pin it: key name (= log name) and 32-byte Ed25519 public key."""

    name: str
    public_key: bytes

    @property
    def algorithm(self) -> bytes:
        """The signature type of signed-note."""
        return ED25519

    @property
    def key_id(self) -> bytes:
        """The 4-byte key id of signed-note."""
        return key_id_of(self)


class VerifierKey(Protocol):
    """A public key of signed-note, of whatever signature type."""

    @property
    def name(self) -> str:
        """Key name."""

    @property
    def public_key(self) -> bytes:
        """32 bytes."""

    @property
    def algorithm(self) -> bytes:
        """The signature type, one byte."""


def key_id_of(key: VerifierKey) -> bytes:
    """The 4-byte key id of signed-note."""
    return sha256(key.name.encode() + b"\n" + key.algorithm + key.public_key).digest()[:4]


class Checkpoint(NamedTuple):
    """A log's statement of its size and root; `note` is the signed note, byte for byte."""

    log: str
    size: int
    root: bytes
    note: bytes


def log_name(city: str) -> str:
    """The name of a city's log and of its key."""
    return f"{city}.gongzhi.internal/log"


def format_vkey(key: VerifierKey) -> str:
    """The verifier key of signed-note: `<name>+<key id, hex>+<base64(algorithm || public key)>`."""
    material = base64.b64encode(key.algorithm + key.public_key).decode()
    return f"{key.name}+{key_id_of(key).hex()}+{material}"


def parse_vkey(text: str) -> LogKey:
    """Reads the verifier key of a log.

    Raises:
        NodeError: INVALID_KEY, not an Ed25519 verifier key or its key id is wrong.
    """
    key = LogKey(*split_vkey(text, ED25519))
    if format_vkey(key) != text:
        raise NodeError(Reason.INVALID_KEY, _("not an Ed25519 verifier key: {name!r}", name=key.name))
    return key


def split_vkey(text: str, algorithm: bytes) -> tuple[str, bytes]:
    """Name and public key of a verifier key of this signature type; its key id is not looked at.

    Raises:
        NodeError: INVALID_KEY.
    """
    name, _plus, rest = text.partition("+")
    _key_id, _plus, encoded = rest.partition("+")
    try:
        material = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise NodeError(Reason.INVALID_KEY, _("verifier key is not base64")) from error
    if not name or material[:1] != algorithm or len(material) != 33:
        raise NodeError(Reason.INVALID_KEY, _("not an Ed25519 verifier key: {name!r}", name=name))
    return name, material[1:]


def format_checkpoint(key: LogKey, size: int, root: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """Makes the signed note of a tree; `sign` returns the 64-byte Ed25519 signature of its argument."""
    text = f"{key.name}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
    signature = base64.b64encode(key.key_id + sign(text)).decode()
    return text + f"\n{SIGNATURE_MARK}{key.name} {signature}\n".encode()


def parse_checkpoint(note: bytes) -> Checkpoint:
    """Reads a checkpoint without checking who signed it.

    Raises:
        NodeError: BAD_CHECKPOINT, not a checkpoint.
    """
    try:
        text, _signatures = split_note(note)
        log, size, root, *_extensions = text.decode().split("\n")
        decoded = base64.b64decode(root, validate=True)
    except ValueError as error:  # of bytes, of text or of base64
        raise NodeError(Reason.BAD_CHECKPOINT, _("not a checkpoint")) from error
    if not log or not _SIZE.fullmatch(size) or len(decoded) != HASH_BYTES or "\n" not in text.decode()[-1:]:
        raise NodeError(Reason.BAD_CHECKPOINT, _("not a checkpoint"))
    return Checkpoint(log, int(size), decoded, note)


def verify_checkpoint(note: bytes, log: str, keys: Iterable[LogKey]) -> Checkpoint:
    """Reads a checkpoint that one of the pinned keys of `log` signed.

    Raises:
        NodeError: BAD_CHECKPOINT, WRONG_CITY (another log's checkpoint), UNKNOWN_LOG_KEY (signed by no
            pinned key) or BAD_SIGNATURE (a pinned key's signature that is not one, or a second one).
    """
    checkpoint = parse_checkpoint(note)
    if checkpoint.log != log:
        raise NodeError(
            Reason.WRONG_CITY, _("the checkpoint is of {log!r}, not of {log2!r}", log=checkpoint.log, log2=log)
        )
    text, signatures = split_note(note)
    pinned = {(key.name, key.key_id): key for key in keys}
    known = [(pinned[name, blob[:4]], blob[4:]) for name, blob in signatures if (name, blob[:4]) in pinned]
    if not known:
        raise NodeError(Reason.UNKNOWN_LOG_KEY, _("no pinned key of {log!r} signed the checkpoint", log=log))
    if len(known) > len({key for key, _signature in known}):  # a line said again and again is verified never
        raise NodeError(Reason.BAD_SIGNATURE, _("a key of {log!r} signed the checkpoint more than once", log=log))
    for key, signature in known:
        verify_signature(key, text, signature)
    return checkpoint


def verify_signature(key: VerifierKey, text: bytes, signature: bytes) -> None:
    """Checks an Ed25519 signature.

    Raises:
        NodeError: BAD_SIGNATURE.
    """
    try:
        VerifyKey(key.public_key).verify(text, signature)
    except (BadSignatureError, ValueError) as error:
        raise NodeError(Reason.BAD_SIGNATURE, _("invalid signature by {name!r}", name=key.name)) from error


def split_note(note: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The signed text (with its last newline) and the signatures (name, key id || signature).

    Raises:
        ValueError: Not a signed note, or with more than 100 lines.
    """
    if len(note) > MAX_NOTE_BYTES or not note.endswith(b"\n"):
        raise ValueError("not a signed note")
    text, separator, tail = note.rpartition(b"\n\n")
    if not separator:
        raise ValueError("no signature")
    lines = tail.decode().removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise ValueError("too many signatures")
    return text + b"\n", [_parse_signature(line) for line in lines]


def _parse_signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(SIGNATURE_MARK).partition(" ")
    if not line.startswith(SIGNATURE_MARK) or not name or not encoded:
        raise ValueError("malformed signature line")
    return name, base64.b64decode(encoded, validate=True)
