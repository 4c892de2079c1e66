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
from node.cli.shared.tables import new_table, print_table, printable
from node.client import NodeClient, wait_until_serving
from node.config import load_config
from node.core.law.calendar import SHANGHAI
from node.core.reason_texts import Severity
from node.stubs.control.v1 import control_pb2
from node.tables.terminal import CellTable


@click.command()
@click.option("--wait", "wait_s", type=float, default=0, help="Wait up to so many seconds until the node is healthy.")
@json_option
@node_option
def status(wait_s: float, as_json: bool, node_dir: Path) -> None:
    """Show the node's log, each peer (state, lag, last error, back-off), incidents and disk.

    Alerts are what `gongzhi doctor` finds, as far as it can be looked at all the time.

    Exit codes: 0 nothing must be done, 3 something must be done (an alert of severity must), 2 an error.
    """
    config = load_config(node_dir)
    wait_until_serving(config, wait_s, ask_passphrase)
    with NodeClient.of_officer(config, ask_passphrase) as node:
        answer = node.control.Status(control_pb2.StatusRequest(), timeout=10)
    if as_json:
        click.echo(MessageToJson(answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True))
    else:
        _print(answer)
    if any(alert.severity == Severity.MUST for alert in answer.alerts):
        raise SystemExit(EXIT_MUST)


@click.command()
@node_option
def health(node_dir: Path) -> None:
    """Tell by the exit code whether both processes answer their health check; for containers and watchdogs.

    Peers that fail or are frozen make a node no less healthy: `gongzhi status` tells of them.
    """
    wait_until_serving(load_config(node_dir), 0, ask_passphrase)


def _print(answer: control_pb2.StatusResponse) -> None:
    console = Console()
    gib = 2**30
    console.print(
        f"[bold]{answer.city}[/]: {answer.tree_size} records; databases {answer.disk_used_bytes / gib:.2f} GiB,"
        f" free {answer.disk_free_bytes / gib:.1f} GiB; policy {answer.policy_digest[:12]}"
    )
    if answer.clock.offset_file:
        console.print(
            f"[bold red]CLOCK SHIFTED: this node takes it to be {_moment(answer.clock.now_ms)}[/],"
            f" {answer.clock.offset_s:+} s by {answer.clock.offset_file}: for tests and exercises only",
            soft_wrap=True,
        )
    for alert in answer.alerts:
        _print_alert(console, alert)
    if answer.progress:
        far = ", ".join(f"{each.city} {each.size}" for each in answer.progress)
        console.print(f"own log ({answer.tree_size} records) cosigned up to: {far}", soft_wrap=True)
    if answer.backup.at_ms:
        hours = (time.time() * 1000 - answer.backup.at_ms) / 3_600_000
        told = f"last backup {hours:.1f} h ago, {answer.backup.tree_size} records: {answer.backup.place}"
        console.print(told, markup=False, soft_wrap=True)
    print_table(_peers(answer))
    for peer in answer.peers:
        if peer.last_reason:
            console.print(f"{peer.city}: {peer.failures}x {peer.last_reason}: {peer.last_error}", markup=False)
    for incident in answer.incidents:
        console.print(
            f"[red]incident {incident.number}[/] {_time(incident.at_ms)} {incident.city} {incident.reason}:"
            f" {incident.message} ({incident.evidence_bytes} bytes of evidence)"
        )


def _print_alert(console: Console, alert: control_pb2.Alert) -> None:
    severity = Severity(alert.severity)
    head = "警报 ALERT" if severity is Severity.MUST else "提示 NOTE"
    for line in (
        f"{head} {alert.reason} {alert.text_zh} / {alert.text}",
        f"  怎么办 what to do: {alert.advice_zh} / {alert.advice}",
    ):
        console.print(Text(printable(line), STYLES[severity]), soft_wrap=True)


def _peers(answer: control_pb2.StatusResponse) -> CellTable:
    names = ("peer", "state", "records", "open", "withheld", "behind", "last heard", "next try")
    table = new_table(*names)
    for peer in answer.peers:
        heard = f"{'over ' * peer.lag_at_least}{peer.lag_s} s ago" if peer.root else "never"
        retry = _time(peer.next_attempt_at_ms) if peer.next_attempt_at_ms else ""
        state = {"frozen": "[red]frozen[/]", "ok": "[green]ok[/]"}.get(peer.state, peer.state)
        counts = (peer.tree_size, peer.verified, peer.withheld, peer.lag_records)
        table.add_row(peer.city, state, *map(str, counts), heard, retry)
    return table


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, SHANGHAI).strftime("%m-%d %H:%M:%S")
