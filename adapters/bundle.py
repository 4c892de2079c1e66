"""What `gongzhi client add` hands to an adapter: where its node is, the node's certificates, its own key."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization as pem
from pydantic import BaseModel

from node.core.document import parse_document, read_model
from node.core.members.federation import server_name
from node.errors import FileError, Reason

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)
SERVER = "server.crt"
"""The node's certificates, in a bundle's folder."""

_PASSPHRASE_VARIABLE = b"GONGZHI_PASSPHRASE"
_OTHERS = 0o077


class _About(BaseModel):
    city: str
    addresses: dict[str, str]
    region6: str = ""


@dataclass(frozen=True)
class Bundle:
    """An adapter's means to reach its node.

    `server_name` is the name in the node's certificate, `region6` the division of its city ("" in bundles of before);
    all else is PEM.
    """

    intake: str
    server_name: str
    server_pem: bytes
    cert_pem: bytes
    key_pem: bytes = field(repr=False)
    region6: str = ""


def load_bundle(folder: Path) -> Bundle:
    """Reads a bundle: client.yaml, server.crt and client.pem; GONGZHI_PASSPHRASE opens a sealed key.

    Raises:
        FileError: INVALID_CONFIG or INVALID_KEY, with the file.
    """
    about = _load_about(folder / "client.yaml")
    server, client = folder / SERVER, folder / "client.pem"
    return Bundle(
        about.addresses.get("intake", ""),
        server_name(about.city),
        _certificates(server),
        _certificates(client),
        _load_key(client),
        about.region6,
    )


def _load_about(path: Path) -> _About:
    text = _read(path).decode("utf-8", "replace")
    return read_model(parse_document(text, str(path), Reason.INVALID_CONFIG), _About, Reason.INVALID_CONFIG)


def _load_key(path: Path) -> bytes:
    content = _CERTIFICATE.sub(b"", _read(path))
    if path.stat().st_mode & _OTHERS:
        raise _wrong(path, "others may read it: chmod 600, and make a new key if anyone did")
    passphrase = os.environb.get(_PASSPHRASE_VARIABLE) if b"ENCRYPTED" in content else None
    try:
        key = pem.load_pem_private_key(content, passphrase)
    except (ValueError, TypeError):
        raise _wrong(path, "not a key with its certificate, or the passphrase is another") from None
    return key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())


def _certificates(path: Path) -> bytes:
    found = _CERTIFICATE.findall(_read(path))
    if not found:
        raise _wrong(path, "holds no certificate")
    return b"".join(found)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _wrong(path, f"cannot be read: {error.strerror}") from None


def _wrong(path: Path, message: str) -> FileError:
    return FileError(Reason.INVALID_KEY, str(path), message)
