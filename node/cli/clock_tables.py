"""The tables of `gongzhi clock`, in two languages."""

from collections.abc import Iterable

import click
from rich.cells import cell_len

from node.cli.shared.tables import new_table, print_table, printable
from node.core.law.calendar import Year
from node.core.law.deadlines import Deadline, Reading
from node.core.law.laws import Label, laws
from node.core.law.legal_rules import LegalRule, Unit
from node.messages import Lang

_UNITS: dict[Lang, dict[Unit, str]] = {
    "en": {
        Unit.HOURS: " h",
        Unit.WORKING_DAYS: " WD",
        Unit.DAYS: " days",
        Unit.MONTHS: " months",
        Unit.YEARS: " years",
    },
    "zh": {
        Unit.HOURS: "小时",
        Unit.WORKING_DAYS: "个工作日",
        Unit.DAYS: "日",
        Unit.MONTHS: "个月",
        Unit.YEARS: "年",
    },
}
_HEADS: dict[Lang, dict[str, tuple[str, ...]]] = {
    "en": {
        "list": ("rule", "v", "what", "limit", "excluded", "law", "Art", "in force", "sure"),
        "calendar": ("holiday", "off", "days", "worked instead"),
        "due": ("law", "starts", "limit", "extended", "not counted", "due", "state"),
    },
    "zh": {
        "list": ("规则", "版", "事项", "期限", "不计入", "依据", "条", "施行", "确信"),
        "calendar": ("节日", "放假", "天数", "上班"),
        "due": ("依据", "起算", "期限", "延长", "不计入", "届满", "状态"),
    },
}


def print_rules(rules: Iterable[LegalRule], lang: Lang) -> None:
    """Prints rules, one a line."""
    table = new_table(*_HEADS[lang]["list"])
    for rule in rules:
        table.add_row(*_rule_cells(rule, lang))
    print_table(table)


def _rule_cells(rule: LegalRule, lang: Lang) -> tuple[str, ...]:
    law = laws()[rule.law]
    return (
        rule.id,
        str(rule.version),
        _text(rule.label, lang),
        _limit(rule, lang),
        ", ".join(rule.excluded),
        law.number if lang == "zh" else law.en,
        rule.article or "-",
        f"{rule.from_}..{rule.until or ''}",
        rule.confidence,
    )


def _limit(rule: LegalRule, lang: Lang) -> str:
    unit = _UNITS[lang][rule.unit]
    more = "".join(f" +{right.limit or '?'}" for right in rule.extensions)
    return f"{rule.limit}{unit.removesuffix('s') if rule.limit == 1 else unit}{more}"


def print_due(clock_: Deadline, reading: Reading | None, lang: Lang) -> None:
    """Prints one clock, and what it reads."""
    rule, law = clock_.rule, laws()[clock_.rule.law]
    end = clock_.due_at if rule.unit is Unit.HOURS else clock_.due
    law_, starts, limit, extended, paused, due_, state = _HEADS[lang]["due"]
    rows = [
        (rule.id, f"v{rule.version}  {_text(rule.label, lang)}"),
        (law_, f"{_text(law, lang)} {law.number}, Art {rule.article or '-'} [{rule.confidence}]"),
        (starts, f"{clock_.began}  {_text(rule.starts, lang)}"),
        (limit, _limit(rule, lang)),
        *((extended, f"+{each.limit}, approval and notice assumed") for each in clock_.extensions),
        *((paused, f"{each.since}..{each.last}  {each.cause}") for each in clock_.suspensions),
        (due_, f"{end}  {end:%A}" if end else "-"),
    ]
    if reading is not None:
        rows.append((state, _state(reading)))
    width = max(cell_len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(printable(f"{name}{' ' * (width - cell_len(name))}  {value}"))


def _state(reading: Reading) -> str:
    left = f", {reading.days_left} days left" if reading.days_left is not None else ""
    late = f" by {reading.days_late} days" if reading.days_late else ""
    return f"{reading.state.value}{late}{left}"


def print_year(year: Year, working_days: int, lang: Lang) -> None:
    """Prints the holidays of a year, the days worked instead, and the notices that say so."""
    table = new_table(*_HEADS[lang]["calendar"])
    for holiday in year.holidays:
        worked = "  ".join(f"{day} {day:%a}" for day in holiday.works)
        table.add_row("、".join(holiday.of), f"{holiday.from_}..{holiday.to}", str(holiday.days), worked)
    print_table(table)
    for notice in year.notices:
        click.echo(f"{notice.number}  {notice.issued}  {notice.title}")
    click.echo(f"{year.year}, version {year.version}: {working_days} working days")


def _text(label: Label, lang: Lang) -> str:
    return label.zh if lang == "zh" else label.en
