"""`gongzhi client`: the programs and officers this node answers."""

from datetime import UTC, datetime
from pathlib import Path

import click

from node.cli.shared.options import new_passphrase, node_option, passphrase_option
from node.cli.shared.tables import new_table, print_table
from node.config import load_config
from node.core.members.clients import Clients, Kind
from node.core.members.federation import format_fingerprint
from node.core.members.officers import Account
from node.core.members.pinning import format_server_certificates
from node.folder.files import load_clients, save_clients
from node.folder.identity import add_client, server_certificates

_KINDS = click.Choice([Kind.ADAPTER.value, Kind.OFFICER.value, Kind.PLATFORM.value])


@click.group("client")
def client() -> None:
    """Say which programs and officers of your own this node answers."""


@client.command("add")
@click.argument("name")
@click.option("--kind", type=_KINDS, required=True, help="adapter: takes in; officer: all; platform: asks.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the bundle to hand over.")
@click.option("--host", help="Where the client finds this node, if not on this machine.")
@click.option("--title", help="A platform's name as records of cases state it, e.g. 京东.")
@passphrase_option
@node_option
def add_command(
    name: str, kind: str, out: Path, host: str | None, title: str | None, passphrase: bool, node_dir: Path
) -> None:
    """Make a client's key and certificate and answer it from now on.

    The same name again makes one more certificate beside the old: so one is renewed. For people who work on cases see
    `gongzhi officer add`.
    """
    config = load_config(node_dir)
    account = Account(title) if title else None
    sealed = new_passphrase(passphrase)
    identity = add_client(config, name, Kind(kind), out, datetime.now(UTC), sealed, host, account)
    click.echo(f"{name} ({kind}): bundle in {out}, good until {identity.tls.certificate.not_after.date()}")
    if identity.kind is Kind.PLATFORM and account:
        click.echo(f"{account.name} is on this node's card: hand out `gongzhi federation card` to the other cities.")


@client.command("list")
@node_option
def list_command(node_dir: Path) -> None:
    """List the clients with the terms of their certificates."""
    table = new_table("name", "kind", "until", "certificate")
    for each in load_clients(load_config(node_dir).clients).clients:
        for cert in each.tls_certs:
            table.add_row(each.name, each.kind.value, f"{cert.not_after.date()}", format_fingerprint(cert.fingerprint))
    print_table(table)


@client.command("remove")
@click.argument("name")
@node_option
def remove_command(name: str, node_dir: Path) -> None:
    """Answer a client no longer; takes effect within a second. Names the certificates it takes away."""
    config = load_config(node_dir)
    clients = load_clients(config.clients)
    save_clients(config.clients, clients.without(name))
    tell_removed(clients, name)


def tell_removed(clients: Clients, name: str) -> None:
    """Says which client is answered no longer, and by which certificates it was known."""
    gone = clients.find(name)
    click.echo(f"{name} is no longer answered, nor are its certificates 该身份及以下证书即刻失效:")
    for each in gone.tls_certs if gone else ():
        click.echo(f"  until {each.not_after.date()}  {format_fingerprint(each.fingerprint)}")


@client.command("server-cert")
@node_option
def server_cert_command(node_dir: Path) -> None:
    """Print this node's certificates: the new server.crt of every bundle after `gongzhi key rotate --tls`."""
    click.echo(format_server_certificates(server_certificates(load_config(node_dir))), nl=False)
