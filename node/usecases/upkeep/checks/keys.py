"""Keys against the card, the terms of certificates, who may read the keys."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from node.core.finding import Code, Finding, new_finding
from node.core.law.calendar import SHANGHAI, legal_date
from node.core.members.federation import Member, PinnedCertificate
from node.usecases.upkeep.checks.scene import Scene, Tried
from node.usecases.upkeep.own_keys import LOG, TLS, WITNESS, OwnKey, Public

SOON_DAYS = 30
_OTHERS = 0o077


def keys(scene: Scene) -> Iterator[Finding]:
    """Each key in use is the one on this node's card."""
    yield from _key(LOG, scene.log_key, scene.own)
    yield from _key(TLS, scene.certificate, scene.own)
    if scene.witness_key is None:
        yield new_finding(Code.NO_WITNESS_KEY)
    else:
        yield from _key(WITNESS, scene.witness_key, scene.own)


def _key(kind: OwnKey, key: Tried[Public], own: Member | None) -> Iterator[Finding]:
    if key.error is not None:
        yield new_finding(Code.KEY_UNREADABLE, error=key.error.message)
    elif own is not None and not kind.is_on_card(key.value, own):
        yield new_finding(kind.not_on_card)


def modes(scene: Scene) -> Iterator[Finding]:
    """Nobody but the owner reads keys, officer identity and databases."""
    config = scene.config
    private = [config.keys, *config.keys.glob("*"), config.officer, *config.officer.glob("*.pem"), config.data_dir]
    for path in [*private, *config.data_dir.glob("*.db")]:
        if path.exists() and (mode := path.stat().st_mode & 0o777) & _OTHERS:
            yield new_finding(Code.FILES_OPEN, path=_short(path, config.keys.parent), mode=f"{mode:04o}")


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
                yield new_finding(
                    Code.CERTIFICATE_NOT_YET, date=legal_date(certificate.not_before), now=legal_date(now)
                )
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
        yield new_finding(codes[1], city, date=legal_date(end), **params)
    elif (days := (end - now).days) < SOON_DAYS:
        yield new_finding(codes[0], city, date=legal_date(end), days=days, **params)


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
