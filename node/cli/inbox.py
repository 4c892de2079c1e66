"""`gongzhi inbox`, `outbox`, `deadlines`, `scorecard`: what waits, for whom, until when."""

from pathlib import Path

import click
from rich.text import Text

from node.cli.shared.case_show import print_summaries
from node.cli.shared.casework import (
    TIMEOUT_S,
    as_option,
    case_service,
    clock_text,
    json_text,
    limit_option,
    plain,
    tell_rest,
)
from node.cli.shared.dates import time_text
from node.cli.shared.options import json_option
from node.cli.shared.tables import new_table, print_table
from node.stubs.casework.v1 import casework_pb2 as pb


@click.command()
@limit_option
@as_option
@json_option
def inbox(limit: int, folder: Path, as_json: bool) -> None:
    """Show what waits for this city: cases in which others acted last or a clock runs, drafts to be approved."""
    with case_service(folder) as service:
        found = service.Inbox(pb.InboxRequest(limit=limit), timeout=TIMEOUT_S)
    tell_rest(len(found.cases), found.total)
    if as_json:
        cases, drafts = [plain(e) for e in found.cases], [plain(e) for e in found.drafts]
        click.echo(json_text({"alerts": list(found.alerts), "cases": cases, "drafts": drafts}))
        return
    for alert in found.alerts:
        click.secho(f"警报 ALERT {alert}", fg="red", bold=True)
    print_summaries(list(found.cases))
    for draft in found.drafts:
        where = draft.case or f"a new {draft.workflow}"
        by = f"by {draft.maker}" if draft.maker else f"prepared: gongzhi case take-up {draft.number}"
        click.echo(f"draft {draft.number}  {draft.act} in {where}, {by}, {time_text(draft.made_at_ms)}")


@click.command()
@limit_option
@as_option
@json_option
def outbox(limit: int, folder: Path, as_json: bool) -> None:
    """Show what waits for others, and which of them stored and opened the last act."""
    with case_service(folder) as service:
        found = service.Outbox(pb.OutboxRequest(limit=limit), timeout=TIMEOUT_S)
    tell_rest(len(found.cases), found.total)
    if as_json:
        click.echo(json_text([plain(each) for each in found.cases]))
    else:
        print_summaries(list(found.cases))


@click.command()
@click.option("--own", is_flag=True, help="Only those that this city owes.")
@limit_option
@as_option
@json_option
def deadlines(own: bool, limit: int, folder: Path, as_json: bool) -> None:
    """Show every running clock, the nearest first. Exit code 1 where one is overdue."""
    with case_service(folder) as service:
        told = service.Deadlines(pb.DeadlinesRequest(own=own, limit=limit), timeout=TIMEOUT_S)
    found = told.clocks
    tell_rest(len(found), told.total)
    if as_json:
        click.echo(json_text([plain(each) for each in found]))
    else:
        _print_clocks(list(found))
    if any(each.state == "overdue" for each in found):
        raise SystemExit(1)


@click.command()
@as_option
@json_option
def scorecard(folder: Path, as_json: bool) -> None:
    """Show how each city keeps its limits, computed from the logs: in time, late, still open; median days."""
    with case_service(folder) as service:
        found = service.Scorecard(pb.ScorecardRequest(), timeout=TIMEOUT_S).scores
    if as_json:
        click.echo(json_text([plain(each) for each in found]))
        return
    table = new_table("city", "rule", "期限", "in time", "late", "running", "overdue", "median days")
    for each in found:
        counts = (each.in_time, each.late, each.running, each.overdue, each.median_days)
        table.add_row(*map(Text, (each.city, each.rule, each.label.zh, *map(str, counts))))
    print_table(table)


def _print_clocks(clocks: list[pb.Clock]) -> None:
    table = new_table("due", "state", "case", "about 主体、文号", "rule", "期限", "owed by", "started", "problem")
    for each in clocks:
        cells = (each.due, clock_text(each), each.case, each.title, each.rule, each.label.zh)
        table.add_row(*map(Text, (*cells, ", ".join(each.owed_by), each.started, each.problem)))
    print_table(table)
