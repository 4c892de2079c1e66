"""`gongzhi demo`: six cities on this machine, from an empty folder to a forgery found out."""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import structlog
from rich.console import Console

from node.cli.demo.exchange import Exchange, exchange
from node.cli.demo.failure import DemoError
from node.cli.demo.inputs import SAMPLE_ROWS, find_inputs, make_inputs
from node.cli.demo.intake import loading
from node.cli.demo.nodes import Node, found_nodes, running, stop
from node.cli.demo.questions import ask
from node.cli.demo.report import Progress, as_json, print_answers, print_caught, print_result, step, write_json
from node.cli.demo.tamper import tamper
from node.cli.demo.workspace import check_writable, prepare, workspace

_FOLDER = click.Path(path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
_ROWS = click.IntRange(1, 100_000)


@click.command()
@click.option("--data", type=_FOLDER, help="Folder of six <city>.csv or <city>.csv.xz; else operators are made up.")
@click.option("--json", "json_file", type=_FILE, help="Also write the result here.")
@click.option("--rows", type=_ROWS, default=SAMPLE_ROWS, show_default=True, help="Operators to make up for each city.")
@click.option("--keep", is_flag=True, help="Keep the six nodes' folders.")
def demo(data: Path | None, json_file: Path | None, rows: int, keep: bool) -> None:
    """Run six cities on this machine and see them exchange, verify and catch a forgery.

    Founds six nodes, starts them as real processes, loads each city's operators with gongzhi-adapter, waits until
    every city has verified every other's log, asks about operators of other cities, alters one character of a record
    on its way, and stops everything. Exit code 0 only if all of it held.
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
        run = _Run(console, nodes, base)
        try:
            run.through(files or make_inputs(base / "sample", rows))
        finally:
            if json_file and run.state:
                write_json(json_file, as_json(run.state, run.tamper_detected, time.monotonic() - began))
    console.print(f"All of it held, in {time.monotonic() - began:.0f} s.", style="bold green")


class _Run:
    """The demonstration, step by step.

    Attributes:
        state: The exchange, once it is complete; nothing later changes it.
        tamper_detected: Whether the forgery was found out.
    """

    def __init__(self, console: Console, nodes: Sequence[Node], base: Path) -> None:
        self.state: Exchange | None = None
        self.tamper_detected = False
        self._console = console
        self._nodes = nodes
        self._base = base

    def through(self, files: Mapping[str, Path]) -> None:
        """Goes through all steps.

        Raises:
            DemoError: Something did not hold.
        """
        with running(self._nodes) as start:
            with step(self._console, "Six nodes start: each a process that writes and a process that answers"):
                start()
            with step(self._console, "Each city takes its operators in and pulls from the five others by schedule"):
                state = self._exchange(files)
            print_result(state)
            self.state = state
            with step(self._console, "Is this operator who it says it is? Cities ask their own node about others'"):
                print_answers(self._console, *ask(self._nodes, self._base))
            with step(self._console, "A man in the middle with everybody's TLS keys changes one character"):
                print_caught(self._console, tamper(self._nodes, self._nodes[0], self._nodes[1], self._base))
                self.tamper_detected = True
            with step(self._console, "The nodes stop"):
                self._stop()

    def _exchange(self, files: Mapping[str, Path]) -> Exchange:
        with loading(self._nodes, files) as loads, Progress(self._console) as progress:
            return exchange(self._nodes, loads, progress.show)

    def _stop(self) -> None:
        for city, code in stop(self._nodes).items():
            if code:
                raise DemoError(f"the node of {city} ended with exit code {code}")
