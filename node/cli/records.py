"""`gongzhi records`: the log of a city, record by record."""

import click

from node.cli.shared.caller import Caller, caller_options
from node.cli.shared.options import json_option, print_json
from node.cli.shared.query import (
    TIMEOUT_S,
    plain_record,
    print_record,
    print_records,
    query_service,
    reason_options,
)
from node.core.log.record import parse_record_id
from node.errors import NodeError, Reason
from node.localized_click import echo
from node.messages import _
from node.stubs.query.v1 import query_pb2 as query


@click.group()
def records() -> None:
    """List and show records of this city or of a peer."""


@records.command("list")
@click.option("--city", help="City of the log [default: this one].")
@click.option(
    "--from", "from_index", default=0, type=click.IntRange(0), help="Index of the first record.", show_default=True
)
@click.option("--limit", default=50, type=click.IntRange(1, 500), help="Largest number of records.", show_default=True)
@reason_options
@json_option
@caller_options()
def list_command(
    city: str | None,
    from_index: int,
    limit: int,
    purpose: str | None,
    legal_basis: str | None,
    as_json: bool,
    caller: Caller,
) -> None:
    """List records in the order of their city's log."""
    request = query.ListRecordsRequest(
        reason=caller.reason(purpose, legal_basis),
        city=city or caller.identity.city,
        from_index=from_index,
        limit=limit,
    )
    with query_service(caller) as service:
        page = service.ListRecords(request, timeout=TIMEOUT_S)
    if as_json:
        plain = {"records": [plain_record(each) for each in page.records], "next_index": page.next_index}
        print_json(plain)
        return
    print_records(list(page.records))
    if page.next_index:
        echo(_("there are more: continue with --from {next}", next=page.next_index), err=True)


@records.command()
@click.argument("record")
@reason_options
@json_option
@caller_options()
def show(record: str, purpose: str | None, legal_basis: str | None, as_json: bool, caller: Caller) -> None:
    """Show the record with the id RECORD, e.g. changsha-17."""
    city, index = parse_record_id(record)
    request = query.ListRecordsRequest(reason=caller.reason(purpose, legal_basis), city=city, from_index=index, limit=1)
    with query_service(caller) as service:
        records = list(service.ListRecords(request, timeout=TIMEOUT_S).records)
    if not records:
        raise NodeError(Reason.NOT_FOUND, _("no record {record}", record=record))
    if as_json:
        print_json(plain_record(records[0]))
    else:
        print_record(records[0])
