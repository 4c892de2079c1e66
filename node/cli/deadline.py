"""`gongzhi deadline`: the legal time limits, and when they end."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from node.cli.deadline_tables import print_due, print_rules, print_year
from node.cli.shared.dates import Period, parse_day, parse_period
from node.cli.shared.options import json_option
from node.config import Config, load_config
from node.core.law.calendar import SHANGHAI, Calendar, legal_date
from node.core.law.deadlines import Deadline, Reading, start
from node.core.law.laws import laws
from node.core.law.legal_rules import LegalRule, vendored_rules
from node.errors import NodeError, Reason
from node.folder.clock import SystemClock, node_clock
from node.folder.files import load_calendar
from node.localized_click import echo, lang_option
from node.messages import _

_node = click.option(
    "--node",
    "node_dir",
    type=click.Path(exists=True, path_type=Path),
    envvar="GONGZHI_NODE",
    help="Folder of a node, for its calendars and its date (or GONGZHI_NODE) "
    "[default: this folder, if it is a node's].",
)
_calendar = click.option(
    "--calendar",
    "calendar_files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    envvar="GONGZHI_CALENDAR",
    help="File of a year to add to the calendar (or GONGZHI_CALENDAR); repeatable.",
)


@click.group()
def deadline() -> None:
    """Show legal time limits and compute due dates: rules, deadlines, the working calendar.

    \b
    Which rules are there?            gongzhi deadline list
    Those of 2025, in Chinese?        gongzhi deadline list --on 2025-06-01 --lang zh
    When must this be decided?        gongzhi deadline due clue.filing_decision --from 2026-02-12
    With testing and an extension?    gongzhi deadline due clue.filing_decision --from 2026-02-12 \\
                                        --suspend 2026-02-25..2026-03-04 --extend
    Which weekends are worked?        gongzhi deadline calendar 2026

    A limit in working days (WD) counts by the State Council's calendar with its exchanged weekends (调休). The first
    day does not count. After the last year of the calendar the answer is an error, never a guess.
    """  # noqa: D301


@deadline.command("list")
@click.option("--on", type=parse_day, metavar="DATE", help="Rules that bind an act of this day [default: today].")
@click.option("--all", "show_all", is_flag=True, help="All versions, in force or not.")
@_node
@lang_option
@json_option
def list_rules(on: date | None, show_all: bool, node_dir: Path | None, as_json: bool) -> None:
    """List the rules that bind an act of a day.

    The column "sure" says how well a rule is known: H read in the text, M one secondary source, L unsure.
    """
    book = vendored_rules()
    day = on or _today(_config(node_dir))
    every = [rule for versions in book.versions.values() for rule in versions]
    rules = every if show_all else book.all_in_force(day)
    if as_json:
        echo(_json([_rule_json(rule) for rule in rules]))
        return
    print_rules(rules)


@deadline.command()
@click.argument("rule_id", metavar="RULE")
@click.option(
    "--from", "began", type=parse_day, metavar="DATE", required=True, help="Day of the act that starts the deadline."
)
@click.option(
    "--extend",
    "extensions",
    type=click.IntRange(0),
    is_flag=False,
    flag_value=0,
    multiple=True,
    metavar="[N]",
    help="Extend it, as if approved and notified: by N, else by the most that the rule allows; repeatable.",
)
@click.option(
    "--suspend",
    "periods",
    type=parse_period,
    multiple=True,
    metavar="FROM..TO[:CAUSE]",
    help="Days that do not count, both included; without CAUSE for the first cause of the rule.",
)
@click.option("--on", type=parse_day, metavar="DATE", help="Also show the state on this day.")
@_calendar
@_node
@lang_option
@json_option
def due(
    rule_id: str,
    began: date,
    extensions: tuple[int, ...],
    periods: tuple[Period, ...],
    on: date | None,
    calendar_files: tuple[Path, ...],
    node_dir: Path | None,
    as_json: bool,
) -> None:
    """Compute when the deadline of RULE falls, from the day it starts.

    \b
    gongzhi deadline due complaint.mediation --from 2026-08-05
    gongzhi deadline due case.decision --from 2026-03-02 --extend --suspend 2026-04-01..2026-04-20:hearing
    gongzhi deadline due assistance.answer --from 2026-03-02 --extend 5
    gongzhi deadline due crime.transfer --from 2026-03-02T15:00

    The version of the rule is the one in force on the starting day.
    """  # noqa: D301
    book = vendored_rules()
    rule = book.in_force(rule_id, legal_date(began))
    deadline_ = _suspended(_extended(start(rule, began, _calendar_with(node_dir, calendar_files)), extensions), periods)
    reading = deadline_.at(on) if on else None
    if as_json:
        echo(_json(_due_json(deadline_, reading)))
    else:
        print_due(deadline_, reading)


@deadline.command()
@click.argument("year", type=int)
@_calendar
@_node
@lang_option
@json_option
def calendar(year: int, calendar_files: tuple[Path, ...], node_dir: Path | None, as_json: bool) -> None:
    """Show the working calendar of YEAR: holidays, weekends worked instead, and the notices it comes from.

    \b
    The State Council publishes the next year each November. To add it, write the notice as a file:
        year: 2026
        version: 1
        statutory_days: 13
        notices:
          - {number: 国办发明电〔2025〕7号, title: 国务院办公厅关于2026年部分节假日安排的通知, issued: 2025-11-04}
        holidays:
          - {of: [元旦], from: 2026-01-01, to: 2026-01-03, days: 3, works: [2026-01-04]}
          - ...
    check it with `gongzhi deadline calendar 2026 --calendar 2026.yaml`, name it in node.yaml and restart the node:
        calendars: [2026.yaml]
    It is refused if a festival is missing, a date is given twice, a length does not fit, or the days off less the
    weekends worked are not the 13 days that the law gives (11 before 2025). A corrected file needs a higher version.
    """  # noqa: D301
    calendar_ = _calendar_with(node_dir, calendar_files)
    calendar_year = next((each for each in calendar_.years if each.year == year), None)
    if calendar_year is None:
        known = _("{from_year} to {to_year}", from_year=calendar_.first.year, to_year=calendar_.horizon.year)
        raise NodeError(
            Reason.CALENDAR_HORIZON,
            _("the working calendar holds {known}, not {year}; see --help", known=known, year=year),
        )
    worked = calendar_.working_days_of(year)
    if as_json:
        echo(_json(calendar_year.model_dump(mode="json", by_alias=True) | {"working_days": worked}))
    else:
        print_year(calendar_year, worked)


def _config(node_dir: Path | None) -> Config | None:
    is_here = node_dir is None and Path("node.yaml").is_file()
    folder = Path() if is_here else node_dir
    return None if folder is None else load_config(folder)


def _today(config: Config | None) -> date:
    now_ms = (node_clock(config) if config else SystemClock()).now_ms()
    return datetime.fromtimestamp(now_ms / 1000, SHANGHAI).date()


def _calendar_with(node_dir: Path | None, files: Iterable[Path]) -> Calendar:
    config = _config(node_dir)
    return load_calendar([*(config.calendars if config else ()), *files])


def _extended(deadline_: Deadline, extensions: Iterable[int]) -> Deadline:
    for limit in extensions:
        deadline_ = deadline_.extend(
            deadline_.began, approved_by="assumed", limit=limit or None, told_on=deadline_.began
        )
    return deadline_


def _suspended(deadline_: Deadline, periods: Iterable[Period]) -> Deadline:
    first_cause = next(iter(deadline_.rule.excluded), "any cause")
    for period in sorted(periods):
        cause = period.cause or first_cause
        deadline_ = deadline_.suspend(period.first, cause).resume(period.resumed, cause)
    return deadline_


def _rule_json(rule: LegalRule) -> dict[str, Any]:
    return rule.model_dump(mode="json", by_alias=True) | {"law": asdict(laws()[rule.law])}


def _due_json(deadline_: Deadline, reading: Reading | None) -> dict[str, Any]:
    return {
        "rule": _rule_json(deadline_.rule),
        "calendar": deadline_.calendar.version,
        "started": deadline_.began,
        "limit": deadline_.limit,
        "suspensions": [vars(each) for each in deadline_.suspensions],
        "due": deadline_.due,
        "due_at": deadline_.due_at,
        "reading": vars(reading) if reading else None,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
