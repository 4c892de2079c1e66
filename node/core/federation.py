"""The federation file: who is a member, where it is reached, and which log keys and certificates are its own.

Everything here is public. What makes it trusted is that an officer compared the fingerprint of each member's card with
that city by telephone before adding it.
"""

import ssl
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from pydantic import BaseModel, ConfigDict, Field

from node.core.checkpoint import LogKey, format_vkey, log_name, parse_vkey
from node.core.document import Document, Location, format_document, parse_document, read_model
from node.errors import FileError, NodeError, Reason

ADDRESS = r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$"
SLUG = r"^[a-z][a-z0-9]{1,31}$"


def server_name(city: str) -> str:
    """The name in a city's certificate; peers ask for it whatever the address is."""
    return f"{city}.gongzhi.internal"


def format_fingerprint(fingerprint: str) -> str:
    """64 hexadecimal digits in groups of four, to be read out over the telephone."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))


@dataclass(frozen=True)
class PinnedCertificate:
    """A certificate trusted as it is, by nobody's signature.

    Attributes:
        fingerprint: SHA-256 of its DER in hexadecimal.
        name: Its common name; empty where it has none, or several.
    """

    pem: str
    fingerprint: str
    name: str
    not_before: datetime
    not_after: datetime

    def is_current(self, now: datetime) -> bool:
        """Whether `now` (aware) lies in its term."""
        return self.not_before <= now <= self.not_after


def parse_certificate(pem: str) -> PinnedCertificate:
    """Reads one PEM certificate.

    Raises:
        NodeError: INVALID_KEY, not exactly one X.509 certificate, or not signed by its own key.
    """
    try:
        der = ssl.PEM_cert_to_DER_cert(pem.strip())
        certificate = x509.load_der_x509_certificate(der)
        # TLS takes nothing else for a root, and one root it cannot read would lose it all the others.
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        raise NodeError(Reason.INVALID_KEY, "not one PEM certificate signed by its own key") from None
    exact = ssl.DER_cert_to_PEM_cert(der)
    term = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    return PinnedCertificate(exact, sha256(der).hexdigest(), _common_name(certificate), *term)


def _common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else ""


@dataclass(frozen=True)
class Member:
    """A city of the federation. Several log keys and certificates let an old and a new one overlap.

    Attributes:
        city: Slug.
        address: host:port of its exchange listener.
        log_keys: Every key that ever signed its log, and the next one; old checkpoints stay checkable.
        tls_certs: The certificates it may present, as client and as server.
    """

    city: str
    name_zh: str
    region6: str
    address: str
    log_keys: tuple[LogKey, ...]
    tls_certs: tuple[PinnedCertificate, ...]

    @property
    def server_name(self) -> str:
        """The name in its certificate."""
        return server_name(self.city)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over city, address, log keys and certificates: what two officers compare. Order does not count."""
        parts = [self.city, self.address, *sorted(map(format_vkey, self.log_keys))]
        return sha256("\n".join([*parts, *sorted(cert.fingerprint for cert in self.tls_certs)]).encode()).hexdigest()


@dataclass(frozen=True)
class Federation:
    """The members; no city, certificate or log key twice."""

    members: tuple[Member, ...]

    @cached_property
    def _by_city(self) -> dict[str, Member]:
        return {member.city: member for member in self.members}

    @cached_property
    def _by_fingerprint(self) -> dict[str, Member]:
        return {cert.fingerprint: member for member in self.members for cert in member.tls_certs}

    def find(self, city: str) -> Member | None:
        """The member, or None."""
        return self._by_city.get(city)

    def member(self, city: str) -> Member:
        """The member.

        Raises:
            NodeError: NOT_FOUND.
        """
        if (member := self.find(city)) is None:
            raise NodeError(Reason.NOT_FOUND, f"{city} is not a member of this federation")
        return member

    def peers_of(self, city: str) -> tuple[Member, ...]:
        """Every member but `city`, in the order of the file."""
        return tuple(member for member in self.members if member.city != city)

    def by_fingerprint(self, fingerprint: str) -> Member | None:
        """Whose certificate this is, or None."""
        return self._by_fingerprint.get(fingerprint)

    def with_member(self, member: Member) -> "Federation":
        """Adds the member, or replaces it where its city is already one.

        Raises:
            NodeError: INVALID_FEDERATION, one of its certificates or keys is another member's.
        """
        if member.city in self._by_city:
            members = tuple(member if old.city == member.city else old for old in self.members)
        else:
            members = (*self.members, member)
        _refuse_shared(members)
        return replace(self, members=members)

    def without(self, city: str) -> "Federation":
        """Leaves the member out.

        Raises:
            NodeError: NOT_FOUND.
        """
        self.member(city)
        return replace(self, members=self.peers_of(city))


