"""`gongzhi case`: work on a case: open, draft, approve, act, show."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from node.cli.case_evidence import evidence_command
from node.cli.shared.case_show import plain_case, print_case, print_summaries
from node.cli.shared.casework import (
    TIMEOUT_S,
    as_option,
    body_options,
    case_service,
    limit_option,
    make_body,
    plain,
    plain_body,
    tell_rest,
)
from node.cli.shared.options import json_option, print_json
from node.core.reason_texts import texts
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.declared import workflow as find_workflow
from node.core.workflow.model import START
from node.errors import NodeError, Reason
from node.localized_click import echo, say
from node.messages import _, both
from node.stubs.casework.v1 import casework_pb2 as pb
from node.stubs.casework.v1.casework_pb2_grpc import CaseServiceStub

_also_to = click.option(
    "--also-to",
    multiple=True,
    metavar="CITY",
    help="City that may see the case besides its parties (all: every member); repeatable.",
)


@click.group()
def case() -> None:
    """Work on cases: referrals, complaints, measures, lists, alerts.

    \b
    Which acts are there?    gongzhi workflow show referral
    Open a case              gongzhi case open referral draft --file docs/examples/referral.yaml --as ./zhang
    A decision (four eyes)   gongzhi case draft hefei-12 accept --as ./zhang
                             gongzhi case approve 3 --as ./li
    Any other act            gongzhi case act hefei-12 receive --as ./zhang
    Where does it stand?     gongzhi case show hefei-12 --as ./zhang

    An act that is not allowed is refused with every rule that it breaks. Exit code 2 if the node refuses.
    """  # noqa: D301


@case.command("open")
@click.argument("workflow", type=click.Choice(list(WORKFLOWS)))
@click.argument("act", required=False)
@body_options
@_also_to
@as_option
@json_option
def open_command(
    workflow: str, act: str | None, also_to: tuple[str, ...], folder: Path, as_json: bool, **options: Any
) -> None:
    """Open a case of WORKFLOW by ACT [default: the first act that opens one].

    An opening act that binds somebody is drafted and approved: gongzhi case draft WORKFLOW ACT.
    """
    opening = act or next(each.name for each in find_workflow(workflow).acts if START in each.sources)
    submission = pb.Submission(workflow=workflow, body=make_body(workflow, opening, options), also_to=also_to)
    with case_service(folder) as service:
        _print_recorded(service.Open(pb.OpenRequest(submission=submission), timeout=TIMEOUT_S).recorded, as_json)


@case.command("act")
@click.argument("case_id", metavar="CASE")
@click.argument("act")
@body_options
@_also_to
@as_option
@json_option
def act_command(case_id: str, act: str, also_to: tuple[str, ...], folder: Path, as_json: bool, **options: Any) -> None:
    """Record ACT in CASE. An act that binds somebody needs an approver: gongzhi case draft."""
    with case_service(folder) as service:
        submission = _submission(service, case_id, act, also_to, options)
        _print_recorded(service.Act(pb.ActRequest(submission=submission), timeout=TIMEOUT_S).recorded, as_json)


@case.command("draft")
@click.argument("target", metavar="CASE|WORKFLOW")
@click.argument("act")
@body_options
@_also_to
@as_option
@json_option
def draft_command(target: str, act: str, also_to: tuple[str, ...], folder: Path, as_json: bool, **options: Any) -> None:
    """Draft ACT in CASE, or to open a case of WORKFLOW. It is recorded when another officer approves it."""
    with case_service(folder) as service:
        submission = _submission(service, target, act, also_to, options)
        draft = service.Prepare(pb.PrepareRequest(submission=submission), timeout=TIMEOUT_S).draft
    _print_draft(draft, as_json)


@case.command("approve")
@click.argument("draft", type=int)
@as_option
@json_option
def approve_command(draft: int, folder: Path, as_json: bool) -> None:
    """Approve DRAFT of another officer and record the act. Read it first: gongzhi case show --draft."""
    with case_service(folder) as service:
        _print_recorded(service.Approve(pb.ApproveRequest(draft=draft), timeout=TIMEOUT_S).recorded, as_json)


@case.command("take-up")
@click.argument("draft", type=int)
@body_options
@as_option
@json_option
def take_up_command(draft: int, folder: Path, as_json: bool, **options: Any) -> None:
    """Take over DRAFT, which the software prepared from an act, with your additions and changes.

    An act that needs no approver is recorded at once; any other waits for one, as after gongzhi case draft.
    """
    with case_service(folder) as service:
        prepared = service.ShowDraft(pb.ShowDraftRequest(draft=draft), timeout=TIMEOUT_S).draft
        body = make_body(prepared.workflow, prepared.act, options)
        taken = service.TakeUp(pb.TakeUpRequest(draft=draft, body=body), timeout=TIMEOUT_S)
    if taken.HasField("recorded"):
        _print_recorded(taken.recorded, as_json)
    else:
        _print_draft(taken.draft, as_json)


@case.command("discard")
@click.argument("draft", type=int)
@as_option
def discard_command(draft: int, folder: Path) -> None:
    """Discard DRAFT; its maker and approvers may."""
    with case_service(folder) as service:
        service.Discard(pb.DiscardRequest(draft=draft), timeout=TIMEOUT_S)
    say("draft {draft} discarded", draft=draft)


@case.command("list")
@click.option("--workflow", type=click.Choice(list(WORKFLOWS)), help="Only cases of this workflow.")
@click.option(
    "--about", default="", metavar="TEXT", help="Only cases about this party (its code), or with TEXT in the title."
)
@click.option("--mine", is_flag=True, help="Only cases in which you made or approved an act.")
@click.option("--all", "closed", is_flag=True, help="Include closed cases.")
@limit_option
@as_option
@json_option
def list_command(
    workflow: str | None, about: str, mine: bool, closed: bool, limit: int, folder: Path, as_json: bool
) -> None:
    """List the open cases of this node.

    Have we anything on this party? gongzhi case list --about 914301000000000000 --all --as ./zhang
    """
    with case_service(folder) as service:
        request = pb.ListRequest(workflow=workflow or "", about=about, mine=mine, closed=closed, limit=limit)
        response = service.List(request, timeout=TIMEOUT_S)
    tell_rest(len(response.cases), response.total)
    if as_json:
        print_json([plain(each) for each in response.cases])
    else:
        print_summaries(list(response.cases))


@case.command("show")
@click.argument("case_id", metavar="[CASE]", required=False)
@click.option("--draft", type=int, help="Show this draft instead of a case.")
@as_option
@json_option
def show_command(case_id: str | None, draft: int | None, folder: Path, as_json: bool) -> None:
    """Show CASE: its subject, acts, deadlines, receipts, and the acts that may come next.

    The cities whose acts are shown get a signed receipt that an officer has opened them.
    """
    if (case_id is None) == (draft is None):
        raise click.UsageError(_("give CASE, or --draft NUMBER"))
    with case_service(folder) as service:
        if draft is not None:
            shown_draft = service.ShowDraft(pb.ShowDraftRequest(draft=draft), timeout=TIMEOUT_S).draft
            print_json(_plain_draft(shown_draft))
            return
        shown = service.Show(pb.ShowRequest(case=case_id or ""), timeout=TIMEOUT_S).case
    if as_json:
        print_json(plain_case(shown))
    else:
        print_case(shown)


def _submission(
    service: CaseServiceStub, target: str, act: str, also_to: tuple[str, ...], options: dict[str, Any]
) -> pb.Submission:
    if target in WORKFLOWS:
        return pb.Submission(workflow=target, body=make_body(target, act, options), also_to=also_to)
    name = _workflow_of(service, target)
    return pb.Submission(workflow=name, case=target, body=make_body(name, act, options), also_to=also_to)


def _workflow_of(service: CaseServiceStub, case_id: str) -> str:
    listed = service.List(pb.ListRequest(closed=True, case=case_id), timeout=TIMEOUT_S).cases
    workflow = next((each.workflow for each in listed), None)
    if workflow is None:
        raise NodeError(Reason.NOT_FOUND, _("no case {case_id} at this node", case_id=case_id))
    return str(workflow)


def _print_recorded(recorded: pb.Recorded, as_json: bool) -> None:
    if as_json:
        print_json(plain(recorded))
        return
    seen = list(recorded.audience) or _("this city only")
    say(
        "{id}: case {case} is now {state}; visible to {seen}",
        id=recorded.id,
        case=recorded.case,
        state=recorded.state,
        seen=seen,
    )
    for product in recorded.makes:
        draft = _(": draft {draft}, gongzhi case take-up {draft}", draft=product.draft) if product.draft else ""
        say("  leads to: {kind} of {standard}{draft}", kind=product.kind, standard=product.standard, draft=draft)
    _print_warnings(recorded.warnings)


def _print_draft(draft: pb.Draft, as_json: bool) -> None:
    if as_json:
        print_json(_plain_draft(draft))
    else:
        say(
            "draft {number}: {act} needs an approver: gongzhi case approve {number}", number=draft.number, act=draft.act
        )
        _print_warnings(draft.warnings)


def _print_warnings(warnings: Iterable[pb.Warning]) -> None:
    """What the officer should look at before the act is final."""
    for each in warnings:
        text = texts().every.get(each.reason)
        meaning = (
            both(f"{each.reason}: {each.message}", f"{each.reason}：{text.zh}{text.zh_do}") if text else each.message
        )
        echo(_("warning: {field}: {meaning}", field=each.field, meaning=meaning), err=True)


def _plain_draft(draft: pb.Draft) -> dict[str, Any]:
    return plain(draft) | {"body": plain_body(draft.workflow, draft.body)}


case.add_command(evidence_command)
