"""`gongzhi errors`: what each error code means and what to do about it."""

import json

import click

from node.cli.shared.options import json_option
from node.cli.shared.tables import new_table, print_table
from node.core.alert_rules import alert_rules
from node.core.reason_texts import errors_page, find_text, texts
from node.messages import Lang

_lang = click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Language.")
_HEADS = {"zh": ("代码", "含义"), "en": ("code", "meaning")}


@click.group()
def errors() -> None:
    """Explain the error codes: what each means and what to do."""


@errors.command("list")
@_lang
@json_option
def list_errors(lang: Lang, as_json: bool) -> None:
    """List every code with its meaning."""
    if as_json:
        click.echo(json.dumps(texts().model_dump(), ensure_ascii=False, indent=2))
        return
    rows = new_table(*_HEADS[lang])
    for code, text in texts().every.items():
        rows.add_row(code, text.meaning(lang))
    print_table(rows)


@errors.command()
@click.argument("code")
@_lang
@json_option
def show(code: str, lang: Lang, as_json: bool) -> None:
    """Explain CODE, e.g. peer_frozen."""
    text = find_text(code)
    if as_json:
        click.echo(json.dumps({"code": code} | text.model_dump(), ensure_ascii=False, indent=2))
        return
    click.echo(f"{code}: {text.meaning(lang)}\n{text.advice(lang)}")


@errors.command()
def rules() -> None:
    """Print Prometheus rules with one for each alert (deploy/compose/monitoring/alerts.yml)."""
    click.echo(alert_rules(), nl=False)


@errors.command()
def page() -> None:
    """Print docs/errors.md."""
    click.echo(errors_page(), nl=False)
