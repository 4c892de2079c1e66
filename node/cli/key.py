"""`gongzhi key`: this node's own keys, changed so that nobody is locked out."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click

from node.cli.shared.options import ask_passphrase, new_passphrase, node_option, passphrase_option
from node.cli.shared.tables import CellTable, print_table
from node.config import Config, load_config
from node.core.members.clients import Client
from node.core.members.federation import Member, PinnedCertificate, format_fingerprint
from node.errors import FileError, NodeError, Reason
from node.folder import rotation
from node.folder.files import load_clients, load_federation
from node.folder.followers import not_followed
from node.folder.identity import server_certificates, write_server
from node.folder.keyfile import TlsIdentity, load_tls_identity
from node.localized_click import say
from node.messages import _
from node.rpc.federation_check import probe

_PROBE_S = 3.0


@click.group("key")
def key() -> None:
    """Change this node's keys without locking out any city or client."""


@key.command("rotate")
@click.option("--log", "which", flag_value="log", help="The key that signs this city's log.")
@click.option("--tls", "which", flag_value="tls", help="The certificate that this node presents.")
@click.option("--witness", "which", flag_value="witness", help="The key that cosigns the checkpoints of other cities.")
@click.option("--finish", is_flag=True, help="Put the new key in use: everybody knows it.")
@click.option("--force", is_flag=True, help="With --tls --finish: even if some do not know it yet.")
@click.option("--status", "ask", is_flag=True, help="With --tls: show who knows the new certificate.")
@passphrase_option
@node_option
def rotate_command(which: str | None, finish: bool, force: bool, ask: bool, passphrase: bool, node_dir: Path) -> None:
    """Create a new key and put it on this node's card; when everybody knows it, run again with --finish.

    A city knows it once it has added the new card (gongzhi federation add). Adapters, platforms and officers of
    this node learn a new certificate by themselves at their next call between the two steps. --status shows who
    does not know it yet; give those the output of `gongzhi client server-cert` as the new server.crt of their
    identity.
    """
    config = load_config(node_dir)
    if which is None:
        raise click.UsageError(_("give --log, --tls or --witness"))
    if (force or ask) and which != "tls":
        raise click.UsageError(_("--force and --status go with --tls"))
    if ask:
        _print_followers(_followers(config))
        return
    if finish:
        _finish(config, which, force=force)
    else:
        _prepare(config, which, new_passphrase(passphrase))


def _prepare(config: Config, which: str, passphrase: bytes | None) -> None:
    if which == "log":
        member = rotation.prepare_log(config, passphrase)
    elif which == "witness":
        member = rotation.prepare_witness(config, passphrase)
    else:
        member = rotation.prepare_tls(config, datetime.now(UTC), passphrase)
        _refresh_own_officer(config)
    _print_card(member)
    say("Hand out `gongzhi federation card` to the other cities.")
    if which == "tls" and (waiting := not_followed(config, datetime.now(UTC))):
        say(
            "{count} clients learn the new certificate at their next call: {names}",
            count=len(waiting),
            names=[client.name for client in waiting],
        )
        say(
            "If one cannot (an earlier release), give it the output of `gongzhi client "
            "server-cert` as its new server.crt."
        )
        say("To see who knows it: gongzhi key rotate --tls --status")
    say("When all know it: gongzhi key rotate --{which} --finish", which=which)


def _finish(config: Config, which: str, *, force: bool) -> None:
    if which == "tls":
        _check_followers(config, force=force)
        member = rotation.finish_tls(config, ask_passphrase)
        _refresh_own_officer(config)
    else:
        finish = rotation.finish_log if which == "log" else rotation.finish_witness
        member = finish(config, ask_passphrase)
    _print_card(member)
    if which != "tls":
        say(
            "The new key is used after the node's next start. The old public key stays on "
            "the card, so old proofs stay valid."
        )


_UNREACHED = _("cannot be reached")


class _Follower(NamedTuple):
    name: str
    kind: str
    knows: str
    is_locked_out: bool


def _followers(config: Config) -> list[_Follower]:
    """Everyone who has to know the prepared certificate."""
    prepared = rotation.next_path(config.tls_identity)
    if not prepared.exists():
        raise FileError(Reason.INVALID_KEY, str(prepared), _("no new key is prepared; run it without --finish first"))
    identity = load_tls_identity(prepared, ask_passphrase)
    waiting = {client.name: client.tls_certs for client in not_followed(config, datetime.now(UTC))}
    clients = [
        follower
        for client in load_clients(config.clients).clients
        for follower in _identities(client, waiting.get(client.name, ()))
    ]
    peers = load_federation(config.federation).peers_of(config.city)
    with ThreadPoolExecutor(8) as pool:
        return [*clients, *pool.map(lambda peer: _ask_peer(identity, peer), peers)]


def _identities(client: Client, not_seen: Iterable[PinnedCertificate]) -> list[_Follower]:
    """One row for each identity of a client that does not know the certificate; one in all where every one does."""
    texts = [_("not seen yet: {fingerprint}", fingerprint=format_fingerprint(each.fingerprint)) for each in not_seen]
    rows = [_Follower(client.name, client.kind.value, text, is_locked_out=True) for text in texts]
    return rows or [_Follower(client.name, client.kind.value, _("yes"), is_locked_out=False)]


def _ask_peer(identity: TlsIdentity, peer: Member) -> _Follower:
    """Whether a city lets the new certificate in; one that is away says nothing."""
    error = probe(identity, peer, _PROBE_S)
    if error is None:
        return _Follower(peer.city, "city", _("yes"), is_locked_out=False)
    is_refused = error.reason in {Reason.TLS_REFUSED, Reason.UNAUTHENTICATED}
    return _Follower(
        peer.city, "city", _("no: it has not added the new card") if is_refused else _UNREACHED, is_refused
    )


def _check_followers(config: Config, *, force: bool) -> None:
    if not rotation.next_path(config.tls_identity).exists():
        return  # the second half of a finish that was cut off, or nothing to finish: `finish_tls` tells
    followers = _followers(config)
    locked_out = list(dict.fromkeys(follower.name for follower in followers if follower.is_locked_out))
    if locked_out and not force:
        _print_followers(followers)
        text = _(
            "--finish would lock out {count}: {names}. A city has to add the new card "
            "(gongzhi federation card); a client has to call once, or to get the output of "
            "`gongzhi client server-cert` as its server.crt; a certificate that is used no more is removed with "
            "`gongzhi client remove NAME --certificate FINGERPRINT`; or add --force",
            count=len(locked_out),
            names=locked_out,
        )
        raise NodeError(Reason.NOT_FOLLOWED, text)
    for each in followers:
        if each.knows == _UNREACHED:
            say("{name} cannot be reached: make sure that it has added the new card.", name=each.name)


def _print_followers(followers: Iterable[_Follower]) -> None:
    table = CellTable(_("who"), _("kind"), _("knows the new certificate"))
    for each in followers:
        table.add_texts(each.name, each.kind, each.knows)
    print_table(table)


def _refresh_own_officer(config: Config) -> None:
    """The node's own officer lies beside the node: its identity follows at once."""
    if config.officer.is_dir():
        write_server(config.officer, server_certificates(config))


def _print_card(member: Member) -> None:
    say("Fingerprint of the new card: {fingerprint}", fingerprint=format_fingerprint(member.fingerprint))
