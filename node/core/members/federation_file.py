"""The federation file and the card a city hands over: read with the line of every fault, and written."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from node.core.document import Document, Location, format_document, parse_document, read_model
from node.core.log.checkpoint import VerifierKey, format_vkey, log_name, parse_vkey
from node.core.log.cosignature import parse_witness_vkey, witness_name
from node.core.members.federation import Federation, Member, PinnedCertificate, parse_certificate, server_name
from node.core.members.platforms import Connected
from node.errors import FileError, NodeError, Reason
from node.messages import _

_ADDRESS = r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$"
_MAX_PORT = 65_535


def _check_port(address: str) -> str:
    port = int(address.rpartition(":")[2])
    if not 1 <= port <= _MAX_PORT:
        raise ValueError(f"no port {port}: there are 1 to {_MAX_PORT}")
    return address


def _check_printable(name: str) -> str:
    # A line end or an order to the terminal could show another fingerprint to who compares it by telephone.
    # The blank of full width is the one among them that stands in Chinese names.
    if not name.replace("\u3000", " ").isprintable():
        raise ValueError("a name holds no line end and no control character")
    return name


Address = Annotated[str, Field(pattern=_ADDRESS), AfterValidator(_check_port)]
"""host:port."""
SLUG = r"^[a-z][a-z0-9]{1,31}$"
_Key = TypeVar("_Key", bound=VerifierKey)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class _Certificate(_Model):
    fingerprint: str = Field(pattern="^[0-9a-f]{64}$")
    pem: str = Field(max_length=16 * 1024)


class _Platform(_Model):
    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_check_printable)]
    seat: str = Field(default="", pattern="^([1-9][0-9]{5})?$")
    since: date | None = None
    until: date | None = None


class Place(_Model):
    """What a card says of a city beside its keys."""

    city: str = Field(pattern=SLUG)
    name_zh: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_check_printable)]
    region6: str = Field(pattern="^[1-9][0-9]{5}$")
    address: Address


class _Member(Place):
    log_keys: Annotated[list[str], Field(min_length=1, max_length=64)]
    tls_certs: Annotated[list[_Certificate], Field(min_length=1, max_length=16)]
    platforms: Annotated[list[_Platform], Field(max_length=64)] = []
    witness_keys: Annotated[list[str], Field(max_length=16)] = []


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
            raise _wrong(document, (*at, "city"), _("{city} is listed twice", city=member.city))
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
    keys = _pin_keys(raw.log_keys, parse_vkey, log_name(raw.city), document, (*at, "log_keys"))
    witnesses = _pin_keys(raw.witness_keys, parse_witness_vkey, witness_name(raw.city), document, (*at, "witness_keys"))
    certs = tuple(_pin_own(cert, raw.city, document, (*at, "tls_certs", i)) for i, cert in enumerate(raw.tls_certs))
    platforms = tuple(
        Connected(platform.name, platform.seat, platform.since, platform.until) for platform in raw.platforms
    )
    return Member(raw.city, raw.name_zh, raw.region6, raw.address, keys, certs, platforms, witnesses)


def _pin_own(raw: _Certificate, city: str, document: Document, at: Location) -> PinnedCertificate:
    certificate = pin_certificate(raw.pem, raw.fingerprint, document, at)
    # TLS finds a root by its subject: one that bore another member's could keep that member from being recognised.
    if certificate.name != server_name(city):
        raise _wrong(
            document,
            at,
            _("the certificate is of {name!r}, not of {expected}", name=certificate.name, expected=server_name(city)),
        )
    return certificate


def _pin_keys(
    vkeys: list[str], parse: Callable[[str], _Key], name: str, document: Document, at: Location
) -> tuple[_Key, ...]:
    return tuple(_pin_key(vkey, parse, name, document, (*at, place)) for place, vkey in enumerate(vkeys))


def _pin_key(vkey: str, parse: Callable[[str], _Key], name: str, document: Document, at: Location) -> _Key:
    try:
        key = parse(vkey)
    except NodeError as error:
        raise _wrong(document, at, error.message) from None
    if key.name != name:
        raise _wrong(document, at, _("the key is of {name}, not of {expected}", name=key.name, expected=name))
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
        raise _wrong(
            document, at, _("the fingerprint of this certificate is {fingerprint}", fingerprint=certificate.fingerprint)
        )
    return certificate


def _wrong(document: Document, at: Location, message: str) -> FileError:
    return FileError(Reason.INVALID_FEDERATION, document.path, message, document.summary_of(at))


def plain_certificates(certificates: tuple[PinnedCertificate, ...]) -> list[dict[str, str]]:
    """Certificates as they stand in a file."""
    return [{"fingerprint": cert.fingerprint, "pem": cert.pem} for cert in certificates]


def _plain(member: Member) -> dict[str, Any]:
    # Left out where there is none: older nodes refuse what they do not know.
    witnesses = {"witness_keys": [format_vkey(key) for key in member.witness_keys]} if member.witness_keys else {}
    platforms = {"platforms": [_plain_platform(platform) for platform in member.platforms]} if member.platforms else {}
    return {
        "city": member.city,
        "name_zh": member.name_zh,
        "region6": member.region6,
        "address": member.address,
        "log_keys": [format_vkey(key) for key in member.log_keys],
        "tls_certs": plain_certificates(member.tls_certs),
        **platforms,
        **witnesses,
    }


def _plain_platform(platform: Connected) -> dict[str, str]:
    stated = {"seat": platform.seat, "since": platform.since, "until": platform.until}
    return {"name": platform.name, **{name: str(value) for name, value in stated.items() if value}}
