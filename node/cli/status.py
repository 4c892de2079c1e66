"""`gongzhi status`: the node, its peers, what went wrong."""

import time
from datetime import datetime
from pathlib import Path

import click
from google.protobuf.json_format import MessageToJson
from rich.console import Console
from rich.text import Text

from node.cli.doctor import EXIT_MUST, STYLES
from node.cli.shared.options import ask_passphrase, json_option, node_option
from node.cli.shared.tables import CellTable, print_table, printable
from node.client import NodeClient, wait_until_serving
from node.config import load_config
from node.core.law.calendar import SHANGHAI
from node.core.reason_texts import Severity, kept_message
from node.localized_click import echo
from node.messages import Message, _, both, render
from node.stubs.control.v1 import control_pb2


@click.command()
@click.option("--wait", "wait_s", type=float, default=0, help="Wait up to this many seconds until the node is healthy.")
@json_option
@node_option
def status(wait_s: float, as_json: bool, node_dir: Path) -> None:
    """Show the node's log, every peer (state, lag, last error, back-off), incidents and disk.

    Alerts are findings of `gongzhi doctor`, as far as they can be checked continuously.

    Exit codes: 0 nothing must be done, 3 something must be done (an alert of severity must), 2 an error.
    """
    config = load_config(node_dir)
    wait_until_serving(config, wait_s, ask_passphrase)
    with NodeClient.of_officer(config, ask_passphrase) as node:
        answer = node.control.Status(control_pb2.StatusRequest(), timeout=10)
    if as_json:
        echo(MessageToJson(answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True))
    else:
        _print(answer)
    if any(alert.severity == Severity.MUST for alert in answer.alerts):
        raise SystemExit(EXIT_MUST)


@click.command()
@node_option
def health(node_dir: Path) -> None:
    """Report by the exit code whether the node answers its health checks, for containers and watchdogs.

    Of several query processes one is asked. Peers that fail or are frozen do not make a node unhealthy: see `gongzhi
    status`.
    """
    wait_until_serving(load_config(node_dir), 0, ask_passphrase)


def _print(answer: control_pb2.StatusResponse) -> None:
    console = Console()
    gib = 2**30
    console.print(
        render(
            _(
                "[bold]{city}[/]: {records} records; databases {used:.2f} GiB, free {free:.1f} GiB; policy {policy}",
                city=answer.city,
                records=answer.tree_size,
                used=answer.disk_used_bytes / gib,
                free=answer.disk_free_bytes / gib,
                policy=answer.policy_digest[:12],
            )
        )
    )
    if answer.clock.offset_file:
        console.print(
            render(
                _(
                    "[bold red]CLOCK SHIFTED: this node works with {now}[/], {offset:+} s by {file}: "
                    "for tests and exercises only",
                    now=_moment(answer.clock.now_ms),
                    offset=answer.clock.offset_s,
                    file=answer.clock.offset_file,
                )
            ),
            soft_wrap=True,
        )
    for alert in answer.alerts:
        _print_alert(console, alert)
    if answer.progress:
        progress = [f"{each.city} {each.size}" for each in answer.progress]
        text = _("own log ({records} records) cosigned up to: {progress}", records=answer.tree_size, progress=progress)
        console.print(render(text), soft_wrap=True)
    if answer.backup.at_ms:
        hours = (time.time() * 1000 - answer.backup.at_ms) / 3_600_000
        text = _(
            "last backup {hours:.1f} h ago, {records} records: {place}",
            hours=hours,
            records=answer.backup.tree_size,
            place=answer.backup.place,
        )
        console.print(render(text), markup=False, soft_wrap=True)
    print_table(_peers(answer))
    for peer in answer.peers:
        if peer.last_reason:
            where = f"{peer.city}: {peer.failures}x {peer.last_reason}"
            text = _("{where}: {message}", where=where, message=kept_message(peer.last_reason, peer.last_error))
            console.print(render(text), markup=False)
    for incident in answer.incidents:
        console.print(
            render(
                _(
                    "[red]incident {number}[/] {at} {city} {reason}: {message} ({size} bytes of payload)",
                    number=incident.number,
                    at=_time(incident.at_ms),
                    city=incident.city,
                    reason=incident.reason,
                    message=kept_message(incident.reason, incident.message),
                    size=incident.evidence_bytes,
                )
            )
        )


def _print_alert(console: Console, alert: control_pb2.Alert) -> None:
    severity = Severity(alert.severity)
    head = _("ALERT") if severity is Severity.MUST else _("NOTE")
    for line in (
        _("{head} {reason} {text}", head=head, reason=alert.reason, text=both(alert.text, alert.text_zh)),
        _("  what to do: {advice}", advice=both(alert.advice, alert.advice_zh)),
    ):
        console.print(Text(printable(render(line)), STYLES[severity]), soft_wrap=True)


_STATES = {
    "frozen": _("[red]frozen[/]"),
    "ok": _("[green]ok[/]"),
    "backing_off": _("backing off"),
    "never": _("never heard"),
}


def _peers(answer: control_pb2.StatusResponse) -> CellTable:
    table = CellTable(
        _("peer"), _("state"), _("records"), _("open"), _("withheld"), _("behind"), _("last heard"), _("next try")
    )
    for peer in answer.peers:
        heard = _heard(peer)
        retry = _time(peer.next_attempt_at_ms) if peer.next_attempt_at_ms else ""
        state = _STATES.get(peer.state, peer.state)
        counts = (peer.tree_size, peer.verified, peer.withheld, peer.lag_records)
        table.add_row(peer.city, state, *map(str, counts), heard, retry)
    return table


def _heard(peer: control_pb2.PeerStatus) -> Message:
    if not peer.root:
        return _("never")
    ago = _("over {seconds} s ago", seconds=peer.lag_s)
    return ago if peer.lag_at_least else _("{seconds} s ago", seconds=peer.lag_s)


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, SHANGHAI).strftime("%m-%d %H:%M:%S")
