"""The demonstration, step by step."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from node.demo.exchange import Exchange, exchange
from node.demo.failure import DemoError
from node.demo.intake import loading
from node.demo.nodes import Node, running, stop
from node.demo.questions import ask
from node.demo.report import ExchangeDisplay, print_answers, print_caught, print_result, step
from node.demo.tamper import tamper
from node.messages import _


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
            with step(self._console, _("Six nodes start, each with one process that writes and one that answers")):
                start()
            with step(self._console, _("Each city loads its operators and pulls from the five others by schedule")):
                state = self._exchange(files)
            print_result(state)
            self.state = state
            with step(
                self._console,
                _("Is this operator who it claims to be? Officers ask their own node about operators of other cities"),
            ):
                print_answers(self._console, *ask(self._nodes, self._base))
            with step(
                self._console, _("An attacker in the middle, with the TLS keys of all nodes, changes one character")
            ):
                print_caught(self._console, tamper(self._nodes, self._nodes[0], self._nodes[1], self._base))
                self.tamper_detected = True
            with step(self._console, _("The nodes stop")):
                self._stop()

    def _exchange(self, files: Mapping[str, Path]) -> Exchange:
        with loading(self._nodes, files) as loads, ExchangeDisplay(self._console) as progress:
            return exchange(self._nodes, loads, progress.show)

    def _stop(self) -> None:
        for city, code in stop(self._nodes).items():
            if code:
                raise DemoError(_("the node of {city} ended with exit code {code}", city=city, code=code))
