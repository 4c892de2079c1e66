"""`gongzhi screen confirm`: an officer takes a candidate for a hit, and the listing city is told."""

import json

import click

from node.cli.shared.caller import Caller, caller_options
from node.cli.shared.options import json_option
from node.cli.shared.query import TIMEOUT_S, reason_options
from node.cli.shared.screen_roster import screening_service
from node.core.law.calendar import legal_day
from node.core.screening import hit_of, person_hmac
from node.errors import NodeError, Reason
from node.localized_click import echo, say
from node.messages import _, render
from node.stubs.casework.v1 import casework_pb2 as casework
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.screening.v1.screening_pb2 import Entry, Hit, ScreenRequest
from node.stubs.standard.v1.act_pb2 import Act
from node.stubs.standard.v1.listing_pb2 import ListingHit

_WORKFLOW = "listing.hit"


@click.command()
@click.argument("record")
@click.option(
    "--uscc", default="", help="USCC (统一社会信用代码) or registration number (注册号) of the entry that hit."
)
@click.option("--licence-number", default="", help="Licence number (许可证编号).")
@click.option("--id-number", is_flag=True, help="Prompt for the ID number (证件号码): not shown, sent nowhere.")
@click.option("--name", default="", help="Name (名称), for readers.")
@click.option("--screened-by", default="", help="Authority or platform that screened [default: this city].")
@click.option("--screened-at", required=True, help="Occasion of the screening (筛查场景), e.g. a platform's roster.")
@reason_options
@json_option
@caller_options(required=True)
def confirm(
    record: str,
    id_number: bool,
    purpose: str | None,
    legal_basis: str | None,
    as_json: bool,
    caller: Caller,
    **options: str,
) -> None:
    """Confirm that the entry is the party of the listing RECORD, and inform the city that listed it.

    The entry is screened again: what is no longer a hit is not confirmed. Three acts of a case are recorded in your
    name: screen and confirm stay in this city, tell reaches the listing city.
    """
    id_hmac = _asked_hmac(caller) if id_number else b""
    entry = Entry(uscc=options["uscc"], licence_number=options["licence_number"], id_hmac=id_hmac)
    screened = _hit(caller, caller.reason(purpose, legal_basis), entry, record)
    screened_by, day = options["screened_by"] or caller.identity.city, legal_day(caller.clock().now_ms())
    hit = hit_of(screened, entry, options["name"], screened_by, options["screened_at"], day)
    recorded = confirm_hit(caller, hit)
    if as_json:
        echo(json.dumps({"case": recorded.case, "record": recorded.id, "audience": list(recorded.audience)}))
    else:
        say(
            "case {case}: {cities} informed by {id}",
            case=recorded.case,
            cities=list(recorded.audience) or _("nobody else"),
            id=recorded.id,
        )


def confirm_hit(caller: Caller, hit: ListingHit) -> casework.Recorded:
    """Records the acts of a confirmed hit; the last of them."""
    with caller.connect() as node:
        opened = casework.OpenRequest(submission=_submission("screen", hit))
        case = node.cases.Open(opened, timeout=TIMEOUT_S).recorded.case
        confirmed = _submission("confirm", ListingHit(confirmed_on=hit.screened_on), case)
        node.cases.Act(casework.ActRequest(submission=confirmed), timeout=TIMEOUT_S)
        return node.cases.Act(
            casework.ActRequest(submission=_submission("tell", hit, case)), timeout=TIMEOUT_S
        ).recorded


def _submission(act: str, hit: ListingHit, case: str = "") -> casework.Submission:
    body = ListingHit(act=Act(act=act))
    body.MergeFrom(hit)
    return casework.Submission(workflow=_WORKFLOW, case=case, body=body.SerializeToString())


def _hit(caller: Caller, reason: query.Reason, entry: Entry, record: str) -> Hit:
    with screening_service(caller) as service:
        (answer,) = service.Screen(iter([ScreenRequest(reason=reason, entries=[entry])]))
    matching: Hit | None = next((hit for hit in answer.screened[0].hits if hit.record_id == record), None)
    if matching is None:
        raise NodeError(Reason.NOT_FOUND, _("{record} is not a listing in force with these keys", record=record))
    return matching


def _asked_hmac(caller: Caller) -> bytes:
    return person_hmac(caller.person_key(), click.prompt(render(_("ID number")), hide_input=True, err=True))
