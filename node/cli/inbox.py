"""`gongzhi inbox`, `outbox`, `deadlines`, `scorecard`: what waits, for whom, until when."""

from pathlib import Path

import click

from node.cli.shared.case_show import print_summaries
from node.cli.shared.casework import (
    TIMEOUT_S,
    as_option,
    case_service,
    deadline_text,
    limit_option,
    plain,
    tell_rest,
    title_text,
)
from node.cli.shared.dates import time_text
from node.cli.shared.options import json_option, print_json
from node.cli.shared.tables import CellTable, print_table
from node.localized_click import say
from node.messages import _, both, render
from node.stubs.casework.v1 import casework_pb2 as pb


@click.command()
@limit_option
@as_option
@json_option
def inbox(limit: int, folder: Path, as_json: bool) -> None:
    """List what waits for this city: cases with an act of others or a running deadline, drafts to approve."""
    with case_service(folder) as service:
        response = service.Inbox(pb.InboxRequest(limit=limit), timeout=TIMEOUT_S)
    tell_rest(len(response.cases), response.total)
    if as_json:
        cases, drafts = [plain(e) for e in response.cases], [plain(e) for e in response.drafts]
        print_json({"alerts": list(response.alerts), "cases": cases, "drafts": drafts})
        return
    for alert in response.alerts:
        click.secho(render(_("ALERT {alert}", alert=alert)), fg="red", bold=True)
    print_summaries(list(response.cases))
    for draft in response.drafts:
        where = draft.case or _("a new {workflow}", workflow=draft.workflow)
        by = (
            _("by {maker}", maker=draft.maker)
            if draft.maker
            else _("prepared: gongzhi case take-up {number}", number=draft.number)
        )
        say(
            "draft {number}  {act} in {where}, {by}, {at}",
            number=draft.number,
            act=draft.act,
            where=where,
            by=by,
            at=time_text(draft.made_at_ms),
        )


@click.command()
@limit_option
@as_option
@json_option
def outbox(limit: int, folder: Path, as_json: bool) -> None:
    """List what waits for others, and who of them stored and opened the last act."""
    with case_service(folder) as service:
        response = service.Outbox(pb.OutboxRequest(limit=limit), timeout=TIMEOUT_S)
    tell_rest(len(response.cases), response.total)
    if as_json:
        print_json([plain(each) for each in response.cases])
    else:
        print_summaries(list(response.cases))


@click.command()
@click.option("--own", is_flag=True, help="Only those that this city has to meet.")
@limit_option
@as_option
@json_option
def deadlines(own: bool, limit: int, folder: Path, as_json: bool) -> None:
    """List the running deadlines, the nearest first. Exit code 1 if one is overdue."""
    with case_service(folder) as service:
        response = service.Deadlines(pb.DeadlinesRequest(own=own, limit=limit), timeout=TIMEOUT_S)
    running = response.clocks
    tell_rest(len(running), response.total)
    if as_json:
        print_json([plain(each) for each in running])
    else:
        _print_deadlines(list(running))
    if any(each.state == "overdue" for each in running):
        raise SystemExit(1)


@click.command()
@as_option
@json_option
def scorecard(folder: Path, as_json: bool) -> None:
    """Show how each city meets its deadlines, from the logs: in time, late, open, median days."""
    with case_service(folder) as service:
        scores = service.Scorecard(pb.ScorecardRequest(), timeout=TIMEOUT_S).scores
    if as_json:
        print_json([plain(each) for each in scores])
        return
    table = CellTable(
        _("city"), _("rule"), _("limit"), _("in time"), _("late"), _("running"), _("overdue"), _("median days")
    )
    for each in scores:
        counts = (each.in_time, each.late, each.running, each.overdue, each.median_days)
        table.add_texts(each.city, each.rule, both(each.label.en, each.label.zh), *map(str, counts))
    print_table(table)


def _print_deadlines(deadlines: list[pb.Clock]) -> None:
    table = CellTable(
        _("due"),
        _("state"),
        _("case"),
        _("party, document"),
        _("rule"),
        _("limit"),
        _("owed by"),
        _("started"),
        _("problem"),
    )
    for each in deadlines:
        limit = both(each.label.en, each.label.zh)
        cells = (each.due, deadline_text(each), each.case, title_text(each.title), each.rule, limit)
        table.add_texts(*cells, ", ".join(each.owed_by), each.started, each.problem)
    print_table(table)
