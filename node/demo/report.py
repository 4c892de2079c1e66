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

from node.core.reason_texts import kept_message
from node.core.result_words import field_texts, result_name, result_text
from node.demo.exchange import Exchange, Statuses
from node.demo.questions import Asked
from node.demo.tamper import Caught
from node.folder.founding import CAPITALS
from node.messages import Message, _, render
from node.tables.terminal import CellTable, print_table

_PLAIN_EVERY_S = 5.0


class ExchangeDisplay:
    """Follows an exchange: a live table on a terminal, else a line now and then."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, transient=True, refresh_per_second=4) if console.is_terminal else None
        self._began = self._printed_at = time.monotonic()

    def __enter__(self) -> "ExchangeDisplay":
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
        elif now - self._printed_at >= _PLAIN_EVERY_S:
            self._printed_at = now
            due = state.own * (len(state.statuses) - 1)
            text = _(
                "  {seconds:.0f} s: {own:,} records loaded, {received:,} of {due:,} verified",
                seconds=now - self._began,
                own=state.own,
                received=state.received,
                due=due,
            )
            self._console.print(render(text))


def _progress_table(state: Exchange) -> Table:
    table = CellTable(_("city"), _("own records"), _("from peers"), "")
    for city, status in state.statuses.items():
        due = state.own - status.tree_size
        received = sum(peer.tree_size for peer in status.peers)
        if city not in state.rejected:
            doing = _("loading")
        elif city in state.seconds:
            doing = _("done in {seconds:.1f} s", seconds=state.seconds[city])
        else:
            doing = _("pulling")
        table.add_row(name(city), f"{status.tree_size:,}", f"{received:,} / {due:,}", doing)
    return table


def name(city: str) -> str:
    """Slug and Chinese name."""
    return f"{city} {CAPITALS[city][0]}"


def print_result(state: Exchange) -> None:
    """Prints the table of cities."""
    cities = list(state.statuses)
    table = CellTable(
        _("city"),
        _("own"),
        *(_("from\n{city}", city=CAPITALS[city][0]) for city in cities),
        _("withheld"),
        _("rejected"),
        _("seconds"),
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
    table = CellTable(_("asked in"), _("code"), _("name"), _("answer"), _("by the record"))
    for each in asked:
        answer: Message = result_text(result_name(each.answer.result))
        if each.answer.mismatches:
            answer = _("{answer} ({fields})", answer=answer, fields=field_texts(each.answer.mismatches))
        table.add_row(name(each.asker), each.question.uscc, each.question.name, answer, each.answer.record_id)
    print_table(table)
    if proof:
        text = _("  check-proof, offline, with the pinned key only: {proof}", proof=proof)
        console.print(render(text), markup=False, soft_wrap=True)


def print_caught(console: Console, caught: Caught) -> None:
    """Prints how the forgery was found out."""
    incident = caught.incident
    for line in (
        _(
            "sent to {victim} as a record of {origin}: {forged_name} (in truth {real_name})",
            victim=caught.victim,
            origin=caught.origin,
            forged_name=caught.forged_name,
            real_name=caught.real_name,
        ),
        _(
            "refused: {reason}: {message}",
            reason=incident.reason,
            message=kept_message(incident.reason, incident.message),
        ),
        _(
            "incident {number}: its payload is kept, {size:,} bytes exactly as they were sent",
            number=incident.number,
            size=incident.evidence_bytes,
        ),
        _(
            "{victim} froze {origin} at the {records:,} records verified before",
            victim=caught.victim,
            origin=caught.origin,
            records=caught.records_kept,
        ),
        _("the four others, which were sent the truth, continued to {records:,} records", records=caught.others_at),
    ):
        console.print(f"  {render(line)}", markup=False, soft_wrap=True)


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
    console.print(f"[bold]{render(text)}[/]", soft_wrap=True)
    began = time.monotonic()
    yield
    console.print(f"  [dim]{time.monotonic() - began:.1f} s[/]")
