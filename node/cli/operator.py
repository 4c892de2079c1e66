"""`gongzhi operator`: is it who it says it is, what is known of it, who is called so."""

import sys
from pathlib import Path

import click

from node.cli.roster import plain_answer, verify_roster
from node.cli.shared.caller import Caller, caller_options
from node.cli.shared.dates import time_text
from node.cli.shared.options import json_option, print_json
from node.cli.shared.query import (
    TIMEOUT_S,
    city_text,
    plain_record,
    print_record,
    print_records,
    query_service,
    reason_options,
    save_proof,
)
from node.cli.shared.tables import CellTable, print_table
from node.core.answer import check_day, check_status
from node.core.result_words import field_texts, result_text
from node.core.standards.party_key import subject_of
from node.localized_click import echo
from node.messages import _
from node.stubs.query.v1 import query_pb2 as query

EXIT_CODES = {
    query.RESULT_MATCH: 0,
    query.RESULT_MISMATCH: 1,
    query.RESULT_NOT_FOUND: 4,
    query.RESULT_AMBIGUOUS: 5,
    query.RESULT_STALE: 6,
}


@click.group()
def operator() -> None:
    """Query operators: verify, show, search."""


@operator.command()
@click.argument("uscc", required=False)
@click.option("--name", default="", help="Name (名称); compared if given, like all of the following.")
@click.option("--address", default="", help="Registered address (登记住所); province and city may be omitted.")
@click.option("--legal-rep", default="", help="Legal representative (法定代表人).")
@click.option("--entity-type", default="", help="Type of entity (主体类型).")
@click.option("--status", default="", help="Registration status (登记状态): 存续, 吊销未注销, ... or its code.")
@click.option("--established", default="", help="Date of establishment (成立日期).")
@click.option(
    "--roster", type=click.Path(path_type=Path), help="Verify the operators of this file instead: CSV or workbook."
)
@click.option("--proof", type=click.Path(path_type=Path), help="Write the proof of the matching record to this file.")
@reason_options
@json_option
@caller_options()
def verify(
    uscc: str | None,
    roster: Path | None,
    proof: Path | None,
    purpose: str | None,
    legal_basis: str | None,
    as_json: bool,
    caller: Caller,
    **asked: str,
) -> None:
    """Verify that the operator USCC (or legacy registration number) is who it claims to be.

    \b
    Exit codes: 0 match        nothing that could be compared differs
                1 mismatch     a field differs
                4 not_found    no city shows this node a current record of it
                5 ambiguous    two cities hold a live record of it
                6 stale        its city has not been heard of for too long
                2 error

    A field that the record does not state, or that this node may not see, is listed as not comparable, never a
    mismatch.

    With --roster, a CSV file or workbook with a column uscc 统一社会信用代码 and any of name, address,
    legal_representative, entity_type, status, established_on is verified row by row and answered as CSV (--json: one
    JSON object a line). Other usual titles are known too; columns not read are printed. The exit code is 0 if all
    match, else 1.
    """  # noqa: D301
    if (uscc is None) == (roster is None):
        raise click.UsageError(_("give USCC, or --roster FILE"))
    reason = caller.reason(purpose, legal_basis)
    if roster is not None:
        sys.exit(verify_roster(caller, reason, roster, as_json=as_json))
    check_status(asked["status"])
    check_day(asked["established"])
    question = query.Question(
        uscc=uscc or "",
        name=asked["name"],
        address=asked["address"],
        legal_representative=asked["legal_rep"],
        entity_type=asked["entity_type"],
        status=asked["status"],
        established_on=asked["established"],
    )
    request = query.VerifyRequest(reason=reason, question=question, with_proof=proof is not None)
    with query_service(caller) as service:
        response = service.Verify(request, timeout=TIMEOUT_S)
    _print_answer(response.answer, as_json=as_json)
    if proof is not None:
        _save(response, proof)
    sys.exit(EXIT_CODES[response.answer.result])


def _print_answer(answer: query.Answer, *, as_json: bool) -> None:
    plain = plain_answer(answer)
    if as_json:
        print_json(plain)
        return
    table = CellTable(
        _("result"), _("differs"), _("not comparable"), _("city"), _("record"), _("as of"), _("confirmed at")
    )
    table.add_row(
        result_text(plain["result"]),
        field_texts(answer.mismatches),
        field_texts(answer.unseen),
        city_text(answer.city, former=answer.former_member) or " ".join(answer.cities),
        answer.record_id,
        time_text(answer.as_of_ms),
        time_text(answer.confirmed_at_ms),
    )
    print_table(table)


def _save(response: query.VerifyResponse, path: Path) -> None:
    if response.HasField("proof"):
        save_proof(response.proof, path)
        echo(_("proof written to {path}", path=path), err=True)
    else:
        echo(_("no proof: no record matched, or the log of its city is still being pulled"), err=True)


@operator.command()
@click.argument("subject")
@click.option(
    "--after", default=0, type=click.IntRange(0), help="Continue after this position, as the previous page printed it."
)
@reason_options
@json_option
@caller_options()
def show(subject: str, after: int, purpose: str | None, legal_basis: str | None, as_json: bool, caller: Caller) -> None:
    """Show the current records of SUBJECT, a hundred at a time: a USCC, a legacy number, or <kind>:<value>.

    Exit code 4 if there is none.
    """
    key = subject if ":" in subject else subject_of(subject)
    request = query.ShowRequest(reason=caller.reason(purpose, legal_basis), subject=key, after=after)
    with query_service(caller) as service:
        page = service.Show(request, timeout=TIMEOUT_S)
    records = list(page.records)
    if as_json:
        print_json([plain_record(each) for each in records])
    else:
        for each in records:
            print_record(each)
    if page.next:
        echo(_("there are more: continue with --after {next}", next=page.next), err=True)
    elif not records:
        echo(_("no records of {key}", key=key), err=True)
        sys.exit(EXIT_CODES[query.RESULT_NOT_FOUND])


@operator.command()
@click.argument("text")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200), help="Largest number of records.")
@reason_options
@json_option
@caller_options()
def search(text: str, limit: int, purpose: str | None, legal_basis: str | None, as_json: bool, caller: Caller) -> None:
    """Find operators whose name contains TEXT, at least one character.

    Exit code 4 if there is none.
    """
    request = query.SearchRequest(reason=caller.reason(purpose, legal_basis), text=text, limit=limit)
    with query_service(caller) as service:
        response = service.Search(request, timeout=TIMEOUT_S)
    if as_json:
        plain = {"records": [plain_record(each) for each in response.records], "more": response.more}
        print_json(plain)
    else:
        print_records(list(response.records))
        if response.more:
            echo(_("more than {limit}: give more of the name, or raise --limit", limit=limit), err=True)
    if not response.records:
        sys.exit(EXIT_CODES[query.RESULT_NOT_FOUND])
