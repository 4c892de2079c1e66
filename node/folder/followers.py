"""Which certificates of this node each of its clients said that it pins: a file in `followers/` for each identity.

A client may have several identities, as on two machines; the fingerprint of the certificate tells them apart.
Both processes of a node write here, so it is no database. What is lost is said again at the client's next call.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from node.config import Config
from node.core.members.clients import Client, Kind
from node.core.members.federation import PinnedCertificate
from node.folder.files import load_clients, load_federation
from node.whole_file import write_file

_FOLDER = "followers"


def note_pins(data_dir: Path, identity: str, fingerprints: Collection[str]) -> None:
    """Remembers what an identity pins; writes only what is new.

    Args:
        data_dir: The node's.
        identity: Fingerprint of the client's certificate (SHA-256 in hexadecimal).
        fingerprints: Of the node's certificates that it pins.

    Raises:
        OSError: The disk does not let it.
    """
    if read_pins(data_dir, identity) == frozenset(fingerprints):
        return
    (data_dir / _FOLDER).mkdir(mode=0o700, exist_ok=True)
    write_file(
        data_dir / _FOLDER / identity, "".join(f"{each}\n" for each in sorted(fingerprints)).encode(), mode=0o600
    )


def read_pins(data_dir: Path, identity: str) -> frozenset[str]:
    """What an identity said that it pins; nothing where it never said so."""
    try:
        return frozenset((data_dir / _FOLDER / identity).read_text("ascii", "replace").split())
    except FileNotFoundError:
        return frozenset()


def forget_pins(data_dir: Path, identity: str) -> None:
    """Forgets what an identity said that it pins: it is answered no longer."""
    (data_dir / _FOLDER / identity).unlink(missing_ok=True)


def not_followed(config: Config, now: datetime) -> list[Client]:
    """The clients with an identity in its term that was not seen with the newest certificate of this node's card.

    Each with the certificates of those identities alone. Without the node's own officer, whose command line reads the
    card itself.
    """
    newest = load_federation(config.federation).member(config.city).tls_certs[-1].fingerprint

    def not_seen(client: Client) -> tuple[PinnedCertificate, ...]:
        in_term = (certificate for certificate in client.tls_certs if now <= certificate.not_after)
        return tuple(cert for cert in in_term if newest not in read_pins(config.data_dir, cert.fingerprint))

    return [
        replace(client, tls_certs=certificates)
        for client in load_clients(config.clients).clients
        if not (client.kind is Kind.OFFICER and client.account is None and client.name == "officer")
        and (certificates := not_seen(client))
    ]
