"""What the story shows: each chapter's steps, who holds what, and all of it as JSON."""

from typing import Any

from rich.console import Console

from node.core.law.deadlines import STATES, State
from node.demo.story.stage import Stage
from node.demo.story.steps import Step
from node.demo.story.verdict import Verdict
from node.folder.founding import CAPITALS
from node.messages import _, both, render
from node.tables.terminal import CellTable, print_table

_HASH_DIGITS = 8


def print_steps(steps: list[Step]) -> None:
    """Prints a chapter."""
    table = CellTable(
        _("no."),
        _("day"),
        _("city"),
        _("by"),
        _("act"),
        _("record"),
        _("signed"),
        _("case is"),
        _("deadlines"),
        _("seen by"),
    )
    for each in steps:
        who = (each.by, f"{render(both(each.what[1], each.what[0]))}\n{each.act}", each.record or each.note)
        table.add_texts(
            str(each.number), each.day.isoformat(), CAPITALS[each.city][0], *who, _signed(each), _state(each),
            _deadlines(each), _seen(each),
        )  # fmt: skip
    print_table(table)


def print_sums(stage: Stage, verdict: Verdict) -> None:
    """Prints what each city holds of what the others recorded."""
    cities = stage.logs.cities
    table = CellTable(_("standard"), _("records"), *(CAPITALS[city][0] for city in cities))
    for standard, held in sorted(verdict.held.items()):
        cells = (_held(held.get(city)) for city in cities)
        table.add_row(standard, str(verdict.records[standard]), *cells)
    print_table(table)
    table = CellTable(_("secret"), _("may know it"), _("found in the files of"))
    for name, (_secret, may) in stage.secrets.items():
        table.add_texts(name, _names(sorted(may)), _names(verdict.secrets.get(name, [])))
    print_table(table)


def print_violations(console: Console, verdict: Verdict) -> None:
    """Prints what must not be."""
    for each in verdict.violations:
        console.print(render(each), style="bold red", markup=False, soft_wrap=True)


def as_json(stage: Stage, verdict: Verdict, seconds: float) -> dict[str, Any]:
    """All of it as plain data."""
    return {
        "holds": verdict.holds,
        "steps": [_plain(each) for each in stage.steps],
        "cases": stage.cases,
        "records": verdict.records,
        "looked_at": verdict.looked_at,
        "held": {
            standard: {city: {"records": count, "facets": sorted(facets)} for city, (count, facets) in held.items()}
            for standard, held in verdict.held.items()
        },
        "secrets": {
            name: {"may_know": sorted(may), "found_in": verdict.secrets.get(name, [])}
            for name, (_secret, may) in stage.secrets.items()
        },
        "found": verdict.violations,
        "seconds": round(seconds, 1),
    }


def _plain(step: Step) -> dict[str, Any]:
    size, root = step.signed or (0, "")
    return {
        "number": step.number,
        "chapter": step.chapter,
        "day": step.day.isoformat(),
        "city": step.city,
        "by": step.by,
        "act": step.act,
        "label": {"zh": step.what[0], "en": step.what[1]},
        "record": step.record,
        "case": step.case,
        "state": step.state[1],
        "signed": {"tree_size": size, "root": root} if step.signed else None,
        "clocks": step.deadlines,
        "audience": list(step.audience),
        "seen_by": {city: list(facets) for city, facets in step.seen_by.items()},
        "note": step.note,
    }


def _state(step: Step) -> str:
    label, code = step.state
    return render(both(code, f"{label}\n{code}".strip()))


def _signed(step: Step) -> str:
    return f"✓ {step.signed[0]}\n{step.signed[1][:_HASH_DIGITS]}" if step.signed else ""


def _deadlines(step: Step) -> str:
    return "\n".join(_deadline(each) for each in step.deadlines)


def _deadline(deadline: dict[str, str]) -> str:
    if deadline["state"] in ("running", "suspended"):
        return f"{deadline['rule']} → {deadline['due'] or deadline['problem'][:40]}"
    return f"{deadline['rule']} {render(STATES[State(deadline['state'])])}"


def _seen(step: Step) -> str:
    if not step.record:
        return ""
    others = [city for city in step.seen_by if city != step.city]
    return _names(others) or render(_("this city only"))


def _names(cities: list[str]) -> str:
    return " ".join(CAPITALS[city][0] for city in cities)


def _held(held: tuple[int, set[str]] | None) -> str:
    return f"{held[0]}: {', '.join(sorted(held[1])) or 'header'}" if held else "—"
