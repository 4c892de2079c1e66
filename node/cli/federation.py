"""`gongzhi federation`: who is a member."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from node.cli.shared.options import ask_passphrase, node_option
from node.cli.shared.tables import CellTable, print_table
from node.config import Config, load_config
from node.core.law.calendar import legal_date
from node.core.log.checkpoint import format_vkey
from node.core.members.federation import Member, format_fingerprint
from node.core.members.federation_file import format_card, parse_card
from node.core.members.platforms import Connected
from node.errors import NodeError, Reason
from node.folder.files import load_calendar, load_federation, read_text, save_federation
from node.folder.founding import CAPITALS
from node.folder.identity import connect_platform
from node.folder.keyfile import load_tls_identity
from node.localized_click import echo, say
from node.messages import Message, _, render
from node.rpc.federation_check import probe
from node.usecases.upkeep.remove_member import Leaving, leaving, remove_member
from node.usecases.upkeep.start_checks import key_errors, prepared_key_errors

SOON = timedelta(days=30)
DAY = click.DateTime(["%Y-%m-%d"])


@click.group("federation")
def federation() -> None:
    """Manage the member cities by exchanging cards.

    A card holds a city's address, log keys and certificates, all public. Compare its fingerprint with that city by
    telephone before you add it: everything else rests on that call.
    """


@federation.command("card")
@node_option
def card_command(node_dir: Path) -> None:
    """Print this node's card, for the other cities."""
    config = load_config(node_dir)
    own = load_federation(config.federation).member(config.city)
    echo(format_card(own), nl=False)
    echo(
        _(
            "Fingerprint, to read out over the telephone: {fingerprint}",
            fingerprint=format_fingerprint(own.fingerprint),
        ),
        err=True,
    )