def _refuse_shared(members: tuple[Member, ...]) -> None:
    owners: dict[object, str] = {}
    for member in members:
        pinned = [(cert.fingerprint, "certificate") for cert in member.tls_certs]
        for value, what in [(member.city, "city"), *pinned, *((key.public_key, "log key") for key in member.log_keys)]:
            if value in owners:
                raise NodeError(
                    Reason.INVALID_FEDERATION, f"{member.city}: {what} already stands under {owners[value]}"
                )
            owners[value] = member.city


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class _Certificate(_Model):
    fingerprint: str = Field(pattern="^[0-9a-f]{64}$")
    pem: str = Field(max_length=16 * 1024)


class _Member(_Model):
    city: str = Field(pattern=SLUG)
    name_zh: str = Field(min_length=1, max_length=64)
    region6: str = Field(pattern="^[1-9][0-9]{5}$")
    address: str = Field(pattern=ADDRESS)
    log_keys: Annotated[list[str], Field(min_length=1, max_length=64)]
    tls_certs: Annotated[list[_Certificate], Field(min_length=1, max_length=16)]


class _Federation(_Model):
    version: Literal[1]
    members: list[_Member]


class _Card(_Model):
    version: Literal[1]
    member: _Member


def parse_federation(text: str, path: str = "federation.yaml") -> Federation:
    """Reads a federation file.

    Raises:
        FileError: INVALID_FEDERATION with the line of what is wrong.
    """
    document = parse_document(text, path, Reason.INVALID_FEDERATION)
    listed = read_model(document, _Federation, Reason.INVALID_FEDERATION).members
    federation = Federation(())
    for index, raw in enumerate(listed):
        at: Location = ("members", index)
        member = _pin_member(raw, document, at)
        if federation.find(member.city):
            raise _wrong(document, (*at, "city"), f"{member.city} is listed twice")
        try:
            federation = federation.with_member(member)
        except NodeError as error:
            raise _wrong(document, at, error.message) from None
    return federation


def parse_card(text: str, path: str = "card.yaml") -> Member:
    """Reads the card a city hands over.

    Raises:
        FileError: INVALID_FEDERATION with the line of what is wrong.
    """
    document = parse_document(text, path, Reason.INVALID_FEDERATION)
    return _pin_member(read_model(document, _Card, Reason.INVALID_FEDERATION).member, document, ("member",))


def format_federation(federation: Federation) -> str:
    """The text that `parse_federation` reads."""
    return format_document({"version": 1, "members": [_plain(member) for member in federation.members]})


def format_card(member: Member) -> str:
    """The text that `parse_card` reads."""
    return format_document({"version": 1, "member": _plain(member)})


def _pin_member(raw: _Member, document: Document, at: Location) -> Member:
    keys = tuple(_pin_key(key, raw.city, document, (*at, "log_keys", i)) for i, key in enumerate(raw.log_keys))
    certs = tuple(_pin_own(cert, raw.city, document, (*at, "tls_certs", i)) for i, cert in enumerate(raw.tls_certs))
    return Member(raw.city, raw.name_zh, raw.region6, raw.address, keys, certs)


def _pin_own(raw: _Certificate, city: str, document: Document, at: Location) -> PinnedCertificate:
    certificate = pin_certificate(raw.pem, raw.fingerprint, document, at)
    # TLS finds a root by its subject: one that bore another member's could keep that member from being recognised.
    if certificate.name != server_name(city):
        raise _wrong(document, at, f"this certificate is of {certificate.name!r}, not of {server_name(city)}")
    return certificate


def _pin_key(vkey: str, city: str, document: Document, at: Location) -> LogKey:
    try:
        key = parse_vkey(vkey)
    except NodeError as error:
        raise _wrong(document, at, error.message) from None
    if key.name != log_name(city):
        raise _wrong(document, at, f"this is a key of {key.name}, not of {log_name(city)}")
    return key


def pin_certificate(pem: str, fingerprint: str, document: Document, at: Location) -> PinnedCertificate:
    """Reads a certificate written beside its fingerprint.

    Raises:
        FileError: INVALID_FEDERATION, not a certificate or not that fingerprint's.
    """
    try:
        certificate = parse_certificate(pem)
    except NodeError as error:
        raise _wrong(document, at, error.message) from None
    if certificate.fingerprint != fingerprint:
        raise _wrong(document, at, f"the fingerprint of this certificate is {certificate.fingerprint}")
    return certificate


def _wrong(document: Document, at: Location, message: str) -> FileError:
    return FileError(Reason.INVALID_FEDERATION, document.path, message, document.line_of(at))


def plain_certificates(certificates: tuple[PinnedCertificate, ...]) -> list[dict[str, str]]:
    """Certificates as they stand in a file."""
    return [{"fingerprint": cert.fingerprint, "pem": cert.pem} for cert in certificates]


def _plain(member: Member) -> dict[str, Any]:
    return {
        "city": member.city,
        "name_zh": member.name_zh,
        "region6": member.region6,
        "address": member.address,
        "log_keys": [format_vkey(key) for key in member.log_keys],
        "tls_certs": plain_certificates(member.tls_certs),
    }
