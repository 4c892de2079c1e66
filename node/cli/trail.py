"""`gongzhi trail`: who administered this node, when, from where, with what result."""

import csv
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from node.cli.shared.options import json_option, node_option
from node.cli.shared.tables import CellTable, print_table
from node.config import load_config
from node.core.law.calendar import SHANGHAI
from node.core.result_words import result_text
from node.localized_click import echo, say
from node.messages import _
from node.storage.sqlite.trail import Numbered, first_broken, read_trail

_COLUMNS = ("number", "at", "who", "place", "what", "about", "result")


@click.group()
def trail() -> None:
    """Show the audit trail of administration (审计记录), which is append-only.

    It holds the commands that change this node or export something from it, and the calls by which officers release
    a peer or retract a record. Acts in cases are in the log itself, requests in the usage records.
    """


@trail.command("list")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1), help="Number of days to look back.")
@json_option
@node_option
def list_command(days: int, as_json: bool, node_dir: Path) -> None:
    """List the latest entries, the oldest first: "begun" before an act of a command, then its result."""
    since = datetime.now(UTC) - timedelta(days=days)
    acts = read_trail(load_config(node_dir).data_dir, int(since.timestamp() * 1000))
    if as_json:
        echo(json.dumps([dict(zip(_COLUMNS, _row(each), strict=True)) for each in acts], ensure_ascii=False))
        return
    table = CellTable(_("number"), _("at"), _("who"), _("from"), _("operation"), _("about"), _("result"))
    for each in acts:
        *cells, result = _row(each)
        table.add_texts(*cells, result_text(result))
    print_table(table)


@trail.command("export")
@node_option
def export_command(node_dir: Path) -> None:
    """Write the whole trail as CSV to standard output, each row with its link of the hash chain."""
    rows = csv.writer(sys.stdout)
    rows.writerow([*_COLUMNS, "link"])
    for each in read_trail(load_config(node_dir).data_dir):
        rows.writerow([*_row(each), each.link.hex()])


@trail.command("verify")
@node_option
def verify_command(node_dir: Path) -> None:
    """Check that no entry was altered or removed. Exit codes: 0 intact, 1 not intact."""
    data_dir = load_config(node_dir).data_dir
    if (number := first_broken(data_dir)) is not None:
        say("altered, or incomplete, from number {number} on", number=number)
        raise SystemExit(1)
    acts = read_trail(data_dir)
    newest = acts[-1].link.hex() if acts else "-"
    say("{count} entries, complete; newest link {newest}", count=len(acts), newest=newest)


def _row(each: Numbered) -> tuple[str, ...]:
    at = datetime.fromtimestamp(each.act.at_ms / 1000, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    act = each.act
    return str(each.number), at, act.who, act.place, act.what, act.about, act.result
