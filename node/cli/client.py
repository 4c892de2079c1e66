"""`gongzhi client`: the programs and officers this node answers."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from node.cli.shared.options import new_passphrase, node_option, passphrase_option
from node.cli.shared.tables import CellTable, print_table
from node.config import load_config
from node.core.law.calendar import legal_date
from node.core.members.clients import Kind
from node.core.members.federation import PinnedCertificate, format_fingerprint
from node.core.members.officers import Account
from node.core.members.pinning import format_server_certificates
from node.folder.files import load_clients
from node.folder.identity import add_client, remove_client, server_certificates
from node.localized_click import echo, say
from node.messages import _

_KINDS = click.Choice([Kind.ADAPTER.value, Kind.OFFICER.value, Kind.PLATFORM.value])


@click.group("client")
def client() -> None:
    """Manage the programs and officers of this city that the node answers."""


@client.command("add")
@click.argument("name")
@click.option(
    "--kind",
    type=_KINDS,
    required=True,
    help="adapter loads records; officer may call everything; platform asks questions.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Identity folder to create, for the client."
)
@click.option("--host", help="Host name or address of this node as the client sees it, if not this machine.")
@click.option("--title", help="Name of a platform as in records of cases, e.g. 京东.")
@passphrase_option
@node_option
def add_command(
    name: str, kind: str, out: Path, host: str | None, title: str | None, passphrase: bool, node_dir: Path
) -> None:
    """Create a client's key and certificate; the node answers it from now on.

    Run it again with the same NAME to add a certificate beside the old one: that is how one is renewed. For people
    who work on cases use `gongzhi officer add`.
    """
    config = load_config(node_dir)
    account = Account(title) if title else None
    sealed = new_passphrase(passphrase)
    identity = add_client(config, name, Kind(kind), out, datetime.now(UTC), sealed, host, account)
    say(
        "{name} ({kind}): identity in {out}, valid until {until}",
        name=name,
        kind=kind,
        out=out,
        until=legal_date(identity.tls.certificate.not_after),
    )
    if identity.kind is Kind.PLATFORM and account:
        say(
            "{name} is now on this node's card: hand out `gongzhi federation card` to the other cities.",
            name=account.name,
        )


@client.command("list")
@node_option
def list_command(node_dir: Path) -> None:
    """List the clients and when their certificates expire."""
    table = CellTable(_("name"), _("kind"), _("valid until"), _("certificate"))
    for each in load_clients(load_config(node_dir).clients).clients:
        for cert in each.tls_certs:
            table.add_row(
                each.name, each.kind.value, f"{legal_date(cert.not_after)}", format_fingerprint(cert.fingerprint)
            )
    print_table(table)


@client.command("remove")
@click.argument("name")
@click.option(
    "--certificate",
    metavar="FINGERPRINT",
    help="Only this certificate of the client: lost, or replaced by a new one. `gongzhi client list` shows it.",
)
@node_option
def remove_command(name: str, certificate: str | None, node_dir: Path) -> None:
    """Refuse a client from now on, within a second. Prints the certificates that are no longer valid here."""
    config = load_config(node_dir)
    if certificate is None:
        tell_removed(name, remove_client(config, name))
        return
    [removed] = remove_client(config, name, _parse_fingerprint(certificate))
    say(
        "This certificate of {name} is refused from now on: {fingerprint}",
        name=name,
        fingerprint=format_fingerprint(removed.fingerprint),
    )


def _parse_fingerprint(text: str) -> str:
    """64 hexadecimal digits, however they are grouped."""
    digits = re.sub(r"[\s:]", "", text).lower()
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise click.BadParameter(_("a fingerprint has 64 hexadecimal digits"), param_hint="--certificate")
    return digits


def tell_removed(name: str, certificates: Iterable[PinnedCertificate]) -> None:
    """Says which client is answered no longer, and by which certificates it was known."""
    say("{name} is refused from now on, with these certificates:", name=name)
    for certificate in certificates:
        say(
            "  valid until {until}  {fingerprint}",
            until=legal_date(certificate.not_after),
            fingerprint=format_fingerprint(certificate.fingerprint),
        )


@client.command("server-cert")
@node_option
def server_cert_command(node_dir: Path) -> None:
    """Print this node's certificates: the new server.crt of every identity after `gongzhi key rotate --tls`."""
    echo(format_server_certificates(server_certificates(load_config(node_dir))), nl=False)
