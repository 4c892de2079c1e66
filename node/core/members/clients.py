"""The clients file: which programs and officers of its own a node answers."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from node.core.document import format_document, parse_document, read_model
from node.core.members.federation import PinnedCertificate
from node.core.members.federation_file import pin_certificate, plain_certificates
from node.core.members.officers import Account, AccountEntry, plain_account
from node.errors import FileError, NodeError, Reason
from node.messages import _

_NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"


class Kind(StrEnum):
    """What a caller is; decides which services answer it."""

    PEER = "peer"
    OFFICER = "officer"
    ADAPTER = "adapter"
    PLATFORM = "platform"


@dataclass(frozen=True)
class Client:
    """A local client; several certificates let an old and a new one overlap. Without an account it acts in no case."""

    name: str
    kind: Kind
    tls_certs: tuple[PinnedCertificate, ...]
    account: Account | None = None


@dataclass(frozen=True)
class Clients:
    """The clients; no name twice."""

    clients: tuple[Client, ...] = ()

    def find(self, name: str) -> Client | None:
        """The client, or None."""
        return next((client for client in self.clients if client.name == name), None)

    def with_certificate(
        self, name: str, kind: Kind, certificate: PinnedCertificate, account: Account | None = None
    ) -> "Clients":
        """Adds a client, or one more certificate to a client of that name; `account` replaces the one it has.

        Raises:
            NodeError: INVALID_ARGUMENT, the name is taken by a client of another kind.
        """
        known = self.find(name)
        if known is None:
            return replace(self, clients=(*self.clients, Client(name, kind, (certificate,), account)))
        if known.kind is not kind:
            raise NodeError(
                Reason.INVALID_ARGUMENT, _("{name} is already a client of kind {kind}", name=name, kind=known.kind)
            )
        renewed = replace(known, tls_certs=(*known.tls_certs, certificate), account=account or known.account)
        return replace(self, clients=tuple(renewed if client is known else client for client in self.clients))

    def without(self, name: str) -> "Clients":
        """Leaves the client out.

        Raises:
            NodeError: NOT_FOUND.
        """
        if self.find(name) is None:
            raise NodeError(Reason.NOT_FOUND, _("{name} is not a client of this node", name=name))
        return replace(self, clients=tuple(client for client in self.clients if client.name != name))

    def without_certificate(self, name: str, fingerprint: str) -> "Clients":
        """Leaves one certificate of a client out; by the others it is known as before.

        Args:
            name: Of the client.
            fingerprint: SHA-256 in hexadecimal.

        Raises:
            NodeError: NOT_FOUND; INVALID_ARGUMENT, the client has no other.
        """
        known = self.find(name)
        if known is None:
            raise NodeError(Reason.NOT_FOUND, _("{name} is not a client of this node", name=name))
        left = tuple(certificate for certificate in known.tls_certs if certificate.fingerprint != fingerprint)
        if left == known.tls_certs:
            raise NodeError(Reason.NOT_FOUND, _("{name} has no certificate with this fingerprint", name=name))
        if not left:
            text = _("{name} has no other certificate: remove the client without --certificate", name=name)
            raise NodeError(Reason.INVALID_ARGUMENT, text)
        changed = replace(known, tls_certs=left)
        return replace(self, clients=tuple(changed if client is known else client for client in self.clients))


def check_client_name(name: str) -> None:
    """Checks what a client is called: its certificate and the clients file name it so.

    Raises:
        NodeError: INVALID_ARGUMENT.
    """
    if not re.fullmatch(_NAME, name):
        text = _(
            "{name!r} cannot name a client: use lower case letters, digits, dot and dash, e.g. zhang3; "
            "a person's or platform's own name goes into --name or --title",
            name=name[:40],
        )
        raise NodeError(Reason.INVALID_ARGUMENT, text)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Certificate(_Model):
    fingerprint: str
    pem: str


class _Client(_Model):
    name: str = Field(pattern=_NAME)
    kind: Kind
    account: AccountEntry | None = None
    tls_certs: list[_Certificate] = Field(min_length=1)


class _Clients(_Model):
    clients: list[_Client]


def parse_clients(text: str, path: str = "clients.yaml") -> Clients:
    """Reads a clients file.

    Raises:
        FileError: INVALID_CONFIG or INVALID_FEDERATION (a certificate) with the line of what is wrong.
    """
    document = parse_document(text, path, Reason.INVALID_CONFIG)
    clients = Clients()
    for index, raw in enumerate(read_model(document, _Clients, Reason.INVALID_CONFIG).clients):
        if clients.find(raw.name) or raw.kind is Kind.PEER:
            text = _("{name}: the name is listed twice, or its kind is peer", name=raw.name)
            raise FileError(Reason.INVALID_CONFIG, path, text, document.summary_of(("clients", index)))
        certs = tuple(
            pin_certificate(cert.pem, cert.fingerprint, document, ("clients", index, "tls_certs", i))
            for i, cert in enumerate(raw.tls_certs)
        )
        account = raw.account.account() if raw.account else None
        clients = Clients((*clients.clients, Client(raw.name, raw.kind, certs, account)))
    return clients


def format_clients(clients: Clients) -> str:
    """The text that `parse_clients` reads."""
    return format_document({"clients": [_plain(client) for client in clients.clients]})


def _plain(client: Client) -> dict[str, object]:
    account = {"account": plain_account(client.account)} if client.account else {}
    certificates = plain_certificates(client.tls_certs)
    return {"name": client.name, "kind": client.kind.value, **account, "tls_certs": certificates}
