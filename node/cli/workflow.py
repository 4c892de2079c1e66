"""`gongzhi workflow`: what the law lets whom do next in a case."""

import json

import click
from rich.text import Text

from node.cli.shared.tables import new_table, print_table
from node.core.workflow import table
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.declared import workflow as get
from node.messages import Lang
from node.usecases.casework.rules.table import document

_HEADS: dict[str, tuple[str, ...]] = {
    "zh": ("环节", "自", "至", "办理方", "须载明", "限于", "时限", "产生", "依据"),
    "en": ("act", "from", "to", "by", "carries", "only if", "clocks", "makes", "law"),
}


@click.group()
def workflow() -> None:
    """Show the workflows: states, acts, who may act, what it takes, which clocks run."""


@workflow.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_workflows(as_json: bool) -> None:
    """List the workflows."""
    if as_json:
        click.echo(json.dumps([table.as_json(each) for each in WORKFLOWS.values()], ensure_ascii=False, indent=2))
        return
    rows = new_table("workflow", "Chinese", "English", "states", "acts")
    for each in WORKFLOWS.values():
        rows.add_row(each.name, each.label.zh, each.label.en, str(len(each.states)), str(len(each.acts)))
    print_table(rows)


@workflow.command()
@click.argument("name")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True, help="Language.")
@click.option("--mermaid", "form", flag_value="mermaid", help="Print a Mermaid state diagram.")
@click.option("--dot", "form", flag_value="dot", help="Print a Graphviz diagram.")
@click.option("--json", "form", flag_value="json", help="Print JSON.")
def show(name: str, lang: Lang, form: str | None) -> None:
    """Show the workflow NAME, e.g. referral, as a table and a diagram."""
    shown = get(name)
    if form == "json":
        click.echo(json.dumps(table.as_json(shown), ensure_ascii=False, indent=2))
    elif form == "dot":
        click.echo(table.dot(shown, lang), nl=False)
    elif form == "mermaid":
        click.echo(table.mermaid(shown, lang), nl=False)
    else:
        _print_tables(name, lang)
        click.echo(table.mermaid(shown, lang), nl=False)


@workflow.command()
def docs() -> None:
    """Print docs/workflows.md, made from the declarations."""
    click.echo(table.document(WORKFLOWS.values()), nl=False)


@workflow.command()
def rules() -> None:
    """Print docs/act-rules.md: every rule that can refuse an act, with its law, in the order checked."""
    click.echo(document(), nl=False)


def _print_tables(name: str, lang: Lang) -> None:
    shown = get(name)
    click.echo(f"{shown.name}  {shown.label.zh}  {shown.label.en}")
    rows = new_table(*_HEADS[lang])
    for row in table.act_rows(shown, lang):
        act = f"{row.act} {row.name}" if lang == "zh" else row.act
        by = f"{row.by} [{row.roles}]"
        cells = (act, row.sources, row.target, by, row.carries, row.only_if, row.clocks, row.makes, row.law)
        rows.add_row(*map(Text, cells), end_section=True)
    print_table(rows)
    click.echo(table.text(shown.concurrency, lang))
    for each in shown.forbidden:
        click.echo(f"{each.name}: {table.text(each.why, lang)} ({table.text(each.law, lang)})")
