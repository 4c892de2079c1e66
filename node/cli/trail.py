"""`gongzhi trail`: who administered this node, when, from where, with what result."""

import csv
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from node.cli.shared.options import json_option, node_option
from node.cli.shared.tables import new_table, print_table
from node.config import load_config
from node.core.law.calendar import SHANGHAI
from node.storage.sqlite.trail import Numbered, first_broken, read_trail

_COLUMNS = ("number", "at", "who", "place", "what", "about", "result")


@click.group()
def trail() -> None:
    """Show the trail of administration (审计记录), which is only added to.

    It holds the commands that change this node or take something out of it, and the calls by which officers release a
    peer or take a record back. What officers do in cases stands in the log itself, what is asked in the usage records.
    """


@trail.command("list")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1), help="How far back.")
@json_option
@node_option
def list_command(days: int, as_json: bool, node_dir: Path) -> None:
    """List the newest acts, the oldest first."""
    since = datetime.now(UTC) - timedelta(days=days)
    acts = read_trail(load_config(node_dir).data_dir, int(since.timestamp() * 1000))
    if as_json:
        click.echo(json.dumps([dict(zip(_COLUMNS, _row(each), strict=True)) for each in acts], ensure_ascii=False))
        return
    table = new_table("编号 number", "时间 at", "谁 who", "何处 from", "何事 what", "对象 about", "结果 result")
    for each in acts:
        table.add_row(*_row(each))
    print_table(table)


@trail.command("export")
@node_option
def export_command(node_dir: Path) -> None:
    """Write the whole trail as CSV to standard output, each row with its link of the chain."""
    rows = csv.writer(sys.stdout)
    rows.writerow([*_COLUMNS, "link"])
    for each in read_trail(load_config(node_dir).data_dir):
        rows.writerow([*_row(each), each.link.hex()])


@trail.command("verify")
@node_option
def verify_command(node_dir: Path) -> None:
    """Check that no act was altered or removed. Exit codes: 0 none was, 1 one was."""
    data_dir = load_config(node_dir).data_dir
    if (number := first_broken(data_dir)) is not None:
        click.echo(f"第 {number} 条起记录被改动或缺失 altered, or one is missing, from number {number} on")
        raise SystemExit(1)
    acts = read_trail(data_dir)
    newest = acts[-1].link.hex() if acts else "-"
    click.echo(f"{len(acts)} 条，完整 acts, whole; newest link {newest}")


def _row(each: Numbered) -> tuple[str, ...]:
    at = datetime.fromtimestamp(each.act.at_ms / 1000, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    act = each.act
    return str(each.number), at, act.who, act.place, act.what, act.about, act.result
