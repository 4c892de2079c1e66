"""`gongzhi demo`: six cities on this machine, from an empty folder to a forgery found out."""

import logging
import time
from pathlib import Path

import click
import structlog
from rich.console import Console

from node.demo.inputs import SAMPLE_ROWS, find_inputs, make_inputs
from node.demo.nodes import found_nodes
from node.demo.report import as_json, write_json
from node.demo.run import Run
from node.demo.workspace import check_writable, prepare, workspace
from node.messages import _, render

_FOLDER = click.Path(path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
_ROWS = click.IntRange(1, 100_000)


@click.command()
@click.option(
    "--data", type=_FOLDER, help="Folder with six <city>.csv or <city>.csv.xz [default: generated operators]."
)
@click.option("--json", "json_file", type=_FILE, help="Also write the result to this file, as JSON.")
@click.option("--rows", type=_ROWS, default=SAMPLE_ROWS, show_default=True, help="Operators to generate for each city.")
@click.option("--keep", is_flag=True, help="Keep the six nodes' folders.")
def demo(data: Path | None, json_file: Path | None, rows: int, keep: bool) -> None:
    """Run six cities on this machine: they exchange, verify, and catch a forgery.

    Founds six nodes, starts them as real processes, loads each city's operators with gongzhi-adapter, waits until
    every city has verified every other's log, asks about operators of other cities, alters one character of a
    record in transit, and stops everything. Exit code 0 only if everything went as it should.
    """
    files = find_inputs(data) if data else None
    if json_file:
        check_writable(json_file.absolute())
    console = Console(highlight=False)
    # The man in the middle listens in this process; what nodes log belongs into no report.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    prepare()
    began = time.monotonic()
    with workspace("demo", keep) as base:
        nodes = found_nodes(base / "nodes")
        run = Run(console, nodes, base)
        try:
            run.through(files or make_inputs(base / "sample", rows))
        finally:
            if json_file and run.state:
                write_json(json_file, as_json(run.state, run.tamper_detected, time.monotonic() - began))
    seconds = time.monotonic() - began
    console.print(render(_("Everything went as it should, in {seconds:.0f} s.", seconds=seconds)), style="bold green")