@federation.command("add")
@click.argument("cards", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask: the fingerprints have been compared.")
@node_option
def add_command(cards: tuple[Path, ...], yes: bool, node_dir: Path) -> None:
    """Add members by their CARDS, or update changed cards. A running node follows by itself."""
    config = load_config(node_dir)
    for card in cards:
        _add(config, card, yes)


def _add(config: Config, card: Path, yes: bool) -> None:
    members = load_federation(config.federation)
    member = parse_card(read_text(card, Reason.INVALID_FEDERATION), str(card))
    joined = members.with_member(member)
    for line in _changes(members.find(member.city), member):
        echo(line)
    if not yes:
        click.confirm(render(_("Have you compared the fingerprint with that city by telephone?")), abort=True)
    save_federation(config.federation, joined)
    say("{city} is a member.", city=member.city)


@federation.command("platform")
@click.argument("name")
@click.option("--seat", default="", help="Region of the seat of its operator, six digits (GB/T 2260).")
@click.option("--since", type=DAY, help="First day on which it is connected here [default: from the beginning].")
@click.option("--until", type=DAY, help="Last day; its acts until then still count.")
@node_option
def platform_command(name: str, seat: str, since: datetime | None, until: datetime | None, node_dir: Path) -> None:
    """State on this node's card that the platform NAME, e.g. 京东, is connected here.

    No other city can then act in the name of that platform. `gongzhi client add --kind platform` does it too. The
    other cities have to add the changed card.
    """
    config = load_config(node_dir)
    first, last = (each.date() if each else None for each in (since, until))
    connect_platform(config, Connected(name, seat, first, last))
    say("{name} is on the card. Hand out `gongzhi federation card`: the other cities add it after a call.", name=name)


@federation.command("remove")
@click.argument("city")
@click.option("--dry-run", is_flag=True, help="Only print what would stop and what would be kept; change nothing.")
@node_option
def remove_command(city: str, dry_run: bool, node_dir: Path) -> None:
    """Remove a member, and print what stops and what is kept.

    From then on the node neither answers it nor pulls from it. Its records are kept with their proofs and shown as
    those of a former member; `gongzhi peer forget CITY` destroys them. See docs/operations.md, "A city leaves".
    """
    config = load_config(node_dir)
    act = leaving if dry_run else remove_member
    left = act(config, load_calendar(config.calendars), city)
    echo(_("{city} would be removed:", city=city) if dry_run else _("{city} is no longer a member.", city=city))
    for line in _removal_lines(left):
        say("  {line}", line=line)


def _removal_lines(left: Leaving) -> Iterator[Message]:
    city = left.member.city
    yield _("stops now, without a restart: pulls from {city}, answers to it, and its cosignatures", city=city)
    if left.platforms:
        yield _(
            "stops now: acts of {platforms} at the node of {city} no longer count", platforms=left.platforms, city=city
        )
    yield _("kept: {records} records of its log, shown as those of a former member", records=left.records)
    if left.cases:
        yield _("kept: open cases with it, to be finished here: {cases}", cases=left.cases)
    yield _("kept: its card, for proofs made before: {card}", card=left.card)
    yield _("to do: tell the other cities; to destroy its records: gongzhi peer forget {city}", city=city)


@federation.command("move")
@click.argument("address")
@node_option
def move_command(address: str, node_dir: Path) -> None:
    """Put a new ADDRESS (host:port) of this node on its card.

    Hand out `gongzhi federation card` before the node moves; each city adds it after a call. The address that the
    node listens on is listen.exchange in node.yaml.
    """
    config = load_config(node_dir)
    members = load_federation(config.federation)
    moved = members.with_member(replace(members.member(config.city), address=address))
    save_federation(config.federation, moved)
    say("{address} is on the card.", address=address)
    say("Hand out `gongzhi federation card`: the other cities run `gongzhi federation add` after a call.")
    if config.listen.exchange.rpartition(":")[2] != address.rpartition(":")[2]:
        say(
            "This node listens on {exchange}: change listen.exchange in node.yaml too if that moves.",
            exchange=config.listen.exchange,
        )


@federation.command("list")
@node_option
def list_command(node_dir: Path) -> None:
    """List the members with their fingerprints."""
    table = CellTable(
        _("city"),
        _("Chinese name"),
        _("region"),
        _("address"),
        _("keys"),
        _("certificate valid until"),
        _("fingerprint"),
    )
    for member in load_federation(load_config(node_dir).federation).members:
        until = legal_date(max(cert.not_after for cert in member.tls_certs)).isoformat()
        where = (member.city, member.name_zh, member.region6, member.address)
        table.add_row(*where, str(len(member.log_keys)), until, format_fingerprint(member.fingerprint))
    print_table(table)


@federation.command("check")
@click.option("--connect", is_flag=True, help="Also connect to each member.")
@node_option
def check_command(connect: bool, node_dir: Path) -> None:
    """Check the federation file, this node's keys against its card, and the expiry of all certificates."""
    config = load_config(node_dir)
    now = datetime.now(UTC)
    members = load_federation(config.federation)
    wrong = (*key_errors(config, ask_passphrase), *prepared_key_errors(config, ask_passphrase))
    findings: list[str] = [error.message for error in wrong]
    if not config.witness_key.exists():
        findings.append(
            _(
                "{city}: no witness key, so this node cosigns no checkpoints: run gongzhi key rotate --witness",
                city=config.city,
            )
        )
    findings += [text for member in members.members for text in _terms(member, now)]
    if connect:
        identity = load_tls_identity(config.tls_identity, ask_passphrase)
        findings += [
            _("{city}: {problem}", city=member.city, problem=error.message)
            for member in members.peers_of(config.city)
            if (error := probe(identity, member, config.sync.connect_timeout_s)) is not None
        ]
    for finding in findings:
        echo(finding)
    if findings:
        raise SystemExit(1)
    say("{count} members, all correct", count=len(members.members))


@federation.command("demo")
@click.option("--dir", "folder", required=True, type=click.Path(path_type=Path), help="Folder to create.")
@click.option("--interval", "interval_s", default=60.0, show_default=True, help="Seconds between two pulls.")
def demo_command(folder: Path, interval_s: float) -> None:
    """Create six nodes on free ports of this machine, members of one federation."""
    try:
        from node.demo.founding import found_federation  # noqa: PLC0415 - a city need not install the demonstrations
    except ModuleNotFoundError:
        raise NodeError(Reason.INVALID_ARGUMENT, _("this installation has no demonstrations (node.demo)")) from None
    for config in found_federation(folder, datetime.now(UTC), settings={"sync": {"interval_s": interval_s}}):
        echo(f"{CAPITALS[config.city][0]} {config.city:10} {config.listen.exchange}")


def _changes(old: Member | None, new: Member) -> list[str]:
    """What taking over the card would change, a line each."""
    before = _facts(old) if old else set()
    after = _facts(new)
    lines = [f"- {fact}" for fact in sorted(before - after)] + [f"+ {fact}" for fact in sorted(after - before)]
    return [
        f"{new.name_zh} ({new.city})",
        *lines,
        render(_("Fingerprint: {fingerprint}", fingerprint=format_fingerprint(new.fingerprint))),
    ]


def _facts(member: Member) -> set[str]:
    return {
        render(_("name {name} {region}", name=member.name_zh, region=member.region6)),
        render(_("address {address}", address=member.address)),
        *(render(_("log key {key}", key=format_vkey(key))) for key in member.log_keys),
        *(render(_("witness key {key}", key=format_vkey(key))) for key in member.witness_keys),
        *(
            render(_("certificate {fingerprint}", fingerprint=format_fingerprint(cert.fingerprint)))
            for cert in member.tls_certs
        ),
        *(" ".join(each.text.split("\t")) for each in member.platforms),
    }


def _terms(member: Member, now: datetime) -> list[Message]:
    last = max(cert.not_after for cert in member.tls_certs)
    if last < now:
        return [_("{city}: the certificate expired on {day}", city=member.city, day=legal_date(last))]
    if last < now + SOON:
        return [
            _("{city}: the certificate expires on {day}; ask for a new card", city=member.city, day=legal_date(last))
        ]
    return []
