"""How a case and a list of cases look."""

from typing import Any

from node.cli.shared.casework import deadline_text, plain, plain_body, rule_text, title_text
from node.cli.shared.dates import time_text
from node.cli.shared.fields import FieldLine, lines
from node.cli.shared.tables import CellTable, print_table, printable
from node.core.standards import standard as standards
from node.localized_click import echo, say
from node.messages import Message, _, both, render
from node.stubs.casework.v1 import casework_pb2 as pb


def print_summaries(cases: list[pb.Summary]) -> None:
    """Prints cases, a line each."""
    table = CellTable(
        _("case"),
        _("party, document"),
        _("workflow"),
        _("state"),
        _("last act"),
        _("on"),
        _("due"),
        _("stored by"),
        _("opened by"),
    )
    for each in cases:
        due = _("{day} {state}", day=each.nearest.due, state=deadline_text(each.nearest)) if each.nearest.rule else ""
        state: str = _label(each.label, each.state)
        last = _("{act} by {city}", act=each.last_act, city=each.last_by)
        state = _("unread: {state}", state=state) if each.unread else state
        cells = (each.case, title_text(each.title), each.workflow, state, last, each.last_on, due)
        table.add_texts(*cells, ", ".join(each.stored_by), ", ".join(each.opened_by))
    print_table(table)


def plain_case(shown: pb.Case) -> dict[str, Any]:
    """A case for programs, with the body of each act."""
    acts = [plain(each) | {"body": plain_body(shown.workflow, each.body)} for each in shown.acts]
    return plain(shown) | {"acts": acts}


def print_case(shown: pb.Case) -> None:
    """Prints a case: the matter, the acts, the deadlines, what may come next."""
    say(
        "{case}  {workflow}  {state}{final}",
        case=shown.case,
        workflow=shown.workflow,
        state=_label(shown.label, shown.state),
        final=_("  (final)") if shown.is_final else "",
    )
    echo(printable("  ".join(render(_label(each.label, each.name)) for each in shown.parties)))
    if shown.HasField("taken_back"):
        back = shown.taken_back
        text = _(
            "retracted and destroyed by {city} on {day}: {purpose} ({legal_basis})",
            city=back.city,
            day=back.on,
            purpose=back.purpose,
            legal_basis=back.legal_basis,
        )
        echo(printable(render(text)))
    for rule in shown.out_of_rule:
        say("against the rules: {rule}", rule=rule_text(rule))
    _print_matter(shown)
    _print_acts(shown)
    _print_grounds(shown)
    _print_deadlines(shown)
    for each in shown.reminders:
        reminder = _(
            "reminder {id}  {at}  {rule} due {due}", id=each.id, at=time_text(each.at_ms), rule=each.rule, due=each.due
        )
        echo(printable(render(reminder)))
    acts = [_("{act} (four eyes)", act=each.act) if each.needs_approver else each.act for each in shown.next]
    say("possible next acts: {acts}", acts=acts or _("none"))


def _print_matter(shown: pb.Case) -> None:
    """What the acts in force say of the matter, each field as it was said last."""
    standard = standards.get(shown.workflow)
    stated: dict[str, list[tuple[FieldLine, str]]] = {}
    for act in shown.acts:
        if act.standing == "in_force":
            of_act: dict[str, list[tuple[FieldLine, str]]] = {}
            for line in lines(standard, standard.parse(act.body)):
                if not line.path.startswith("act."):
                    of_act.setdefault(line.path, []).append((line, act.id))
            stated |= of_act
    table = CellTable(_("field"), _("label"), _("value"), _("stated by"))
    for line, record in (each for lines_of_field in stated.values() for each in lines_of_field):
        table.add_texts(line.path, line.name, line.text, record)
    if stated:
        print_table(table)


def _print_acts(shown: pb.Case) -> None:
    table = CellTable(
        _("record"),
        _("act"),
        _("label"),
        _("by"),
        _("maker / approver"),
        _("on"),
        _("validity"),
        _("state"),
        _("seen by"),
    )
    for each in shown.acts:
        people = " / ".join(name for name in (each.maker, each.approver) if name)
        worth: str = each.standing
        if each.cause:
            worth = _("{standing} by {cause}", standing=each.standing, cause=each.cause)
        cells = (
            each.id,
            each.act,
            both(each.label.en, each.label.zh),
            each.platform or each.city,
            people,
            each.on,
            worth,
            each.state,
        )
        table.add_texts(*cells, _seen(each))
    print_table(table)
    for each in shown.acts:
        for rule in each.broken:
            say("{record} breaks {rule}", record=each.id, rule=rule_text(rule))


def _print_grounds(shown: pb.Case) -> None:
    """Why each act was made, and by what article and document."""
    table = CellTable(_("record"), _("act"), _("reasons"), _("article"), _("documents"))
    for each in shown.acts:
        act = standards.get(shown.workflow).parse(each.body).act  # type: ignore[attr-defined]
        documents = [act.document_number, *(f"{paper.title} {paper.number}" for paper in act.documents)]
        grounds = (act.reasons, act.article, "; ".join(filter(None, documents)))
        if any(grounds):
            table.add_texts(each.id, each.act, *grounds)
    if table.row_count:
        print_table(table)


def _seen(act: pb.ActView) -> str:
    if not act.audience:
        return _("this city only")
    return "; ".join(render(_receipt(each)) for each in act.receipts) or ", ".join(act.audience)


def _receipt(receipt: pb.Receipt) -> Message:
    if not (receipt.stored or receipt.opened):
        return _("{city}: no receipt yet", city=receipt.city)
    events = [_("stored {at}", at=time_text(receipt.stored_at_ms))] if receipt.stored else []
    if receipt.opened:
        events.append(_("opened {at} by {officer}", at=time_text(receipt.opened_at_ms), officer=receipt.opened_by))
    if receipt.is_right:
        return _("{city}: {events}", city=receipt.city, events=events)
    return _("{city}: {events} - FOR ANOTHER RECORD", city=receipt.city, events=events)


def _print_deadlines(shown: pb.Case) -> None:
    if not shown.clocks:
        return
    table = CellTable(_("rule"), _("limit"), _("law"), _("started"), _("due"), _("state"), _("owed by"))
    for each in shown.clocks:
        state = deadline_text(each)
        if each.problem:
            state = _("{state} ({problem})", state=state, problem=each.problem)
        cells = (
            each.rule,
            both(each.label.en, each.label.zh),
            each.law,
            each.started,
            each.due,
            state,
            ", ".join(each.owed_by),
        )
        table.add_texts(*cells)
    print_table(table)


def _label(label: pb.Label, code: str) -> Message:
    """A label and what it labels: Chinese readers see both, English ones the code, which is English."""
    return both(code, f"{label.zh} {code}")
