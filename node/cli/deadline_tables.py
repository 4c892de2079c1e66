"""The tables of `gongzhi deadline`."""

from collections.abc import Callable, Iterable, Mapping

from rich.cells import cell_len

from node.cli.shared.tables import CellTable, print_table, printable
from node.core.law.calendar import Year
from node.core.law.deadlines import STATES, Deadline, Reading
from node.core.law.laws import Label, laws
from node.core.law.legal_rules import LegalRule, Unit
from node.localized_click import echo, say
from node.messages import Message, _, both, render

_LIMITS: Mapping[Unit, Callable[[int], Message]] = {
    Unit.HOURS: lambda limit: _("{limit} h", limit=limit),
    Unit.WORKING_DAYS: lambda limit: _("{limit} WD", limit=limit),
    Unit.DAYS: lambda limit: _("{limit} days", limit=limit) if limit != 1 else _("1 day"),
    Unit.MONTHS: lambda limit: _("{limit} months", limit=limit) if limit != 1 else _("1 month"),
    Unit.YEARS: lambda limit: _("{limit} years", limit=limit) if limit != 1 else _("1 year"),
}

# Whether the limit was read in the text of the law.
_READ, _UNREAD = _("checked"), _("to be checked")


def print_rules(rules: Iterable[LegalRule]) -> None:
    """Prints rules, one a line."""
    table = CellTable(
        _("rule"), _("v"), _("what"), _("limit"), _("excluded"), _("law"), _("Art"), _("in force"), _("sure")
    )
    for rule in rules:
        table.add_texts(*_rule_cells(rule))
    print_table(table)


def _rule_cells(rule: LegalRule) -> tuple[str, ...]:
    law = laws()[rule.law]
    return (
        rule.id,
        str(rule.version),
        _text(rule.label),
        _limit(rule),
        ", ".join(rule.excluded),
        both(law.en, law.number),
        rule.article or "-",
        f"{rule.from_}..{rule.until or ''}",
        _READ if rule.confidence == "H" else _UNREAD,
    )


def _limit(rule: LegalRule) -> Message:
    more = "".join(f" +{right.limit or '?'}" for right in rule.extensions)
    return _("{limit}{extensions}", limit=_LIMITS[rule.unit](rule.limit), extensions=more)


def print_due(deadline: Deadline, reading: Reading | None) -> None:
    """Prints one deadline, and how it stands on the day of the reading."""
    rule, law = deadline.rule, laws()[deadline.rule.law]
    end = deadline.due_at if rule.unit is Unit.HOURS else deadline.due
    law_text = _(
        "{law} {number}, Art {article}, {confidence}",
        law=_text(law),
        number=law.number,
        article=rule.article or "-",
        confidence=_READ if rule.confidence == "H" else _UNREAD,
    )
    rows: list[tuple[str, str]] = [
        (rule.id, _("v{version}  {label}", version=rule.version, label=_text(rule.label))),
        (_("law"), law_text),
        (_("starts"), _("{day}  {event}", day=deadline.began, event=_text(rule.starts))),
        (_("limit"), _limit(rule)),
        *(
            (_("extended"), _("+{limit}, approval and notice assumed", limit=extension.limit))
            for extension in deadline.extensions
        ),
        *((_("not counted"), f"{period.since}..{period.last}  {period.cause}") for period in deadline.suspensions),
        (_("due"), f"{end}  {end:%A}" if end else "-"),
    ]
    if reading is not None:
        rows.append((_("state"), _state(reading)))
    shown = [(render(name), render(value)) for name, value in rows]
    width = max(cell_len(name) for name, value in shown)
    for name, value in shown:
        echo(printable(f"{name}{' ' * (width - cell_len(name))}  {value}"))


def _state(reading: Reading) -> Message:
    state = STATES[reading.state]
    if reading.days_late:
        state = _("{state} by {days} days", state=state, days=reading.days_late)
    if reading.days_left is not None:
        state = _("{state}, {days} days left", state=state, days=reading.days_left)
    return state


def print_year(year: Year, working_days: int) -> None:
    """Prints the holidays of a year, the days worked instead, and the notices that say so."""
    table = CellTable(_("holiday"), _("off"), _("days"), _("worked instead"))
    for holiday in year.holidays:
        worked = "  ".join(f"{day} {day:%a}" for day in holiday.works)
        table.add_row("、".join(holiday.of), f"{holiday.from_}..{holiday.to}", str(holiday.days), worked)
    print_table(table)
    for notice in year.notices:
        echo(f"{notice.number}  {notice.issued}  {notice.title}")
    say(
        "{year}, version {version}: {working_days} working days",
        year=year.year,
        version=year.version,
        working_days=working_days,
    )


def _text(label: Label) -> Message:
    return both(label.en, label.zh)
