"""`gongzhi errors`: what each error code means and what to do about it."""

import click

from node.cli.shared.options import json_option, print_json
from node.cli.shared.tables import CellTable, print_table
from node.core.alert_rules import alert_rules
from node.core.reason_texts import errors_page, find_text, texts
from node.localized_click import echo, lang_option
from node.messages import _, language


@click.group()
def errors() -> None:
    """Explain the error codes: what each means and what to do."""


@errors.command("list")
@lang_option
@json_option
def list_errors(as_json: bool) -> None:
    """List all codes with their meanings."""
    if as_json:
        print_json(texts().model_dump())
        return
    rows = CellTable(_("code"), _("meaning"))
    for code, text in texts().every.items():
        rows.add_row(code, text.meaning(language()))
    print_table(rows)


@errors.command()
@click.argument("code")
@lang_option
@json_option
def show(code: str, as_json: bool) -> None:
    """Explain CODE, e.g. peer_frozen."""
    text = find_text(code)
    if as_json:
        print_json({"code": code} | text.model_dump())
        return
    echo(f"{code}: {text.meaning(language())}\n{text.advice(language())}")


@errors.command()
def rules() -> None:
    """Print Prometheus rules, one for each alert (deploy/compose/monitoring/alerts.yml)."""
    echo(alert_rules(), nl=False)


@errors.command()
def page() -> None:
    """Print docs/errors.md."""
    echo(errors_page(), nl=False)
