"""`gongzhi federation`: who is a member."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from node.cli.shared.options import ask_passphrase, node_option
from node.cli.shared.tables import new_table, print_table
from node.config import Config, load_config
from node.core.log.checkpoint import format_vkey
from node.core.members.federation import Member, format_fingerprint
from node.core.members.federation_file import format_card, parse_card
from node.core.members.platforms import Connected
from node.errors import NodeError, Reason
from node.folder.files import load_calendar, load_federation, read_text, save_federation
from node.folder.founding import CAPITALS
from node.folder.identity import connect_platform
from node.folder.keyfile import load_tls_identity
from node.messages import _
from node.rpc.federation_check import probe
from node.usecases.upkeep.remove_member import Leaving, leaving, remove_member
from node.usecases.upkeep.start_checks import key_errors, prepared_key_errors

SOON = timedelta(days=30)
DAY = click.DateTime(["%Y-%m-%d"])


@click.group("federation")
def federation() -> None:
    """Say which cities are members, by exchanged cards.

    A card holds a city's address, log keys and certificates, all public. Compare its fingerprint with that city by
    telephone before you add it: that call is what everything else rests on.
    """


@federation.command("card")
@node_option
def card_command(node_dir: Path) -> None:
    """Print this node's own card, to hand to the other cities."""
    config = load_config(node_dir)
    own = load_federation(config.federation).member(config.city)
    click.echo(format_card(own), nl=False)
    click.echo(f"Fingerprint, to read out over the telephone: {format_fingerprint(own.fingerprint)}", err=True)


@federation.command("add")
@click.argument("cards", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="The fingerprints have been compared: do not ask.")
@node_option
def add_command(cards: tuple[Path, ...], yes: bool, node_dir: Path) -> None:
    """Add members by their CARDS, or take over changed cards. The running node follows by itself."""
    config = load_config(node_dir)
    for card in cards:
        _add(config, card, yes)


def _add(config: Config, card: Path, yes: bool) -> None:
    members = load_federation(config.federation)
    member = parse_card(read_text(card, Reason.INVALID_FEDERATION), str(card))
    joined = members.with_member(member)
    for line in _changes(members.find(member.city), member):
        click.echo(line)
    if not yes:
        click.confirm("Compared with that city by telephone, and the same?", abort=True)
    save_federation(config.federation, joined)
    click.echo(f"{member.city} is a member.")


@federation.command("platform")
@click.argument("name")
@click.option("--seat", default="", help="Region of its operator's registered seat, six digits (GB/T 2260).")
@click.option("--since", type=DAY, help="First day it is connected here; without it, from the beginning.")
@click.option("--until", type=DAY, help="Last day; what it did until then still counts.")
@node_option
def platform_command(name: str, seat: str, since: datetime | None, until: datetime | None, node_dir: Path) -> None:
    """Say on this node's own card that the platform NAME is connected here, e.g. 京东.

    No other city can act in the platform's name then. `gongzhi client add --kind platform` does it too; the others have
    to take over the changed card.
    """
    config = load_config(node_dir)
    first, last = (each.date() if each else None for each in (since, until))
    connect_platform(config, Connected(name, seat, first, last))
    click.echo(f"{name} is on the card. Hand out `gongzhi federation card`: the others take it over after a call.")


@federation.command("remove")
@click.argument("city")
@click.option("--dry-run", is_flag=True, help="Say what would go and what would stay; change nothing.")
@node_option
def remove_command(city: str, dry_run: bool, node_dir: Path) -> None:
    """Remove a member, and say what goes with it and what stays.

    It is neither answered nor asked from then on. The records had from it stay, with their proofs, and are shown as a
    former member's; `gongzhi peer forget CITY` destroys them. The guide: docs/operations.md, "A city leaves".
    """
    config = load_config(node_dir)
    act = leaving if dry_run else remove_member
    told = act(config, load_calendar(config.calendars), city)
    click.echo(f"{city} would leave:" if dry_run else f"{city} is no longer a member. 已移出成员。")
    for line in _removal_lines(told):
        click.echo(f"  {line}")


def _removal_lines(told: Leaving) -> list[str]:
    city, lines = told.member.city, []
    lines.append(f"goes 停止: pulls from {city}, answers to it, and its cosignatures, at once and without a restart")
    if told.platforms:
        lines.append(f"goes 停止: what {', '.join(told.platforms)} does at the node of {city} counts here no more")
    lines.append(f"stays 保留: {told.records} records of its log, shown as a former member's (原成员)")
    if told.cases:
        lines.append(f"stays 保留: open cases with it, to be finished here: {', '.join(told.cases)}")
    lines.append(f"stays 保留: its card, for proofs made before: {told.card}")
    lines.append(f"to do 待办: tell the others; to destroy its records: gongzhi peer forget {city}")
    return lines


