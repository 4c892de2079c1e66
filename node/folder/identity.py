"""What a local client needs to reach its node: addresses, the node's certificates, its own key and certificate."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from node.config import Config
from node.core.document import format_document, parse_document, read_model
from node.core.law.calendar import legal_date
from node.core.members.clients import Kind, check_client_name
from node.core.members.federation import PinnedCertificate, ended_at
from node.core.members.officers import Account
from node.core.members.pinning import format_server_certificates, parse_server_certificates
from node.core.members.platforms import Connected
from node.errors import FileError, NodeError, Reason
from node.folder.files import load_clients, load_federation, read_text, save_clients, save_federation
from node.folder.followers import forget_pins
from node.folder.keyfile import (
    Passphrase,
    TlsIdentity,
    create_tls_identity,
    environment_passphrase,
    load_tls_identity,
)
from node.messages import _
from node.whole_file import adopt, write_file

SERVICES = MappingProxyType(
    {
        Kind.OFFICER: ("intake", "control", "query"),
        Kind.ADAPTER: ("intake", "query"),
        Kind.PLATFORM: ("intake", "query"),
    }
)
"""The listeners that answer each kind."""

_KEY = "client.pem"
_SERVER = "server.crt"
_ABOUT = "client.yaml"
_ANY_HOST = re.compile(r"^(0\.0\.0\.0|\[::\])(?=:)")


@dataclass(frozen=True)
class Identity:
    """A client's means to reach its node. `addresses` maps a service ("intake", "control", "query") to host:port."""

    city: str
    name: str
    kind: Kind
    addresses: Mapping[str, str]
    server_certs: tuple[PinnedCertificate, ...]
    tls: TlsIdentity
    region6: str = ""
    """Of the node's city, where the folder says it: an adapter warns of rows of another."""

    def address(self, service: str) -> str:
        """host:port of a service.

        Raises:
            NodeError: PERMISSION_DENIED, a client of this kind is not answered there.
        """
        if service not in self.addresses:
            raise NodeError(
                Reason.PERMISSION_DENIED,
                _("clients of kind {kind} have no access to {service}", kind=self.kind, service=service),
            )
        return self.addresses[service]


def check_terms(identity: Identity, now: datetime) -> None:
    """Says which certificate has ended, to a client that cannot reach its node for that.

    Raises:
        NodeError: TLS_REFUSED, the node's has, or the client's own, and on which day.
    """
    if end := ended_at(identity.server_certs, now):
        text = _(
            "the certificate of the node of {city} ended on {day}: gongzhi key rotate --tls",
            city=identity.city,
            day=legal_date(end),
        )
        raise NodeError(Reason.TLS_REFUSED, text)
    if end := ended_at([identity.tls.certificate], now):
        text = _(
            "the certificate of {name}, which this command uses, ended on {day}: make a new one on the node",
            name=identity.name,
            day=legal_date(end),
        )
        raise NodeError(Reason.TLS_REFUSED, text)


class _About(BaseModel):
    model_config = ConfigDict(frozen=True)  # a later release may say more

    city: str
    name: str
    kind: Kind
    addresses: dict[str, str]
    region6: str = ""


def add_client(
    config: Config,
    name: str,
    kind: Kind,
    folder: Path,
    now: datetime,
    passphrase: bytes | None = None,
    host: str | None = None,
    account: Account | None = None,
) -> Identity:
    """Makes a client's identity in `folder` and pins its certificate; a known name of the same kind gets one more.

    Args:
        config: Of the node that is to answer it.
        name: Of the client.
        kind: Decides which services answer it.
        folder: Made with mode 0700; must not hold one yet.
        now: Aware; the certificate's term starts here.
        passphrase: Seals the client's key.
        host: Where the client finds the node, if not at the listeners' own addresses.
        account: Of an officer or platform that acts in cases; the platform comes onto the node's card.

    Raises:
        FileError: A file is wrong, or the folder already holds a key.
        NodeError: INVALID_ARGUMENT, the name is none or taken by another kind; INVALID_FEDERATION, the platform is
            connected to another city.
    """
    check_client_name(name)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    adopt(folder)
    tls = create_tls_identity(folder / _KEY, f"{name}.{config.city}.gongzhi.internal", now, passphrase)
    try:
        clients = load_clients(config.clients).with_certificate(name, kind, tls.certificate, account)
    except NodeError:
        (folder / _KEY).unlink()
        raise
    own = load_federation(config.federation).member(config.city)
    identity = Identity(config.city, name, kind, _addresses(config, kind, host), own.tls_certs, tls, own.region6)
    _write_about(folder, identity)
    save_clients(config.clients, clients)
    if kind is Kind.PLATFORM and account is not None and not _is_on_card(config, account.name):
        connect_platform(config, Connected(account.name))
    return identity


