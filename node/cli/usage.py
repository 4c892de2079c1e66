"""`gongzhi usage`: who asked what of this node, why and when, for the auditor."""

import csv
import heapq
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from node.cli.shared.caller import Caller, caller_options
from node.cli.shared.casework import tell_rest
from node.cli.shared.dates import parse_day, time_text
from node.cli.shared.options import json_option, print_json
from node.cli.shared.tables import CellTable, print_table
from node.core.law.calendar import SHANGHAI
from node.core.result_words import result_text
from node.localized_click import say
from node.messages import _
from node.stubs.query.v1 import query_pb2 as query
from node.tables.formulas import guard

# Whoever looks at the records leaves one too.
_REASON = query.Reason(purpose="audit", legal_basis="政务数据共享条例 第二十九条")
_COLUMNS = ("at", *(field.name for field in query.Usage.DESCRIPTOR.fields if field.name != "at_ms"))


def _moment(_: click.Context, __: click.Parameter, text: str | None) -> int:
    if text is None:
        return 0
    day: date = parse_day(text)
    moment = day if isinstance(day, datetime) else datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    return int(moment.timestamp() * 1000)


def _filters(command: Any) -> Any:
    for option in (
        click.option("--purpose", default="", help="Only requests for this purpose."),
        click.option("--until", "until_ms", callback=_moment, metavar="DAY", help="Before this day or time."),
        click.option("--since", "since_ms", callback=_moment, metavar="DAY", help="From this day or time on."),
        click.option(
            "--who", default="", help="Only requests of this client, by its name; `officer` is the node itself."
        ),
    ):
        command = option(command)
    return command


@click.group()
def usage() -> None:
    """Show who asked this node for what, why, when, and what was answered (使用记录).

    For officers with the role auditor (`--as`), and for the node's own account. Looking at it is recorded too.
    """


@usage.command("list")
@_filters
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1), help="Number of records to list, the latest."
)
@json_option
@caller_options()
def list_command(limit: int, as_json: bool, caller: Caller, **wanted: Any) -> None:
    """List usage records, the latest last."""
    every = list(_records(caller, **wanted))
    newest = every[-limit:]
    if as_json:
        print_json([_plain(each) for each in newest])
        return
    table = CellTable(
        _("at"),
        _("who"),
        _("call"),
        _("questions"),
        _("about"),
        _("asked for"),
        _("legal basis"),
        _("cities"),
        _("result"),
    )
    for each in newest:
        about = (
            each.subject if len(each.subject) <= _DIGEST_CHARS else _("{count} digests", count=len(each.subject) // 16)
        )
        cells = (time_text(each.at_ms), f"{each.kind} {each.name}", each.rpc, str(each.questions), about)
        table.add_texts(*cells, each.purpose, each.legal_basis, each.cities, result_text(each.result))
    print_table(table)
    tell_rest(len(newest), len(every))


@usage.command()
@_filters
@click.option("--out", type=click.Path(path_type=Path), required=True, help="CSV file to write.")
@caller_options()
def export(out: Path, caller: Caller, **wanted: Any) -> None:
    """Write usage records to a CSV file for a spreadsheet, readable by you only."""
    out.touch(mode=0o600)
    count = 0
    with out.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for each in _records(caller, **wanted):
            count += 1
            # What was asked, and by what name, others wrote.
            writer.writerow([guard(str(_plain(each)[name])) for name in _COLUMNS])
    say("{count} usage records written to {out}", count=count, out=out)


_DIGEST_CHARS = 200


def _plain(record: query.Usage) -> dict[str, Any]:
    plain = {field.name: getattr(record, field.name) for field in query.Usage.DESCRIPTOR.fields}
    return {"at": time_text(plain.pop("at_ms"))} | plain


def _records(caller: Caller, **wanted: Any) -> Iterator[query.Usage]:
    """Questions, and the uses of evidence that are kept apart, by their time."""
    request = query.ListUsageRequest(
        reason=_REASON,
        who=wanted["who"],
        purpose=wanted["purpose"],
        since_ms=wanted["since_ms"],
        until_ms=wanted["until_ms"],
    )
    of_evidence = query.ListUsageRequest(evidence=True)
    of_evidence.MergeFrom(request)
    with caller.connect() as node:
        yield from heapq.merge(node.usage(request), node.usage(of_evidence), key=lambda record: record.at_ms)
