"""What the commands that ask the node share: the channel, why one asks, how a record looks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.text import Text

from node.cli.shared.caller import Caller
from node.cli.shared.dates import time_text
from node.cli.shared.fields import lines
from node.cli.shared.tables import CellTable, print_table
from node.core.log.body import read_body
from node.core.log.proof import format_proof
from node.core.log.record import Record, parse_record_id
from node.core.log.run import record_of
from node.core.standards import standard as standards
from node.errors import NodeError
from node.localized_click import say
from node.messages import _
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.query.v1.query_pb2_grpc import QueryServiceStub
from node.whole_file import write_file

TIMEOUT_S = 60
_Command = TypeVar("_Command", bound=Callable[..., Any])


def reason_options(command: _Command) -> _Command:
    """Why one asks; recorded with every question, and with who asked."""
    basis = "Legal basis of the request (or GONGZHI_LEGAL_BASIS) [default: that of sync in node.yaml]."
    purpose = "Purpose of the request (or GONGZHI_PURPOSE) [default: that of sync in node.yaml]."
    command = click.option("--legal-basis", envvar="GONGZHI_LEGAL_BASIS", help=basis)(command)
    return click.option("--purpose", envvar="GONGZHI_PURPOSE", help=purpose)(command)


@contextmanager
def query_service(caller: Caller) -> Iterator[QueryServiceStub]:
    """The node's query service, asked as somebody.

    Raises:
        NodeError: What the node answered, or UNAVAILABLE.
    """
    with caller.connect() as node:
        yield node.query


def plain_record(record: query.Record) -> dict[str, Any]:
    """A record for programs: what of it is withheld, its header, and the fields that this node may see."""
    shown = _opened(record)
    if shown is None:
        return {"id": record.id, "city": record.city, "is_withheld": True}
    header = shown.header
    return {
        "id": record.id,
        "city": record.city,
        "former_member": record.former_member,
        "is_withheld": False,
        "withheld_facets": sorted(set(range(1, header.facets + 1)) - shown.disclosed),
        "header": MessageToDict(header, preserving_proto_field_name=True),
        "body": MessageToDict(body, preserving_proto_field_name=True) if (body := _body(shown)) else {},
    }


def city_text(city: str, *, former: bool) -> str:
    """A city, with a word where it is no member any more."""
    return _("{city} (former member)", city=city) if former else city


def _opened(record: query.Record) -> Record | None:
    """What of a record is in an answer; None where it is withheld."""
    opened = record_of(record.view, parse_record_id(record.id)[1])
    return opened if opened.is_open else None


def _body(record: Record) -> Message | None:
    """What is disclosed of a record; None of a standard that this program does not know yet."""
    try:
        return read_body(record)
    except NodeError:
        return None


def print_record(record: query.Record) -> None:
    """Prints one record, field by field with its Chinese label."""
    plain = plain_record(record)
    say("{record}  {city}", record=record.id, city=city_text(record.city, former=record.former_member))
    shown = _opened(record)
    if shown is None:
        say("withheld by its city, or retracted")
        return
    header = shown.header
    table = CellTable(_("field"), "", _("value"))
    table.add_row(_("as of"), "", Text(time_text(header.as_of_ms)))
    table.add_row(_("source"), "", Text(header.source))
    if (body := _body(shown)) is not None:
        for path, name, text in lines(standards.get(header.standard, header.version), body):
            table.add_row(path, name, Text(text))
    print_table(table)
    if plain["withheld_facets"]:
        say("withheld facets: {numbers}", numbers=plain["withheld_facets"])


def print_records(records: list[query.Record]) -> None:
    """Prints records, a line each."""
    table = CellTable(_("record"), _("standard"), _("subject"), _("name"), _("as of"), _("open facets"))
    for record in records:
        table.add_texts(*_line(record))
    print_table(table)


def _line(record: query.Record) -> tuple[str, ...]:
    shown = _opened(record)
    if shown is None:
        return record.id, "", "", _("withheld or retracted"), "", ""
    header = shown.header
    facets = " ".join(str(number) if number in shown.disclosed else "-" for number in range(1, header.facets + 1))
    name = str(getattr(_body(shown), "name", ""))
    what = _("retracts {record}", record=header.retracts) if header.retracts else name
    if record.former_member:
        what = _("{what} (former member)", what=what)
    return record.id, header.standard, " ".join(header.subjects), what, time_text(header.as_of_ms), facets


def save_proof(proof: query.Proof, path: Path) -> None:
    """Writes a proof file, its owner's alone: it holds what the record says."""
    write_file(path, format_proof(proof).encode(), mode=0o600)
