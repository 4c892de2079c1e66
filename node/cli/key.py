"""`gongzhi key`: this node's own keys, changed so that nobody is locked out."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click

from node.cli.shared.options import ask_passphrase, new_passphrase, node_option, passphrase_option
from node.cli.shared.tables import new_table, print_table
from node.config import Config, load_config
from node.core.members.federation import Member, format_fingerprint
from node.errors import FileError, NodeError, Reason
from node.folder import rotation
from node.folder.files import load_clients, load_federation
from node.folder.followers import not_followed
from node.folder.identity import server_certificates, write_server
from node.folder.keyfile import TlsIdentity, load_tls_identity
from node.rpc.federation_check import probe

_PROBE_S = 3.0


@click.group("key")
def key() -> None:
    """Change this node's keys so that neither a city nor a client is locked out."""


@key.command("rotate")
@click.option("--log", "which", flag_value="log", help="The key that signs this city's log.")
@click.option("--tls", "which", flag_value="tls", help="The certificate this node presents.")
@click.option("--witness", "which", flag_value="witness", help="The key that cosigns the others' checkpoints.")
@click.option("--finish", is_flag=True, help="Everybody knows the new key: put it in use.")
@click.option("--force", is_flag=True, help="With --tls --finish: also where some do not know it yet.")
@click.option("--status", "ask", is_flag=True, help="With --tls: show who knows the new certificate.")
@passphrase_option
@node_option
def rotate_command(which: str | None, finish: bool, force: bool, ask: bool, passphrase: bool, node_dir: Path) -> None:
    """Make a new key and put it on this node's card; once everybody knows it, again with --finish.

    A city knows it when it has taken over the new card (gongzhi federation add). Adapters, platforms and officers of
    this node learn a new certificate by themselves, at their next call between the two steps. --status shows who does
    not know it yet; to those, hand what `gongzhi client server-cert` prints, as the new server.crt of their bundle.
    """
    config = load_config(node_dir)
    if which is None:
        raise click.UsageError("Say which key: --log, --tls or --witness.")
    if (force or ask) and which != "tls":
        raise click.UsageError("--force and --status are for --tls.")
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
    click.echo("Hand out `gongzhi federation card` to the other cities.")
    if which == "tls" and (waiting := not_followed(config)):
        names = ", ".join(client.name for client in waiting)
        click.echo(f"Not seen with it yet, and learning it at their next call ({len(waiting)}): {names}")
        click.echo("To one that cannot (an earlier release), hand `gongzhi client server-cert` as its new server.crt.")
        click.echo("Who knows it: gongzhi key rotate --tls --status")
    click.echo(f"When all know it: gongzhi key rotate --{which} --finish")


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
        click.echo("In use from the node's next start. The old public key stays on the card: old proofs hold.")


class _Follower(NamedTuple):
    name: str
    kind: str
    knows: str
    is_locked_out: bool


def _followers(config: Config) -> list[_Follower]:
    """Everyone who has to know the prepared certificate."""
    prepared = rotation.next_path(config.tls_identity)
    if not prepared.exists():
        raise FileError(Reason.INVALID_KEY, str(prepared), "no new key is prepared; rotate first without --finish")
    identity = load_tls_identity(prepared, ask_passphrase)
    waiting = {client.name for client in not_followed(config)}
    clients = [
        _Follower(
            each.name, each.kind.value, "not seen with it" if each.name in waiting else "yes", each.name in waiting
        )
        for each in load_clients(config.clients).clients
    ]
    peers = load_federation(config.federation).peers_of(config.city)
    with ThreadPoolExecutor(8) as pool:
        return [*clients, *pool.map(lambda peer: _ask_peer(identity, peer), peers)]


def _ask_peer(identity: TlsIdentity, peer: Member) -> _Follower:
    """Whether a city lets the new certificate in; one that is away says nothing."""
    error = probe(identity, peer, _PROBE_S)
    if error is None:
        return _Follower(peer.city, "city", "yes", is_locked_out=False)
    is_refused = error.reason in {Reason.TLS_REFUSED, Reason.UNAUTHENTICATED}
    return _Follower(peer.city, "city", "no: card not taken over" if is_refused else "not reached", is_refused)


def _check_followers(config: Config, *, force: bool) -> None:
    if not rotation.next_path(config.tls_identity).exists():
        return  # the second half of a finish that was cut off, or nothing to finish: `finish_tls` tells
    followers = _followers(config)
    locked_out = [each for each in followers if each.is_locked_out]
    if locked_out and not force:
        _print_followers(followers)
        names = ", ".join(each.name for each in locked_out)
        text = f"--finish would lock out {len(locked_out)}: {names}. Cities need the new card (gongzhi federation card)"
        more = "clients call once, or get `gongzhi client server-cert` as their server.crt; or add --force"
        raise NodeError(Reason.NOT_FOLLOWED, f"{text}, {more}")
    for each in followers:
        if each.knows == "not reached":
            click.echo(f"{each.name} could not be asked: see that it has the new card.")


def _print_followers(followers: Iterable[_Follower]) -> None:
    table = new_table("who", "kind", "knows the new certificate")
    for each in followers:
        table.add_row(each.name, each.kind, each.knows)
    print_table(table)


def _refresh_own_officer(config: Config) -> None:
    """The node's own officer lies beside the node: its bundle follows at once."""
    if config.officer.is_dir():
        write_server(config.officer, server_certificates(config))


def _print_card(member: Member) -> None:
    click.echo(f"Fingerprint of the new card: {format_fingerprint(member.fingerprint)}")
