"""Keys against the card, the terms of certificates, who may read the keys."""

from collections.abc import Iterable, Iterator, Set
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from node.core.finding import Code, Finding, found
from node.core.law.calendar import SHANGHAI, legal_date
from node.core.members.federation import PinnedCertificate
from node.usecases.upkeep.checks.scene import Scene, Tried

T = TypeVar("T")
SOON_DAYS = 30
_OTHERS = 0o077


def keys(scene: Scene) -> Iterator[Finding]:
    """Each key in use is the one on this node's card."""
    own = scene.own
    log_keys = {log_key.public_key for log_key in own.log_keys} if own else None
    yield from _key(Code.LOG_KEY_NOT_ON_CARD, scene.log_key, log_keys)
    certificates = {tls_cert.fingerprint for tls_cert in own.tls_certs} if own else None
    yield from _key(Code.CERTIFICATE_NOT_ON_CARD, scene.certificate, certificates)
    if scene.witness_key is None:
        yield found(Code.NO_WITNESS_KEY)
    else:
        witness_keys = {witness_key.public_key for witness_key in own.witness_keys} if own else None
        yield from _key(Code.WITNESS_KEY_NOT_ON_CARD, scene.witness_key, witness_keys)


def _key(code: Code, key: Tried[T], listed: Set[T] | None) -> Iterator[Finding]:
    if key.error is not None:
        yield found(Code.KEY_UNREADABLE, error=key.error.message)
    elif listed is not None and key.value not in listed:
        yield found(code)


def modes(scene: Scene) -> Iterator[Finding]:
    """Nobody but the owner reads keys, officer identity and databases."""
    config = scene.config
    private = [config.keys, *config.keys.glob("*"), config.officer, *config.officer.glob("*.pem"), config.data_dir]
    for path in [*private, *config.data_dir.glob("*.db")]:
        if path.exists() and (mode := path.stat().st_mode & 0o777) & _OTHERS:
            yield found(Code.FILES_OPEN, path=_short(path, config.keys.parent), mode=f"{mode:04o}")


def _short(path: Path, base: Path) -> str:
    return str(path.relative_to(base) if path.is_relative_to(base) else path)


def certificates(scene: Scene) -> Iterator[Finding]:
    """The terms of the own certificate, the peers' and the clients'."""
    now = scene.machine_now
    if own := scene.own:
        in_use = [tls_cert for tls_cert in own.tls_certs if tls_cert.fingerprint == scene.certificate.value]
        yield from _term(in_use, now, (Code.CERTIFICATE_ENDS, Code.CERTIFICATE_ENDED))
        for certificate in in_use:
            if certificate.not_before > now:
                yield found(Code.CERTIFICATE_NOT_YET, date=legal_date(certificate.not_before), now=legal_date(now))
    for member in scene.peers:
        codes = (Code.PEER_CERTIFICATE_ENDS, Code.PEER_CERTIFICATE_ENDED)
        yield from _term(member.tls_certs, now, codes, member.city)
    for client in scene.clients.value.clients if scene.clients.value else ():
        codes = (Code.CLIENT_CERTIFICATE_ENDS, Code.CLIENT_CERTIFICATE_ENDED)
        yield from _term(client.tls_certs, now, codes, client=client.name)


def _term(
    certs: Iterable[PinnedCertificate], now: datetime, codes: tuple[Code, Code], city: str = "", **params: str
) -> Iterator[Finding]:
    """Of several certificates the last to end counts."""
    end = max((cert.not_after for cert in certs), default=None)
    if end is None:
        return
    if end < now:
        yield found(codes[1], city, date=legal_date(end), **params)
    elif (days := (end - now).days) < SOON_DAYS:
        yield found(codes[0], city, date=legal_date(end), days=days, **params)


def seconds_to_end(scene: Scene) -> Iterator[tuple[str, str, float]]:
    """Seconds to the end of certificates, below 0 after it: ("own" | "peer" | "clients", city, seconds).

    Of the clients the first to end counts: their names stand in no metric.
    """
    groups = [("peer", member.city, member.tls_certs) for member in scene.peers]
    if own := scene.own:
        in_use = tuple(tls_cert for tls_cert in own.tls_certs if tls_cert.fingerprint == scene.certificate.value)
        groups.append(("own", own.city, in_use))
    for whose, city, certs in groups:
        if certs:
            yield whose, city, (max(cert.not_after for cert in certs) - scene.machine_now).total_seconds()
    clients = scene.clients.value.clients if scene.clients.value else ()
    ends = [max(tls_cert.not_after for tls_cert in client.tls_certs) for client in clients]
    if ends:
        yield "clients", scene.config.city, (min(ends) - scene.machine_now).total_seconds()


def minute(at: datetime) -> str:
    """An aware moment, to the minute, in China."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def moment(at_ms: float) -> str:
    """A moment in China."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
