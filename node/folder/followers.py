"""Which certificates of this node each of its clients said that it pins: a file each in `followers/`.

Both processes of a node write here, so it is no database. What is lost is said again at the client's next call.
"""

from collections.abc import Collection
from pathlib import Path

from node.config import Config
from node.core.members.clients import Client, Kind
from node.folder.files import load_clients, load_federation
from node.whole_file import write_file

_FOLDER = "followers"


def note_pins(data_dir: Path, name: str, fingerprints: Collection[str]) -> None:
    """Remembers what a client pins (SHA-256 in hexadecimal); writes only what is new.

    Raises:
        OSError: The disk does not let it.
    """
    if read_pins(data_dir, name) == frozenset(fingerprints):
        return
    (data_dir / _FOLDER).mkdir(mode=0o700, exist_ok=True)
    write_file(data_dir / _FOLDER / name, "".join(f"{each}\n" for each in sorted(fingerprints)).encode(), mode=0o600)


def read_pins(data_dir: Path, name: str) -> frozenset[str]:
    """What a client said that it pins; nothing where it never said so."""
    try:
        return frozenset((data_dir / _FOLDER / name).read_text("ascii", "replace").split())
    except FileNotFoundError:
        return frozenset()


def not_followed(config: Config) -> list[Client]:
    """The clients that were not seen with the newest certificate of this node's card.

    Without the node's own officer, whose command line reads the card itself.
    """
    newest = load_federation(config.federation).member(config.city).tls_certs[-1].fingerprint
    return [
        client
        for client in load_clients(config.clients).clients
        if not (client.kind is Kind.OFFICER and client.account is None and client.name == "officer")
        and newest not in read_pins(config.data_dir, client.name)
    ]
