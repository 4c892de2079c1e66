"""`gongzhi sync`: pulls from peers at once."""

import json
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from node.cli.options import ask_passphrase, json_option, node_option
from node.config import load_config
from node.control.v1 import control_pb2, control_pb2_grpc
from node.rpc.client import officer_channel


@click.command()
@click.option("--now", is_flag=True, required=True, help="Pull at once, whatever the schedule and the back-off say.")
@click.argument("cities", nargs=-1)
@json_option
@node_option
def sync(now: bool, cities: tuple[str, ...], as_json: bool, node_dir: Path) -> None:  # noqa: ARG001 - a required flag
    """Pull from CITIES (from every peer when none is named) and show how far it got.

    Exit code 1 where a pull failed; `gongzhi status` shows why and when the next is due.
    """
    config = load_config(node_dir)
    last: dict[str, control_pb2.SyncResponse] = {}
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with officer_channel(config, "control", ask_passphrase) as channel, Progress(*columns, console=console) as bar:
        tasks = {}
        for step in control_pb2_grpc.ControlServiceStub(channel).Sync(control_pb2.SyncRequest(cities=cities)):
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
        click.echo(json.dumps(rows))
        return
    for city, step in sorted(last.items()):
        said = f"{step.reason}: {step.message}" if step.reason else f"verified up to {step.tree_size}"
        click.echo(f"{city:10} {said}")
