"""How a case and a list of cases look."""

from typing import Any

import click
from rich.text import Text

from node.cli.shared.casework import clock_text, plain, plain_body
from node.cli.shared.dates import time_text
from node.cli.shared.fields import Line, lines
from node.cli.shared.tables import new_table, print_table, printable
from node.core.standards import standard as standards
from node.stubs.casework.v1 import casework_pb2 as pb


def print_summaries(cases: list[pb.Summary]) -> None:
    """Prints cases, a line each."""
    table = new_table(
        "case", "about 主体、文号", "workflow", "state", "last act", "on", "due", "stored by", "opened by"
    )
    for each in cases:
        due = f"{each.nearest.due} {clock_text(each.nearest)}" if each.nearest.rule else ""
        state, last = f"{each.label.zh} {each.state}", f"{each.last_act} by {each.last_by}"
        state = f"未读 unread: {state}" if each.unread else state
        cells = (each.case, each.title, each.workflow, state, last, each.last_on, due)
        table.add_row(*map(Text, (*cells, ", ".join(each.stored_by), ", ".join(each.opened_by))))
    print_table(table)


def plain_case(shown: pb.Case) -> dict[str, Any]:
    """A case for programs, with the body of each act."""
    acts = [plain(each) | {"body": plain_body(shown.workflow, each.body)} for each in shown.acts]
    return plain(shown) | {"acts": acts}


def print_case(shown: pb.Case) -> None:
    """Prints a case: the matter, the acts, the clocks, what may come next."""
    click.echo(f"{shown.case}  {shown.workflow}  {shown.label.zh} {shown.state}{'  (final)' if shown.is_final else ''}")
    click.echo(printable("  ".join(f"{each.label.zh} {each.name}" for each in shown.parties)))
    if shown.HasField("taken_back"):
        back = shown.taken_back
        click.echo(
            printable(f"已由 {back.city} 撤回并销毁 taken back on {back.on}: {back.purpose} ({back.legal_basis})")
        )
    for rule in shown.out_of_rule:
        click.echo(f"out of rule: {rule.rule}: {rule.zh}（{rule.law_zh}）")
    _print_matter(shown)
    _print_acts(shown)
    _print_grounds(shown)
    _print_clocks(shown)
    for each in shown.reminders:
        click.echo(printable(f"reminder {each.id}  {time_text(each.at_ms)}  {each.rule} due {each.due}"))
    coming = ", ".join(f"{each.act}{' (four eyes)' if each.needs_approver else ''}" for each in shown.next)
    click.echo(f"may come next: {coming or 'nothing'}")


def _print_matter(shown: pb.Case) -> None:
    """What the acts in force say of the matter, each field as it was said last."""
    standard = standards.get(shown.workflow)
    said: dict[str, list[tuple[Line, str]]] = {}
    for act in shown.acts:
        if act.standing == "in_force":
            of_act: dict[str, list[tuple[Line, str]]] = {}
            for line in lines(standard, standard.parse(act.body)):
                if not line.path.startswith("act."):
                    of_act.setdefault(line.path, []).append((line, act.id))
            said |= of_act
    table = new_table("field", "名称", "what it says", "said by")
    for line, record in (each for found in said.values() for each in found):
        table.add_row(*map(Text, (line.path, line.name, line.text, record)))
    if said:
        print_table(table)


def _print_acts(shown: pb.Case) -> None:
    table = new_table("record", "act", "环节", "by", "maker / approver", "on", "worth", "state", "who saw it")
    for each in shown.acts:
        people = " / ".join(name for name in (each.maker, each.approver) if name)
        worth = each.standing + (f" by {each.cause}" if each.cause else "")
        cells = (each.id, each.act, each.label.zh, each.platform or each.city, people, each.on, worth, each.state)
        table.add_row(*map(Text, (*cells, _seen(each))))
    print_table(table)
    for each in shown.acts:
        for rule in each.broken:
            click.echo(f"{each.id} breaks {rule.rule}: {rule.zh}（{rule.law_zh}）")


def _print_grounds(shown: pb.Case) -> None:
    """Why each act was made, and by what article and document."""
    table = new_table("record", "act", "理由 reasons", "依据 article", "文书 documents")
    for each in shown.acts:
        act = standards.get(shown.workflow).parse(each.body).act  # type: ignore[attr-defined]
        documents = [act.document_number, *(f"{paper.title} {paper.number}" for paper in act.documents)]
        told = (act.reasons, act.article, "; ".join(filter(None, documents)))
        if any(told):
            table.add_row(*map(Text, (each.id, each.act, *told)))
    if table.row_count:
        print_table(table)


def _seen(act: pb.ActView) -> str:
    if not act.audience:
        return "this city alone"
    return "; ".join(_receipt(each) for each in act.receipts) or ", ".join(act.audience)


def _receipt(receipt: pb.Receipt) -> str:
    if not (receipt.stored or receipt.opened):
        return f"{receipt.city}: no receipt yet"
    said = [f"stored {time_text(receipt.stored_at_ms)}"] if receipt.stored else []
    said += [f"opened {time_text(receipt.opened_at_ms)} by {receipt.opened_by}"] if receipt.opened else []
    return f"{receipt.city}: {', '.join(said)}" + ("" if receipt.is_right else " — OF ANOTHER LEAF")


def _print_clocks(shown: pb.Case) -> None:
    if not shown.clocks:
        return
    table = new_table("rule", "期限", "law", "started", "due", "state", "owed by")
    for each in shown.clocks:
        state = clock_text(each) + (f" ({each.problem})" if each.problem else "")
        cells = (each.rule, each.label.zh, each.law, each.started, each.due, state, ", ".join(each.owed_by))
        table.add_row(*map(Text, cells))
    print_table(table)
