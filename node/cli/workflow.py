"""`gongzhi workflow`: what the law lets whom do next in a case."""

import click

from node.cli.shared.options import print_json
from node.cli.shared.tables import CellTable, print_table
from node.core.workflow import table
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.declared import workflow as get
from node.localized_click import echo, lang_option
from node.messages import Lang, _, language
from node.usecases.casework.rules.table import document

_HEADS = (
    _("act"), _("from"), _("to"), _("by"), _("must state"), _("only if"), _("deadlines"), _("creates"), _("law"),
)  # fmt: skip


@click.group()
def workflow() -> None:
    """Show the workflows: states, acts, who may act, what an act needs, which deadlines run."""


@workflow.command("list")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON; an error is a JSON object, the last line of standard error."
)
def list_workflows(as_json: bool) -> None:
    """List the workflows."""
    if as_json:
        print_json([table.as_json(each) for each in WORKFLOWS.values()])
        return
    rows = CellTable(_("workflow"), _("Chinese"), _("English"), _("states"), _("acts"))
    for each in WORKFLOWS.values():
        rows.add_row(each.name, each.label.zh, each.label.en, str(len(each.states)), str(len(each.acts)))
    print_table(rows)


@workflow.command()
@click.argument("name")
@lang_option
@click.option("--mermaid", "form", flag_value="mermaid", help="Print a Mermaid state diagram.")
@click.option("--dot", "form", flag_value="dot", help="Print a Graphviz diagram.")
@click.option(
    "--json", "form", flag_value="json", help="Print JSON; an error is a JSON object, the last line of standard error."
)
def show(name: str, form: str | None) -> None:
    """Show the workflow NAME, e.g. referral, as a table and a diagram."""
    shown, lang = get(name), language()
    if form == "json":
        print_json(table.as_json(shown))
    elif form == "dot":
        echo(table.dot(shown, lang), nl=False)
    elif form == "mermaid":
        echo(table.mermaid(shown, lang), nl=False)
    else:
        _print_tables(name, lang)
        echo(table.mermaid(shown, lang), nl=False)


@workflow.command()
def docs() -> None:
    """Print docs/workflows.md."""
    echo(table.document(WORKFLOWS.values()), nl=False)


@workflow.command()
def rules() -> None:
    """Print docs/act-rules.md: every rule that can refuse an act, with its law, in the order checked."""
    echo(document(), nl=False)


def _print_tables(name: str, lang: Lang) -> None:
    shown = get(name)
    echo(f"{shown.name}  {shown.label.zh}  {shown.label.en}")
    rows = CellTable(*_HEADS)
    for row in table.act_rows(shown, lang):
        act = f"{row.act} {row.name}" if lang == "zh" else row.act
        by = f"{row.by} [{row.roles}]"
        cells = (act, row.sources, row.target, by, row.carries, row.only_if, row.deadlines, row.makes, row.law)
        rows.add_texts(*cells)
    print_table(rows)
    echo(table.text(shown.concurrency, lang))
    for each in shown.forbidden:
        echo(f"{each.name}: {table.text(each.why, lang)} ({table.text(each.law, lang)})")