@federation.command("move")
@click.argument("address")
@node_option
def move_command(address: str, node_dir: Path) -> None:
    """Put a new ADDRESS (host:port) of this node's exchange on its own card.

    Hand out `gongzhi federation card` before the node moves; each city adds it after a call. What the node listens on
    stands in node.yaml (listen.exchange).
    """
    config = load_config(node_dir)
    members = load_federation(config.federation)
    moved = members.with_member(replace(members.member(config.city), address=address))
    save_federation(config.federation, moved)
    click.echo(f"{address} is on the card. 新地址已写入名片。")
    click.echo("Hand out `gongzhi federation card`: the others take it over by `gongzhi federation add` after a call.")
    if config.listen.exchange.rpartition(":")[2] != address.rpartition(":")[2]:
        click.echo(
            f"This node listens on {config.listen.exchange}: change listen.exchange in node.yaml if that moves too."
        )


@federation.command("list")
@node_option
def list_command(node_dir: Path) -> None:
    """List the members with their fingerprints."""
    table = new_table("city", "名称", "region", "address", "keys", "certificate until", "fingerprint")
    for member in load_federation(load_config(node_dir).federation).members:
        until = max(cert.not_after for cert in member.tls_certs).date().isoformat()
        where = (member.city, member.name_zh, member.region6, member.address)
        table.add_row(*where, str(len(member.log_keys)), until, format_fingerprint(member.fingerprint))
    print_table(table)


@federation.command("check")
@click.option("--connect", is_flag=True, help="Also shake hands with each member.")
@node_option
def check_command(connect: bool, node_dir: Path) -> None:
    """Check the federation file, this node's own keys against its card, and the terms of all certificates."""
    config = load_config(node_dir)
    now = datetime.now(UTC)
    members = load_federation(config.federation)
    wrong = (*key_errors(config, ask_passphrase), *prepared_key_errors(config, ask_passphrase))
    findings = [error.message for error in wrong]
    if not config.witness_key.exists():
        findings.append(f"{config.city}: no witness key, so it cosigns no checkpoint: gongzhi key rotate --witness")
    findings += [text for member in members.members for text in _terms(member, now)]
    if connect:
        identity = load_tls_identity(config.tls_identity, ask_passphrase)
        findings += [
            f"{member.city}: {error.message}"
            for member in members.peers_of(config.city)
            if (error := probe(identity, member, config.sync.connect_timeout_s)) is not None
        ]
    for finding in findings:
        click.echo(finding)
    if findings:
        raise SystemExit(1)
    click.echo(f"{len(members.members)} members, all well.")


@federation.command("demo")
@click.option("--dir", "folder", required=True, type=click.Path(path_type=Path), help="Folder to make.")
@click.option("--interval", "interval_s", default=60.0, show_default=True, help="Seconds between two pulls.")
def demo_command(folder: Path, interval_s: float) -> None:
    """Make six ready nodes on free ports of this machine, members of one federation."""
    try:
        from node.demo.founding import found_federation  # noqa: PLC0415 - a city need not install the demonstrations
    except ModuleNotFoundError:
        raise NodeError(Reason.INVALID_ARGUMENT, _("this installation has no demonstrations (node.demo)")) from None
    for config in found_federation(folder, datetime.now(UTC), settings={"sync": {"interval_s": interval_s}}):
        click.echo(f"{CAPITALS[config.city][0]} {config.city:10} {config.listen.exchange}")


def _changes(old: Member | None, new: Member) -> list[str]:
    """What taking over the card would change, a line each."""
    before = _facts(old) if old else set()
    after = _facts(new)
    lines = [f"- {fact}" for fact in sorted(before - after)] + [f"+ {fact}" for fact in sorted(after - before)]
    return [f"{new.name_zh} ({new.city})", *lines, f"Fingerprint: {format_fingerprint(new.fingerprint)}"]


def _facts(member: Member) -> set[str]:
    return {
        f"name {member.name_zh} {member.region6}",
        f"address {member.address}",
        *(f"log key {format_vkey(each)}" for each in member.log_keys),
        *(f"witness key {format_vkey(each)}" for each in member.witness_keys),
        *(f"certificate {format_fingerprint(cert.fingerprint)}" for cert in member.tls_certs),
        *(" ".join(each.text.split("\t")) for each in member.platforms),
    }


def _terms(member: Member, now: datetime) -> list[str]:
    last = max(cert.not_after for cert in member.tls_certs)
    if last < now:
        return [f"{member.city}: its certificate expired on {last.date()}"]
    if last < now + SOON:
        return [f"{member.city}: its certificate expires on {last.date()}; ask for a new card"]
    return []
