"""The demonstration, step by step."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from node.demo.exchange import Exchange, exchange
from node.demo.failure import DemoError
from node.demo.intake import loading
from node.demo.nodes import Node, running, stop
from node.demo.questions import ask
from node.demo.report import Progress, print_answers, print_caught, print_result, step
from node.demo.tamper import tamper


class Run:
    """One run of the demonstration.

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