def remove_client(config: Config, name: str, fingerprint: str = "") -> tuple[PinnedCertificate, ...]:
    """Refuses a client, or one of its certificates, from now on; returns the certificates that are refused.

    Args:
        config: Of the node that answered it.
        name: Of the client.
        fingerprint: Of the one certificate, SHA-256 in hexadecimal; empty for the whole client.

    Raises:
        FileError: The clients file is wrong.
        NodeError: NOT_FOUND; INVALID_ARGUMENT, it is the client's only certificate.
    """
    before = load_clients(config.clients)
    after = before.without_certificate(name, fingerprint) if fingerprint else before.without(name)
    save_clients(config.clients, after)
    was, stays = before.find(name), after.find(name)
    removed = tuple(cert for cert in (was.tls_certs if was else ()) if stays is None or cert not in stays.tls_certs)
    for certificate in removed:
        forget_pins(config.data_dir, certificate.fingerprint)
    return removed


def connect_platform(config: Config, platform: Connected) -> None:
    """Says on the node's own card that a platform is connected to it.

    Raises:
        FileError: The federation file is wrong.
        NodeError: INVALID_FEDERATION, the platform is connected to another city at the time.
    """
    federation = load_federation(config.federation)
    own = federation.member(config.city)
    save_federation(config.federation, federation.with_member(own.with_platform(platform)))


def _is_on_card(config: Config, platform: str) -> bool:
    return platform in {each.name for each in load_federation(config.federation).member(config.city).platforms}


def load_identity(folder: Path, passphrase: Passphrase = environment_passphrase) -> Identity:
    """Reads the folder of an identity that a node handed out.

    Raises:
        FileError: INVALID_CONFIG or INVALID_KEY.
    """
    path = folder / _ABOUT
    document = parse_document(read_text(path, Reason.INVALID_CONFIG), str(path), Reason.INVALID_CONFIG)
    about = read_model(document, _About, Reason.INVALID_CONFIG)
    tls = load_tls_identity(folder / _KEY, passphrase)
    return Identity(
        about.city, about.name, about.kind, about.addresses, _load_server(folder / _SERVER), tls, about.region6
    )


def officer_identity(config: Config, passphrase: Passphrase = environment_passphrase) -> Identity:
    """The node's own officer, for the command line beside it; follows the node's configuration and certificates.

    Raises:
        FileError: A file is wrong.
    """
    tls = load_tls_identity(config.officer / _KEY, passphrase)
    addresses = _addresses(config, Kind.OFFICER, None)
    return Identity(config.city, "officer", Kind.OFFICER, addresses, server_certificates(config), tls)


def server_certificates(config: Config) -> tuple[PinnedCertificate, ...]:
    """The certificates the node itself presents, as its own card says.

    Raises:
        NodeError: The federation file is wrong or does not list this node.
    """
    return load_federation(config.federation).member(config.city).tls_certs


def write_server(folder: Path, certificates: Iterable[PinnedCertificate]) -> None:
    """Replaces the node's certificates in a identity.

    Raises:
        OSError: The folder cannot be written.
    """
    write_file(folder / _SERVER, format_server_certificates(certificates).encode())


def _addresses(config: Config, kind: Kind, host: str | None) -> dict[str, str]:
    return {service: _reachable(getattr(config.listen, service), host) for service in SERVICES[kind]}


def _reachable(listen: str, host: str | None) -> str:
    if host is not None:
        return f"{host}:{listen.rpartition(':')[2]}"
    return _ANY_HOST.sub("127.0.0.1", listen)


def _write_about(folder: Path, identity: Identity) -> None:
    about = {
        "city": identity.city,
        "name": identity.name,
        "kind": identity.kind.value,
        "addresses": dict(identity.addresses),
    }
    if identity.kind is Kind.ADAPTER:
        # Another client of an earlier release refuses a key that it does not know.
        about["region6"] = identity.region6
    write_file(folder / _ABOUT, format_document(about).encode())
    write_server(folder, identity.server_certs)


def _load_server(path: Path) -> tuple[PinnedCertificate, ...]:
    try:
        certificates = parse_server_certificates(read_text(path, Reason.INVALID_KEY))
    except NodeError as error:
        raise FileError(Reason.INVALID_KEY, str(path), error.message) from None
    if not certificates:
        raise FileError(Reason.INVALID_KEY, str(path), _("holds no certificate"))
    return certificates
