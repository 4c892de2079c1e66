"""`gongzhi policy`: check, test, print and explain a sharing policy. Needs no running node."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message
from rich.markup import escape

from node.cli.shared.options import print_json
from node.cli.shared.tables import CellTable, print_table
from node.core.log.body import read_body
from node.core.log.proof import parse_proof
from node.core.log.record import EVERYONE
from node.core.log.run import record_of
from node.core.policy.explain import Explanation
from node.core.policy.policy import Policy, parse_policy
from node.core.policy.report import MatrixRow, TestResult, facet_labels, matrix, run_tests
from node.core.standards.standard import get, standards
from node.errors import FileError, NodeError, Reason
from node.localized_click import echo, say
from node.messages import _, render
from node.stubs.record.v1.record_pb2 import Header

_ANSWERS = {"yes": _("yes"), "no": _("no"), "if": _("if")}
_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_FILES = click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE..."
)
_JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON; an error is a JSON object, the last line of standard error."
)


@click.group("policy")
def policy() -> None:
    """Check, test, print and explain sharing policies.

    A policy is a YAML file of rules. Nobody sees what no rule shares.

    \b
      - share: operator.registration
        with: [wuhan]
        purpose: verification
        facets: [public]
        when: body.status == OperatorStatus.OPERATOR_STATUS_IN_BUSINESS

    The guide is docs/policy.md. Exit codes: 0 correct, 1 a test case fails, 2 a file is refused.
    """  # noqa: D301


@policy.command("check")
@_FILES
@_JSON
def check_command(files: Sequence[Path], as_json: bool) -> None:
    """Check policy files as a node does before it puts them in force.

    A wrong file is refused with its line and the reason; a running node keeps the policy that it has.

    \b
    Example:
      gongzhi policy check policies/*.yaml
    """  # noqa: D301
    outcomes = [_check(file) for file in files]
    if as_json:
        print_json(outcomes)
    else:
        for outcome in outcomes:
            echo(
                _("{file}: correct, {rules} rules", file=outcome["file"], rules=outcome["rules"])
                if outcome["ok"]
                else _("refused  {problem}", problem=outcome["error"])
            )
    if not all(outcome["ok"] for outcome in outcomes):
        raise SystemExit(2)


def _check(file: Path) -> dict[str, Any]:
    try:
        checked = _parse(file)
    except FileError as error:
        return {"file": str(file), "ok": False, "line": error.line, "reason": error.reason, "error": error.message}
    return {"file": str(file), "ok": True, "city": checked.city, "rules": len(checked.rules)}


@policy.command("test")
@_FILES
@_JSON
def test_command(files: Sequence[Path], as_json: bool) -> None:
    """Run the test cases of policy files.

    \b
    A case in the file:
      tests:
        - name: Wuhan sees no deregistered operator
          standard: operator.registration
          peer: wuhan
          purpose: verification
          body: {status: OPERATOR_STATUS_DEREGISTERED}
          expect: withheld          # or [public, regulator]; [] is the header alone
    \b
    Example:
      gongzhi policy test policies/changsha.yaml
    """  # noqa: D301
    rows = [row for file in files for row in _test_rows(file, _parse(file))]
    if as_json:
        print_json(rows)
    else:
        _print_tests(rows)
    if not all(row["passed"] for row in rows):
        raise SystemExit(1)


def _test_rows(file: Path, checked: Policy) -> list[dict[str, Any]]:
    return [_test_row(file, checked, result) for result in run_tests(checked)]


def _test_row(file: Path, checked: Policy, result: TestResult) -> dict[str, Any]:
    test = result.test
    key = (test.header.standard, test.header.version)
    return {
        "file": str(file),
        "line": test.line,
        "name": test.name,
        "peer": test.peer,
        "purpose": test.purpose,
        "expect": facet_labels(checked, key, test.expect),
        "got": facet_labels(checked, key, result.got),
        "passed": result.is_passed,
    }


def _print_tests(rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        place = f"{row['file']}:{row['line']}"
        if row["passed"]:
            say("passed  {place}  {name}", place=place, name=row["name"])
        else:
            say(
                "FAILED  {place}  {name}: {peer} sees {got}, expected {expect}",
                place=place,
                name=row["name"],
                peer=row["peer"],
                got=row["got"],
                expect=row["expect"],
            )
    say("{passed} of {count} cases passed", passed=sum(row["passed"] for row in rows), count=len(rows))


@policy.command("matrix")
@_FILE
@click.option("--peer", "peers", multiple=True, metavar="CITY", help="Add a column for this city; repeatable.")
@_JSON
def matrix_command(file: Path, peers: Sequence[str], as_json: bool) -> None:
    """Print who sees which facet for which purpose.

    The column "all" stands for every member that the rules do not name.

    \b
    Example:
      gongzhi policy matrix policies/changsha.yaml --peer hefei
    """  # noqa: D301
    rows = matrix(_parse(file), peers)
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        _print_matrix(rows)


def _print_matrix(rows: Sequence[MatrixRow]) -> None:
    notes: dict[str, int] = {}
    for purpose in dict.fromkeys(row.purpose for row in rows):
        of_purpose = [row for row in rows if row.purpose == purpose]
        table = CellTable(_("standard"), _("facet"), *dict.fromkeys(row.peer for row in of_purpose))
        lines: dict[tuple[str, str], list[str]] = {}
        for row in of_purpose:
            lines.setdefault((f"{row.standard} v{row.version}", row.facet), []).append(_cell(row, notes))
        for names, cells in lines.items():
            table.add_row(*names, *cells)
        say("Purpose: {purpose}", purpose=purpose)
        print_table(table)
    for note, number in notes.items():
        echo(f"[{number}] {note}")


def _cell(row: MatrixRow, notes: dict[str, int]) -> str:
    conditions = [render(_("if {condition}", condition=text)) for text in row.when]
    conditions += [render(_("unless {condition}", condition=text)) for text in row.unless]
    marks = "".join(f" \\[{notes.setdefault(text, len(notes) + 1)}]" for text in conditions)
    return render(_ANSWERS[row.answer]) + marks


@policy.command("explain")
@_FILE
@click.option("--peer", required=True, metavar="CITY", help="City that asks.")
@click.option("--purpose", required=True, help="Purpose of the request, e.g. verification.")
@click.option("--record", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="JSON",
              help="A proof written by `gongzhi prove` (its disclosed facets are the body), or a body.")  # fmt: skip
@click.option(
    "--standard",
    "name",
    default="operator.registration",
    show_default=True,
    help="Standard of the record, unless a proof states it.",
)
@click.option("--set", "fields", multiple=True, metavar="FIELD=VALUE",
              help="A field of the body, or header.FIELD; repeatable.")  # fmt: skip
@_JSON
def explain_command(
    file: Path, peer: str, purpose: str, record: Path | None, name: str, fields: Sequence[str], as_json: bool
) -> None:
    """Explain what a city sees of a record, and why.

    \b
    Examples:
      gongzhi policy explain policies/changsha.yaml --peer taiyuan --purpose verification --set status=4
      gongzhi policy explain policies/changsha.yaml --peer wuhan --purpose verification --record proof.json
      gongzhi policy explain policies/hefei.yaml --peer wuhan --purpose verification --set header.retracts=hefei-17
    """  # noqa: D301
    checked = _parse(file)
    try:
        header, body = _record(record, name, fields)
    except (ParseError, NodeError, ValueError) as error:
        text = _("the record does not parse: {error}", error=error)
        raise NodeError(Reason.INVALID_ARGUMENT, text) from None
    explained = checked.explain(peer, purpose, header, body)
    seen = facet_labels(checked, (header.standard, header.version), explained.facets)
    if as_json:
        print_json(_explanation_row(explained, seen))
    else:
        _print_explanation(explained, seen)


def _explanation_row(explained: Explanation, seen: str) -> dict[str, Any]:
    return asdict(explained) | {"facets": None if explained.facets is None else sorted(explained.facets), "sees": seen}


_EFFECTS = {"share": _("share"), "withhold": _("withhold")}


def _print_explanation(explained: Explanation, seen: str) -> None:
    table = CellTable(_("line"), _("rule"), _("effect"), _("matches"), _("why"))
    for rule in explained.rules:
        matches = _("yes") if rule.matched else _("no")
        effect = _EFFECTS[rule.effect]
        table.add_row(str(rule.line), escape(rule.rule), effect, matches, escape(render(rule.outcome)))
    print_table(table)
    say(
        "{peer} sees for {purpose}: {seen} ({reason})",
        peer=explained.peer,
        purpose=explained.purpose,
        seen=seen,
        reason=explained.reason,
    )


def _record(file: Path | None, name: str, fields: Sequence[str]) -> tuple[Header, Message]:
    """The header and body that a proof, a JSON body and `--set` make together; the last word counts."""
    text = file.read_text("utf-8") if file else "{}"
    given = json.loads(text)
    if not isinstance(given, dict):
        raise ValueError(_("not a JSON object"))
    proof = parse_proof(text) if "view" in given else None
    proven = record_of(proof.view, proof.leaf_index) if proof else None
    header = proven.header if proven else _header(name)
    standard = get(header.standard, header.version)
    body = read_body(proven) if proven else ParseDict(given, standard.message_type())
    for field in fields:
        path, _sign, value = field.partition("=")
        target = header if path.startswith("header.") else body
        _set(target, path.removeprefix("header.").split("."), _json_or_text(value))
    return header, body


def _header(standard: str) -> Header:
    return Header(standard=standard, version=get(standard).version, audience=[EVERYONE])


def _set(message: Message, path: Sequence[str], value: Any) -> None:
    if len(path) == 1:
        message.ClearField(path[0])  # ParseDict would add to a list that is already there.
    for name in reversed(path):
        value = {name: value}
    ParseDict(value, message)


def _json_or_text(value: str) -> Any:
    """Lists, messages and truth values as JSON; of a plain text protobuf makes what its field needs."""
    return json.loads(value) if value[:1] in ("[", "{") or value in ("true", "false") else value


def _parse(file: Path) -> Policy:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(
            Reason.INVALID_POLICY, str(file), _("cannot be read as UTF-8 text: {error}", error=error)
        ) from None
    return parse_policy(text, str(file), standards())
