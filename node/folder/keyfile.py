"""Private keys in files of their own: 0600, optionally sealed with a passphrase.

Log and witness key are written as C2SP signed-note private keys (`PRIVATE+KEY+<name>+<key id>+<base64(type || seed)>`);
with a passphrase that line is sealed with XSalsa20-Poly1305 under an Argon2id key. The TLS identity is PEM: a PKCS#8
key, then its certificate.
"""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from nacl.signing import SigningKey

from node.core.log.checkpoint import LogKey, key_id_of, log_name
from node.core.log.cosignature import WitnessKey, witness_name
from node.core.members.federation import PinnedCertificate, parse_certificate
from node.errors import FileError, NodeError, Reason
from node.messages import _
from node.whole_file import write_file

CERTIFICATE_TERM = timedelta(days=730)
# Pinning alone decides who is trusted. A term that begins now would only lock out who has put a clock back since.
_BACKDATED = timedelta(days=3650)
_PASSPHRASE_VARIABLE = "GONGZHI_PASSPHRASE"  # noqa: S105 - the name of the variable
_SEALED = "GONGZHI+SEALED+argon2id"
_SIGNS_NO_CERTIFICATE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
_BEGIN_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"

_Key = TypeVar("_Key", LogKey, WitnessKey)
Passphrase = Callable[[], bytes | None]
"""Asked only where a key is sealed; None where there is none to give."""


def environment_passphrase() -> bytes | None:
    """The passphrase in GONGZHI_PASSPHRASE, or in the file that GONGZHI_PASSPHRASE_FILE names, or None.

    Raises:
        FileError: INVALID_KEY, the file cannot be read, or others can read it.
    """
    if given := os.environb.get(_PASSPHRASE_VARIABLE.encode()):
        return given
    file = os.environ.get(_PASSPHRASE_VARIABLE + "_FILE")
    return _read_private(Path(file)).partition(b"\n")[0] or None if file else None


