"""What the commands about cases share: who acts, the body of an act, how a refusal and a deadline are printed."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from google.protobuf import message as protobuf
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

from node.cli.shared import caller
from node.cli.shared.codes import spell_out
from node.cli.shared.options import ask_passphrase
from node.client import NodeClient, RefusedAct
from node.core.document import parse_document
from node.core.law.deadlines import STATES, State
from node.core.standards import standard as standards
from node.errors import NodeError, Reason
from node.folder.files import read_text
from node.localized_click import echo
from node.messages import Message, _, both
from node.stubs.casework.v1 import casework_pb2 as pb
from node.stubs.casework.v1.casework_pb2_grpc import CaseServiceStub
from node.usecases.casework.case_summary import ORIGINAL_RETRACTED
from node.usecases.casework.worklist import MOST, USUAL

TIMEOUT_S = 60
_Command = TypeVar("_Command", bound=Callable[..., Any])

as_option = caller.as_option(required=True)


limit_option = click.option(
    "--limit",
    type=click.IntRange(1, MOST),
    default=USUAL,
    show_default=True,
    help="Largest number of rows.",
)


def body_options(command: _Command) -> _Command:
    """What an act carries."""
    for option in reversed(_BODY):
        command = option(command)
    return command


_BODY = (
    click.option(
        "--file",
        "files",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Fields of the standard as YAML or JSON (docs/examples); repeatable; later files override earlier ones.",
    ),
    click.option(
        "--set", "fields", multiple=True, metavar="FIELD=VALUE", help="A field, e.g. to_city=hefei; repeatable."
    ),
    click.option("--article", help="Legal basis of the act, with its article."),
    click.option("--reasons", help="Reasons, worded so that they can be served on the party."),
    click.option("--on", "day", help="Day of the fact that the act records, YYYY-MM-DD [default: today]."),
    click.option("--extends-by", type=int, help="Length of an extension, if the law states none."),
    click.option("--number", help="Number of the document that the act is."),
    click.option("--document", "documents", multiple=True, metavar="TITLE=NUMBER", help="A document; repeatable."),
    click.option(
        "--officer",
        "officers",
        multiple=True,
        metavar="NAME=NUMBER",
        help="Officer on the spot, with the enforcement certificate number (执法证号); repeatable.",
    ),
)


@contextmanager
def case_service(folder: Path) -> Iterator[CaseServiceStub]:
    """The node's case service, called as the officer or platform whose identity `folder` holds.

    Raises:
        NodeError: What the node answered; of an act that is not allowed every rule it breaks is printed first.
    """
    try:
        with NodeClient.open(folder, ask_passphrase) as node:
            yield node.cases
    except RefusedAct as refused:
        for rule in refused.rules:
            echo(rule_text(rule), err=True)
        text = _("the act breaks the rules above: {count}", count=len(refused.rules))
        raise NodeError(refused.reason, text) from None


def make_body(workflow: str, act: str, options: dict[str, Any]) -> bytes:
    """The standard's message that an act is, from the options of the command.

    Raises:
        NodeError: UNKNOWN_STANDARD, INVALID_CONFIG (a file) or INVALID_FIELD.
    """
    message = standards.get(workflow).message_type()
    try:
        for file in options["files"]:
            ParseDict(spell_out(_plain_file(file), message), message)
        for field in options["fields"]:
            path, _sign, value = field.partition("=")
            _set(message, path.split("."), _json_or_text(value))
        ParseDict({"act": _act(act, options)}, message)
    except ParseError as error:
        raise NodeError(Reason.INVALID_FIELD, str(error)) from None
    return message.SerializeToString()


def rule_text(rule: pb.BrokenRule) -> Message:
    """A rule that an act breaks, with the law it comes from."""
    return both(f"{rule.rule}: {rule.en} ({rule.law_en})", f"{rule.rule}：{rule.zh}（{rule.law_zh}）")


def plain_body(workflow: str, body: bytes) -> dict[str, Any]:
    """A body for people and programs."""
    return MessageToDict(standards.get(workflow).parse(body), preserving_proto_field_name=True)


def plain(message: protobuf.Message) -> dict[str, Any]:
    """An answer for programs."""
    return MessageToDict(message, preserving_proto_field_name=True)


def tell_rest(shown: int, total: int) -> None:
    """Says on standard error that there is more than was shown."""
    if shown < total:
        echo(
            _(
                "{shown} of {total} shown; --limit shows more",
                shown=shown,
                total=total,
            ),
            err=True,
        )


def title_text(title: str) -> Message:
    """A case's title, with the mark of a retracted original in the language of the command."""
    return both(title.replace(ORIGINAL_RETRACTED, "original retracted"), title)


def deadline_text(deadline: pb.Clock) -> str:
    """How a deadline stands."""
    if deadline.state == "overdue":
        return _("overdue by {days} days", days=deadline.days_late)
    if deadline.state in ("running", "suspended"):
        return _("{state}, {days} days left", state=STATES[State(deadline.state)], days=deadline.days_left)
    return STATES[State(deadline.state)]


def _plain_file(path: Path) -> dict[str, Any]:
    content = parse_document(read_text(path, Reason.INVALID_CONFIG), str(path), Reason.INVALID_CONFIG).data
    if not isinstance(content, dict):
        raise NodeError(Reason.INVALID_CONFIG, _("{path}: not a mapping of fields to values", path=path))
    return dict(_as_text(content))


def _as_text(value: Any) -> Any:
    """YAML reads a day as a date and a name such as 1 as a number; the standards hold both as text."""
    if isinstance(value, dict):
        return {str(name): _as_text(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_text(inner) for inner in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _act(act: str, options: dict[str, Any]) -> dict[str, Any]:
    fields = {
        "act": act,
        "article": options["article"],
        "reasons": options["reasons"],
        "document_number": options["number"],
        "date": options["day"],
        "extends_by": options["extends_by"],
        "documents": [_pair(each, "title", "number") for each in options["documents"]],
        "officers": [_pair(each, "name", "certificate_number") for each in options["officers"]],
    }
    return {name: value for name, value in fields.items() if value}


def _pair(text: str, first: str, second: str) -> dict[str, str]:
    name, _, value = text.partition("=")
    return {first: name, second: value}


def _set(message: protobuf.Message, path: Sequence[str], value: Any) -> None:
    if len(path) == 1 and path[0] in message.DESCRIPTOR.fields_by_name:
        message.ClearField(path[0])  # ParseDict would add to a list that is already there
    for name in reversed(path):
        value = {name: value}
    ParseDict(spell_out(value, message), message)


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value) if value[:1] in ("[", "{") or value in ("true", "false") else value
    except ValueError:
        raise NodeError(Reason.INVALID_FIELD, _("{value!r} is not JSON", value=value[:80])) from None
