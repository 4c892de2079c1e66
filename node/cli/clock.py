"""`gongzhi clock`: what the law gives how long for, and when that ends."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from node.cli.clock_tables import print_due, print_rules, print_year
from node.cli.shared.dates import Period, parse_day, parse_period
from node.cli.shared.options import json_option
from node.config import Config, load_config
from node.core.law.calendar import SHANGHAI, Calendar, legal_date
from node.core.law.deadlines import Deadline, Reading, start
from node.core.law.laws import laws
from node.core.law.legal_rules import LegalRule, find_rule, vendored_rules
from node.errors import NodeError, Reason
from node.folder.clock import SystemClock, node_clock
from node.folder.files import load_calendar
from node.messages import Lang

_lang = click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language.")
_node = click.option(
    "--node",
    "node_dir",
    type=click.Path(exists=True, path_type=Path),
    envvar="GONGZHI_NODE",
    help="Folder of a node: its calendars and its day (or GONGZHI_NODE).  [default: this folder, if it is a node's]",
)
_calendar = click.option(
    "--calendar",
    "calendar_files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    envvar="GONGZHI_CALENDAR",
    help="A year's file to add to the calendar (or GONGZHI_CALENDAR); may be given again.",
)


@click.group()
def clock() -> None:
    """Show legal time limits and count them: rules, due dates, the working calendar.

    \b
    Which rules are there?            gongzhi clock list
    Those of 2025, in Chinese?        gongzhi clock list --on 2025-06-01 --lang zh
    When must this be decided?        gongzhi clock due clue.filing_decision --from 2026-02-12
    With testing and an extension?    gongzhi clock due clue.filing_decision --from 2026-02-12 \\
                                        --suspend 2026-02-25..2026-03-04 --extend
    Which weekends are worked?        gongzhi clock calendar 2026

    A limit in working days (WD) counts the State Council's calendar with its exchanged weekends (调休). The first
    day does not count. Past its last year the calendar gives no answer instead of a wrong one.
    """  # noqa: D301


@clock.command("list")
@click.option("--on", type=parse_day, metavar="DATE", help="Rules that bind an act of this day.  [default: today]")
@click.option("--all", "show_all", is_flag=True, help="Every version ever, in force or not.")
@_node
@_lang
@json_option
def list_rules(on: date | None, show_all: bool, node_dir: Path | None, lang: Lang, as_json: bool) -> None:
    """List the rules that bind an act of a day.

    The column "sure" says how well a rule is known: H read in the text, M one secondary source, L unsure.
    """
    book = vendored_rules()
    day = on or _today(_config(node_dir))
    every = [rule for versions in book.versions.values() for rule in versions]
    rules = every if show_all else book.all_in_force(day)
    if as_json:
        click.echo(_json([_rule_json(rule) for rule in rules]))
        return
    print_rules(rules, lang)


@clock.command()
@click.argument("rule_id", metavar="RULE")
@click.option(
    "--from", "began", type=parse_day, metavar="DATE", required=True, help="Day of the act that starts the clock."
)
@click.option(
    "--extend",
    "extensions",
    type=click.IntRange(0),
    is_flag=False,
    flag_value=0,
    multiple=True,
    metavar="[N]",
    help="Extend it, as if approved and told: by N, else by all the rule gives; again for its next extension.",
)
@click.option(
    "--suspend",
    "periods",
    type=parse_period,
    multiple=True,
    metavar="FROM..TO[:CAUSE]",
    help="Days that do not count, both included; without CAUSE for the rule's first.",
)
@click.option("--on", type=parse_day, metavar="DATE", help="Read the clock on this day too.")
@_calendar
@_node
@_lang
@json_option
def due(  # noqa: PLR0913, PLR0917 - one argument an option
    rule_id: str,
    began: date,
    extensions: tuple[int, ...],
    periods: tuple[Period, ...],
    on: date | None,
    calendar_files: tuple[Path, ...],
    node_dir: Path | None,
    lang: Lang,
    as_json: bool,
) -> None:
    """Count the clock of RULE from the day it starts.

    \b
    gongzhi clock due complaint.mediation --from 2026-08-05
    gongzhi clock due case.decision --from 2026-03-02 --extend --suspend 2026-04-01..2026-04-20:hearing
    gongzhi clock due assistance.answer --from 2026-03-02 --extend 5
    gongzhi clock due crime.transfer --from 2026-03-02T15:00

    The version of the rule is the one in force on the day the clock starts.
    """  # noqa: D301
    rule = find_rule(rule_id, legal_date(began))
    clock_ = _suspended(_extended(start(rule, began, _calendar_with(node_dir, calendar_files)), extensions), periods)
    reading = clock_.at(on) if on else None
    if as_json:
        click.echo(_json(_due_json(clock_, reading)))
    else:
        print_due(clock_, reading, lang)


@clock.command()
@click.argument("year", type=int)
@_calendar
@_node
@_lang
@json_option
def calendar(year: int, calendar_files: tuple[Path, ...], node_dir: Path | None, lang: Lang, as_json: bool) -> None:
    """Show the working calendar of YEAR: holidays, weekends worked instead, the notices it comes from.

    \b
    The State Council publishes the next year each November. To enter it, write the notice down as a file:
        year: 2026
        version: 1
        statutory_days: 13
        notices:
          - {number: 国办发明电〔2025〕7号, title: 国务院办公厅关于2026年部分节假日安排的通知, issued: 2025-11-04}
        holidays:
          - {of: [元旦], from: 2026-01-01, to: 2026-01-03, days: 3, works: [2026-01-04]}
          - ...
    check it with `gongzhi clock calendar 2026 --calendar 2026.yaml`, name it in node.yaml and restart the node:
        calendars: [2026.yaml]
    It is refused if a festival is missing, a date is given twice, a length does not fit, or the days off less the
    weekends worked are not the 13 days that the law gives (11 before 2025). A corrected file has a higher version.
    """  # noqa: D301
    calendar_ = _calendar_with(node_dir, calendar_files)
    found = next((each for each in calendar_.years if each.year == year), None)
    if found is None:
        known = f"{calendar_.first.year} to {calendar_.horizon.year}"
        raise NodeError(Reason.CALENDAR_HORIZON, f"the working calendar holds {known}, not {year}; see --help")
    worked = calendar_.working_days_of(year)
    if as_json:
        click.echo(_json(found.model_dump(mode="json", by_alias=True) | {"working_days": worked}))
    else:
        print_year(found, worked, lang)


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


def _extended(clock_: Deadline, extensions: Iterable[int]) -> Deadline:
    for limit in extensions:
        clock_ = clock_.extend(clock_.began, approved_by="assumed", limit=limit or None, told_on=clock_.began)
    return clock_


def _suspended(clock_: Deadline, periods: Iterable[Period]) -> Deadline:
    first_cause = next(iter(clock_.rule.excluded), "any cause")
    for period in sorted(periods):
        clock_ = clock_.suspend(period.first, period.cause or first_cause).resume(period.resumed)
    return clock_


def _rule_json(rule: LegalRule) -> dict[str, Any]:
    return rule.model_dump(mode="json", by_alias=True) | {"law": asdict(laws()[rule.law])}


def _due_json(clock_: Deadline, reading: Reading | None) -> dict[str, Any]:
    return {
        "rule": _rule_json(clock_.rule),
        "calendar": clock_.calendar.version,
        "started": clock_.began,
        "limit": clock_.limit,
        "suspensions": [vars(each) for each in clock_.suspensions],
        "due": clock_.due,
        "due_at": clock_.due_at,
        "reading": vars(reading) if reading else None,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
