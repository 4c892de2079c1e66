"""`gongzhi sync`: pulls from peers at once."""

import json

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from node.cli.shared.caller import Caller, caller_options
from node.cli.shared.options import json_option
from node.core.reason_texts import kept_message
from node.localized_click import echo, say
from node.messages import _
from node.stubs.control.v1 import control_pb2


@click.command()
@click.option("--now", is_flag=True, help="Pull at once, regardless of schedule and back-off.")
@click.argument("cities", nargs=-1)
@json_option
@caller_options(steers=True)
def sync(now: bool, cities: tuple[str, ...], as_json: bool, caller: Caller) -> None:
    """Pull from CITIES (default: from every peer) and show the progress.

    Exit code 1 if a pull failed; `gongzhi status` shows why and when the next one is due.
    """
    if not now:
        raise click.UsageError(
            _("a running node pulls by itself every sync.interval_s seconds; to pull at once give --now")
        )
    last: dict[str, control_pb2.SyncResponse] = {}
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with caller.connect() as node, Progress(*columns, console=console) as bar:
        tasks = {}
        for step in node.control.Sync(control_pb2.SyncRequest(cities=cities)):
            last[step.city] = step
            if step.city not in tasks:
                tasks[step.city] = bar.add_task(step.city)
            if not step.reason:
                bar.update(tasks[step.city], total=step.target_size, completed=step.tree_size)
    _print(last, as_json)
    if any(step.reason for step in last.values()):
        raise SystemExit(1)


def _print(last: dict[str, control_pb2.SyncResponse], as_json: bool) -> None:
    if as_json:
        rows = {city: {"tree_size": step.tree_size, "reason": step.reason} for city, step in last.items()}
        echo(json.dumps(rows))
        return
    for city, step in sorted(last.items()):
        outcome = _("verified up to {size}", size=step.tree_size)
        if step.reason:
            outcome = _("{reason}: {message}", reason=step.reason, message=kept_message(step.reason, step.message))
        say("{city:10} {outcome}", city=city, outcome=outcome)
