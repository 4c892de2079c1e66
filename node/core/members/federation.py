"""The federation: who is a member, where it is reached, and which log keys and certificates are its own.

Everything here is public. What makes it trusted is that an officer compared the fingerprint of each member's card with
that city by telephone before adding it.
"""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from node.core.log.checkpoint import LogKey, format_vkey
from node.core.log.cosignature import WitnessKey
from node.core.members.platforms import Connected, Connections
from node.errors import NodeError, Reason
from node.messages import _


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


def ended_at(certificates: Iterable[PinnedCertificate], now: datetime) -> datetime | None:
    """When the last of these certificates ended; None while one has not."""
    end = max((certificate.not_after for certificate in certificates), default=None)
    return end if end is not None and end < now else None


def parse_certificate(pem: str) -> PinnedCertificate:
    """Reads one PEM certificate.

    Raises:
        NodeError: INVALID_KEY, not exactly one X.509 certificate, or not signed by its own key.
    """
    try:
        der = ssl.PEM_cert_to_DER_cert(pem.strip())
        certificate = x509.load_der_x509_certificate(der)
        # TLS takes nothing else for a root, and one root it cannot read could lose it the others.
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        raise NodeError(Reason.INVALID_KEY, _("not exactly one self-signed PEM certificate")) from None
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
        platforms: Connected to its node, now or once: their acts count from its log alone.
        witness_keys: With which it cosigns the others' checkpoints; none where its node is older than that.
    """

    city: str
    name_zh: str
    region6: str
    address: str
    log_keys: tuple[LogKey, ...]
    tls_certs: tuple[PinnedCertificate, ...]
    platforms: tuple[Connected, ...] = ()
    witness_keys: tuple[WitnessKey, ...] = ()

    @property
    def server_name(self) -> str:
        """The name in its certificate."""
        return server_name(self.city)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over city, address, keys, certificates and platforms: what two officers compare, in any order."""
        vkeys = [*map(format_vkey, self.log_keys), *map(format_vkey, self.witness_keys)]
        parts = [self.city, self.address, *sorted(vkeys)]
        parts += sorted(cert.fingerprint for cert in self.tls_certs)
        return sha256("\n".join([*parts, *sorted(platform.text for platform in self.platforms)]).encode()).hexdigest()

    def with_platform(self, platform: Connected) -> "Member":
        """Says that a platform is connected to its node; what the card said of it before is replaced."""
        others = (other for other in self.platforms if other.name != platform.name)
        return replace(self, platforms=(*others, platform))


@dataclass(frozen=True)
class Federation:
    """The members; no city, certificate or log key twice."""

    members: tuple[Member, ...]

    @cached_property
    def _by_city(self) -> dict[str, Member]:
        return {member.city: member for member in self.members}

    @cached_property
    def connections(self) -> Connections:
        """Which platform is connected to which member."""
        return Connections({member.city: member.platforms for member in self.members})

    def find(self, city: str) -> Member | None:
        """The member, or None."""
        return self._by_city.get(city)

    def member(self, city: str) -> Member:
        """The member.

        Raises:
            NodeError: NOT_FOUND.
        """
        if (member := self.find(city)) is None:
            raise NodeError(Reason.NOT_FOUND, _("{city} is not a member of this federation", city=city))
        return member

    def peers_of(self, city: str) -> tuple[Member, ...]:
        """Every member but `city`, in the order of the file."""
        return tuple(member for member in self.members if member.city != city)

    def with_member(self, member: Member) -> "Federation":
        """Adds the member, or replaces it where its city is already one.

        Raises:
            NodeError: INVALID_FEDERATION, one of its certificates, keys or platforms is another member's.
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
        pinned: list[tuple[object, str]] = [(cert.fingerprint, "certificate") for cert in member.tls_certs]
        pinned += [(key.public_key, "log key") for key in member.log_keys]
        pinned += [(key.public_key, "witness key") for key in member.witness_keys]
        for value, what in [(member.city, "city"), *pinned]:
            if value in owners:
                raise NodeError(
                    Reason.INVALID_FEDERATION,
                    _(
                        "{city}: {what} already stands under {owners}",
                        city=member.city,
                        what=what,
                        owners=owners[value],
                    ),
                )
            owners[value] = member.city
    _refuse_two_connections(members)


def _refuse_two_connections(members: tuple[Member, ...]) -> None:
    every = [(member.city, platform) for member in members for platform in member.platforms]
    for index, (city, platform) in enumerate(every):
        for other, same in every[:index]:
            if platform.overlaps(same):
                text = _(
                    "{city}: the platform {platform} is already connected to {other}; it may have one node at a time",
                    city=city, platform=platform.name, other=other,
                )  # fmt: skip
                raise NodeError(Reason.INVALID_FEDERATION, text)
