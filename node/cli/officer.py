"""`gongzhi officer`: the people who act in this city's cases."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from node.cli.client import tell_removed
from node.cli.shared.options import json_option, new_passphrase, node_option, passphrase_option, print_json
from node.cli.shared.tables import CellTable, print_table
from node.config import load_config
from node.core.law.calendar import legal_date
from node.core.members.clients import Client, Kind
from node.core.members.officers import Account, OfficerRole
from node.errors import NodeError, Reason
from node.folder.files import load_clients
from node.folder.identity import add_client, remove_client
from node.localized_click import say
from node.messages import _


@click.group()
def officer() -> None:
    """Manage who works on this city's cases, and in which roles.

    \b
    clerk          drafts, registers, sends for signature
    case_officer   makes and drafts acts
    approver       approves what another officer drafted (four eyes)
    auditor        reads everything, acts nowhere
    admin          operates the node: sync, release of peers

    An officer's certificate is the session: there are no passwords. Give the folder of --out to that person only;
    it is used with `gongzhi case --as FOLDER` or GONGZHI_OFFICER.
    """  # noqa: D301


@officer.command("add")
@click.argument("account")
@click.option("--name", required=True, help="Name of the person, as acts state it.")
@click.option(
    "--role",
    "roles",
    type=click.Choice([role.value for role in OfficerRole]),
    multiple=True,
    required=True,
    help="Repeatable.",
)
@click.option("--certificate-number", default="", help="Number of the enforcement certificate (执法证号).")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Identity folder to create, for the client."
)
@click.option("--host", help="Host name or address of this node as the officer sees it, if not this machine.")
@passphrase_option
@node_option
def add_command(
    account: str,
    name: str,
    roles: tuple[str, ...],
    certificate_number: str,
    out: Path,
    host: str | None,
    passphrase: bool,
    node_dir: Path,
) -> None:
    """Create ACCOUNT with its key and certificate; it may act from now on.

    Run it again with the same ACCOUNT to add a certificate and replace name, roles and number.
    """
    config = load_config(node_dir)
    facts = Account(name, tuple(OfficerRole(role) for role in dict.fromkeys(roles)), certificate_number)
    sealed = new_passphrase(passphrase)
    identity = add_client(config, account, Kind.OFFICER, out, datetime.now(UTC), sealed, host, facts)
    say(
        "{account} ({roles}): identity in {out}, valid until {until}",
        account=account,
        roles=list(roles),
        out=out,
        until=legal_date(identity.tls.certificate.not_after),
    )


@officer.command("list")
@json_option
@node_option
def list_command(as_json: bool, node_dir: Path) -> None:
    """List the officers."""
    officers = [each for each in load_clients(load_config(node_dir).clients).clients if each.kind is Kind.OFFICER]
    if as_json:
        print_json([_plain(each) for each in officers])
        return
    table = CellTable(_("account"), _("name"), _("roles"), _("certificate number"), _("valid until"))
    for each in officers:
        plain = _plain(each)
        roles = _("{roles}", roles=plain["roles"]) if plain["roles"] else _("the node's own account: no cases")
        table.add_texts(each.name, plain["name"], roles, plain["certificate_number"], plain["until"])
    print_table(table)


@officer.command("remove")
@click.argument("account")
@node_option
def remove_command(account: str, node_dir: Path) -> None:
    """Remove an officer's access, within a second. The officer's past acts stay in the log."""
    config = load_config(node_dir)
    known = load_clients(config.clients).find(account)
    if known is None or known.account is None or known.kind is not Kind.OFFICER:
        raise NodeError(Reason.NOT_FOUND, _("{account} is not an officer of this node", account=account))
    tell_removed(account, remove_client(config, account))


def _plain(client: Client) -> dict[str, Any]:
    account = client.account or Account("")
    return {
        "account": client.name,
        "name": account.name,
        "roles": [role.value for role in account.roles],
        "certificate_number": account.certificate_number,
        "until": legal_date(max(cert.not_after for cert in client.tls_certs)).isoformat(),
    }
