"""`gongzhi standard`: the data standards this node speaks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from rich.text import Text

from node.cli.shared.options import print_json
from node.cli.shared.tables import CellTable, print_table
from node.core.standards import table
from node.core.standards.guide import standards_guide
from node.core.standards.standard import Standard, get, standards
from node.localized_click import echo, lang_option
from node.messages import Lang, _, language

_HEADS: Mapping[str, Sequence[str]] = {
    "standards": (_("standard"), _("version"), _("Chinese"), _("English")),
    "facets": (_("number"), _("facet"), _("Chinese"), _("English"), _("level")),
    "fields": (_("field"), _("type"), _("Chinese"), _("English"), _("level"), _("facet"), _("rule")),
    "codes": (_("code list"), _("code"), _("Chinese"), _("English"), _("article"), _("consequence")),
    "rules": (_("rule"), _("message"), _("expression")),
}


@click.group()
def standard() -> None:
    """Show the data standards: fields, levels, facets, codes."""


_json = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON; an error is a JSON object, the last line of standard error."
)


@standard.command("list")
@lang_option
@_json
def list_standards(as_json: bool) -> None:
    """List the standards."""
    if as_json:
        _print_json([_title(each) for each in standards()])
    else:
        _print_table(_HEADS["standards"], (_title(each).values() for each in standards()))


@standard.command()
@click.argument("name")
@click.option("--version", type=int, help="Version [default: the newest].")
@lang_option
@_json
def show(name: str, version: int | None, as_json: bool) -> None:
    """Show the standard NAME, e.g. operator.registration."""
    shown = get(name, version)
    sections = _sections(shown, language())
    if as_json:
        _print_json(_title(shown) | sections)
        return
    echo(f"{shown.name} v{shown.version}  {shown.label_zh}  {shown.label_en}")
    for section, rows in sections.items():
        if rows:
            _print_table(_HEADS[section], (row.values() for row in rows))


@standard.command()
def guide() -> None:
    """Print the guide to all standards as Markdown (docs/standards.md)."""
    echo(standards_guide(standards()))


def _title(shown: Standard) -> dict[str, Any]:
    return {
        "name": shown.name,
        "version": shown.version,
        "label_zh": shown.label_zh,
        "label_en": shown.label_en,
    }


def _sections(shown: Standard, lang: Lang) -> dict[str, list[dict[str, Any]]]:
    return {
        "facets": [
            {
                "number": facet.number,
                "name": facet.name,
                "label_zh": facet.label_zh,
                "label_en": facet.label_en,
                "level": f"L{facet.level}",
            }
            for facet in shown.facets
        ],
        "fields": [row._asdict() for row in table.field_rows(shown, lang)],
        "codes": [row._asdict() for row in table.code_rows(shown, lang)],
        "rules": [row._asdict() for row in table.rule_rows(shown, lang)],
    }


def _print_json(value: object) -> None:
    print_json(value)


def _print_table(heads: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    table = CellTable(*heads)
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    print_table(table)