@dataclass(frozen=True)
class NoteSigner(Generic[_Key]):
    """Signs with Ed25519: a log's checkpoints, or cosignatures."""

    key: _Key
    _signing: SigningKey = field(repr=False)

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        return self.key.public_key

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message`."""
        return self._signing.sign(message).signature


@dataclass(frozen=True)
class TlsIdentity:
    """A certificate and its key, both PEM; the key in the clear."""

    certificate: PinnedCertificate
    key_pem: bytes = field(repr=False)

    @property
    def cert_pem(self) -> bytes:
        """The certificate as gRPC wants it."""
        return self.certificate.pem.encode()


def create_log_key(path: Path, city: str, passphrase: bytes | None = None) -> NoteSigner[LogKey]:
    """Makes and writes a new log key.

    Raises:
        FileError: INVALID_KEY, the file exists.
    """
    return _create(path, partial(LogKey, log_name(city)), passphrase)


def load_log_key(path: Path, passphrase: Passphrase = environment_passphrase) -> NoteSigner[LogKey]:
    """Reads the log key.

    Raises:
        FileError: INVALID_KEY, cannot be read, readable by others, sealed with another passphrase or not a log key.
    """
    return _load(path, LogKey, passphrase)


def create_witness_key(path: Path, city: str, passphrase: bytes | None = None) -> NoteSigner[WitnessKey]:
    """Makes and writes a new witness key.

    Raises:
        FileError: INVALID_KEY, the file exists.
    """
    return _create(path, partial(WitnessKey, witness_name(city)), passphrase)


def load_witness_key(path: Path, passphrase: Passphrase = environment_passphrase) -> NoteSigner[WitnessKey]:
    """Reads the witness key.

    Raises:
        FileError: INVALID_KEY, as of the log key.
    """
    return _load(path, WitnessKey, passphrase)


def _create(path: Path, named: Callable[[bytes], _Key], passphrase: bytes | None) -> NoteSigner[_Key]:
    signing = SigningKey.generate()
    key = named(bytes(signing.verify_key))
    secret = base64.b64encode(key.algorithm + bytes(signing)).decode()
    line = f"PRIVATE+KEY+{key.name}+{key_id_of(key).hex()}+{secret}"
    _write_new(path, (_seal(line, passphrase) if passphrase else line).encode() + b"\n")
    return NoteSigner(key, signing)


def _load(path: Path, kind: Callable[[str, bytes], _Key], passphrase: Passphrase) -> NoteSigner[_Key]:
    line = _read_private(path).decode("utf-8", "replace").strip()
    if line.startswith(_SEALED):
        line = _unseal(line, path, passphrase())
    try:
        label, word, name, key_id, secret = line.split("+", 4)
        material = base64.b64decode(secret, validate=True)
        signing = SigningKey(material[1:])
    except (ValueError, TypeError, CryptoError):
        raise _wrong(path, _("not a log key or witness key")) from None
    key = kind(name, bytes(signing.verify_key))
    if (label, word, material[:1]) != ("PRIVATE", "KEY", key.algorithm) or key_id_of(key).hex() != key_id:
        raise _wrong(path, _("damaged, or not an Ed25519 key of this kind"))
    return NoteSigner(key, signing)


def create_tls_identity(path: Path, name: str, now: datetime, passphrase: bytes | None = None) -> TlsIdentity:
    """Makes and writes an EC P-256 key and its self-signed certificate for `name`, valid for two years from `now`.

    Raises:
        FileError: INVALID_KEY, the file exists.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = self_signed(key, name, now - _BACKDATED, now + CERTIFICATE_TERM)
    locked = pem.BestAvailableEncryption(passphrase) if passphrase else pem.NoEncryption()
    _write_new(path, _pem_key(key, locked) + certificate.pem.encode())
    return TlsIdentity(certificate, _pem_key(key, pem.NoEncryption()))


def load_tls_identity(path: Path, passphrase: Passphrase = environment_passphrase) -> TlsIdentity:
    """Reads a TLS identity.

    Raises:
        FileError: INVALID_KEY, cannot be read, readable by others, sealed with another passphrase or not a key with its
            certificate.
    """
    sealed, begin, certificate = _read_private(path).partition(_BEGIN_CERTIFICATE)
    try:
        key = pem.load_pem_private_key(sealed, passphrase() if b"ENCRYPTED" in sealed else None)
        pinned = parse_certificate((begin + certificate).decode())
    except (ValueError, TypeError, UnsupportedAlgorithm, NodeError):
        raise _wrong(path, _("not a key with its certificate, or the passphrase is wrong")) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _wrong(path, _("not an elliptic curve key"))
    return TlsIdentity(pinned, _pem_key(key, pem.NoEncryption()))


def self_signed(
    key: ec.EllipticCurvePrivateKey, name: str, not_before: datetime, not_after: datetime
) -> PinnedCertificate:
    """A certificate of `key` by itself. It is no authority: pinning it trusts this key and nothing it might sign.

    No two have the same subject: BoringSSL finds a root by its subject and looks at the first that fits, so an old
    and a new certificate of one name could not be pinned side by side.
    """
    serial = x509.random_serial_number()
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.SERIAL_NUMBER, f"{serial:x}")]
    )
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key(), serial, not_before, not_after)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_SIGNS_NO_CERTIFICATE, critical=True)
        .add_extension(usage, critical=False)
    )
    return parse_certificate(builder.sign(key, hashes.SHA256()).public_bytes(pem.Encoding.PEM).decode())


def _pem_key(key: ec.EllipticCurvePrivateKey, locked: pem.KeySerializationEncryption) -> bytes:
    return key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, locked)


def _seal(line: str, passphrase: bytes) -> str:
    salt = os.urandom(argon2id.SALTBYTES)
    ops, memory = argon2id.OPSLIMIT_MODERATE, argon2id.MEMLIMIT_MODERATE
    box = SecretBox(argon2id.kdf(SecretBox.KEY_SIZE, passphrase, salt, ops, memory))
    sealed = box.encrypt(line.encode())
    return f"{_SEALED}+{ops}+{memory}+{salt.hex()}+{base64.b64encode(sealed).decode()}"


def _unseal(line: str, path: Path, passphrase: bytes | None) -> str:
    if passphrase is None:
        raise _wrong(path, _("sealed: set its passphrase in {variable}", variable=_PASSPHRASE_VARIABLE))
    try:
        ops, memory, salt, sealed = line.removeprefix(_SEALED + "+").split("+", 3)
        key = argon2id.kdf(SecretBox.KEY_SIZE, passphrase, bytes.fromhex(salt), int(ops), int(memory))
        return SecretBox(key).decrypt(base64.b64decode(sealed, validate=True)).decode()
    except (ValueError, TypeError, CryptoError):
        raise _wrong(path, _("wrong passphrase, or the file is damaged")) from None


def _write_new(path: Path, content: bytes) -> None:
    if path.exists():
        raise _wrong(path, _("already exists: a key is never overwritten"))
    write_file(path, content, mode=0o600)


def _read_private(path: Path) -> bytes:
    try:
        if path.stat().st_mode & 0o077:
            raise _wrong(path, _("others can read it: chmod 600, and make a new key if anyone did"))
        return path.read_bytes()
    except OSError as error:
        raise _wrong(path, _("cannot be read: {why}", why=error.strerror)) from None


def _wrong(path: Path, message: str) -> FileError:
    return FileError(Reason.INVALID_KEY, str(path), message)


def is_sealed(path: Path) -> bool:
    """Whether the log key in `path` asks for a passphrase.

    Raises:
        FileError: INVALID_KEY, it cannot be read or others can read it.
    """
    return _read_private(path).decode("ascii", "replace").startswith(_SEALED)
