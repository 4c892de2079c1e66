"""What the demonstration shows: progress, the table of cities, the result as JSON."""

import base64
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from node.demo.exchange import Exchange, Statuses
from node.demo.questions import Asked, result_name
from node.demo.tamper import Caught
from node.folder.founding import CAPITALS
from node.tables.terminal import CellTable, print_table

_PLAIN_EVERY_S = 5.0


class Progress:
    """Follows an exchange: a live table on a terminal, else a line now and then."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, transient=True, refresh_per_second=4) if console.is_terminal else None
        self._began = self._told_at = time.monotonic()

    def __enter__(self) -> "Progress":
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, state: Exchange) -> None:
        """Shows where it stands."""
        now = time.monotonic()
        if self._live:
            self._live.update(_progress_table(state))
        elif now - self._told_at >= _PLAIN_EVERY_S:
            self._told_at = now
            due = state.own * (len(state.statuses) - 1)
            self._console.print(
                f"  {now - self._began:.0f} s: {state.own:,} records taken in, {state.received:,} of {due:,} verified"
            )


def _progress_table(state: Exchange) -> Table:
    table = CellTable("city", "own records", "from peers", "")
    for city, status in state.statuses.items():
        due = state.own - status.tree_size
        received = sum(peer.tree_size for peer in status.peers)
        doing = f"done in {state.seconds[city]:.1f} s" if city in state.seconds else "pulling"
        doing = doing if city in state.rejected else "loading"
        table.add_row(name(city), f"{status.tree_size:,}", f"{received:,} / {due:,}", doing)
    return table


def name(city: str) -> str:
    """Slug and Chinese name."""
    return f"{city} {CAPITALS[city][0]}"


def print_result(state: Exchange) -> None:
    """Prints the table of cities."""
    cities = list(state.statuses)
    table = CellTable(
        "city", "own", *(f"from\n{CAPITALS[city][0]}" for city in cities), "withheld", "rejected", "seconds"
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for city, status in state.statuses.items():
        peers = {peer.city: peer for peer in status.peers}
        verified = [f"{peers[each].verified:,}" if each in peers else "" for each in cities]
        withheld = sum(peer.withheld for peer in status.peers)
        counts = (f"{withheld:,}", f"{state.rejected[city]:,}", f"{state.seconds[city]:.1f}")
        table.add_row(name(city), f"{status.tree_size:,}", *verified, *counts)
    print_table(table)


def print_answers(console: Console, asked: Sequence[Asked], proof: str) -> None:
    """Prints questions with their answers, and what the proof says."""
    table = CellTable("asked in", "code", "name", "answer", "by the record")
    for each in asked:
        differs = f" ({', '.join(each.answer.mismatches)})" if each.answer.mismatches else ""
        answer = result_name(each.answer.result) + differs
        table.add_row(name(each.asker), each.question.uscc, each.question.name, answer, each.answer.record_id)
    print_table(table)
    if proof:
        console.print(f"  check-proof, offline, by the pinned key alone: {proof}", markup=False, soft_wrap=True)


def print_caught(console: Console, caught: Caught) -> None:
    """Prints how the forgery was found out."""
    incident = caught.incident
    for line in (
        f"sent to {caught.victim} as a record of {caught.origin}: {caught.forged_name} (in truth {caught.real_name})",
        f"refused: {incident.reason}: {incident.message}",
        f"evidence kept: incident {incident.number}, {incident.evidence_bytes:,} bytes, exactly as they were sent",
        f"{caught.victim} froze {caught.origin} at the {caught.records_kept:,} records verified before",
        f"the four others, sent the truth, went on to {caught.others_at:,} records",
    ):
        console.print(f"  {line}", markup=False, soft_wrap=True)


def as_json(state: Exchange, tamper_detected: bool, seconds: float) -> dict[str, Any]:
    """The result as plain data."""
    return {
        "cities": _cities(state.statuses, state.rejected),
        "tamper_detected": tamper_detected,
        "seconds": round(seconds, 1),
    }


def _cities(statuses: Statuses, rejected: dict[str, int]) -> dict[str, Any]:
    return {
        city: {
            "own": status.tree_size,
            "rejected": rejected[city],
            "peers": {
                peer.city: {
                    "verified": peer.verified,
                    "withheld": peer.withheld,
                    "tree_size": peer.tree_size,
                    "root": base64.b64encode(peer.root).decode(),
                }
                for peer in status.peers
            },
        }
        for city, status in statuses.items()
    }


def write_json(path: Path, result: dict[str, Any]) -> None:
    """Writes the result."""
    path.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", "utf-8")


@contextmanager
def step(console: Console, text: str) -> Iterator[None]:
    """Says what is under way, and how long it took."""
    console.print(f"[bold]{text}[/]", soft_wrap=True)
    began = time.monotonic()
    yield
    console.print(f"  [dim]{time.monotonic() - began:.1f} s[/]")
