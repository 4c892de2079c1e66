"""`gongzhi retract`: takes an own record, or a whole load, back."""

import json

import click

from node.cli.load import TIMEOUT_S, plain_load
from node.cli.shared.caller import Caller, caller_options
from node.cli.shared.options import json_option, print_json
from node.core.log.checkpoint import parse_checkpoint
from node.localized_click import echo, say
from node.messages import _, render
from node.stubs.intake.v1 import intake_pb2 as intake

# A load of a million rows takes minutes.
_LOAD_TIMEOUT_S = 3600


@click.command()
@click.argument("record", required=False)
@click.option("--load", type=click.IntRange(1), help="Retract all records of this load (gongzhi load list).")
@click.option("--approve", is_flag=True, help="With --load: approve the request of another officer.")
@click.option("--purpose", default="", help="Purpose of the retraction, e.g. correction.")
@click.option("--legal-basis", default="", help="Legal basis of the retraction, with its article.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@caller_options()
def retract(
    record: str | None,
    load: int | None,
    approve: bool,
    purpose: str,
    legal_basis: str,
    yes: bool,
    as_json: bool,
    caller: Caller,
) -> None:
    """Retract RECORD (<city>-<number>) of this city, or a whole file with --load.

    \b
    gongzhi retract changsha-17 --purpose correction --legal-basis "..."
    gongzhi retract --load 7 --purpose correction --legal-basis "..." --as ./zhang
    gongzhi retract --load 7 --approve --as ./li

    A retraction is a record itself: at their next pull the peers destroy the values and salts that they hold of
    RECORD; its hash stays in every tree. The retracted row may be loaded again as a new record.

    Retracting a load takes two officers with accounts: one asks, another with the role approver approves. Records
    of a case are retracted by acts of its workflow, never here.
    """  # noqa: D301
    if (record is None) == (load is None):
        raise click.UsageError(_("give RECORD, or --load NUMBER"))
    if approve and load is None:
        raise click.UsageError(_("--approve goes with --load"))
    if not approve and not (purpose and legal_basis):
        raise click.UsageError(_("give the reason: --purpose and --legal-basis"))
    if not yes:
        what = record or _("load {number}", number=load)
        click.confirm(render(_("Every peer will destroy what it holds of {what}. Continue?", what=what)), abort=True)
    if load is not None:
        _retract_load(
            intake.RetractLoadRequest(load=load, purpose=purpose, legal_basis=legal_basis, approve=approve),
            caller,
            as_json=as_json,
        )
        return
    request = intake.RetractRequest(id=record or "", purpose=purpose, legal_basis=legal_basis)
    with caller.connect() as node:
        answer = node.intake.Retract(request, timeout=TIMEOUT_S)
    size = parse_checkpoint(answer.checkpoint).size
    if as_json:
        echo(json.dumps({"record": record, "retraction": answer.id, "tree_size": size}))
    else:
        say("{record} retracted by {id}, under a checkpoint of {size} records", record=record, id=answer.id, size=size)


def _retract_load(request: intake.RetractLoadRequest, caller: Caller, *, as_json: bool) -> None:
    with caller.connect() as node:
        load = node.intake.RetractLoad(request, timeout=_LOAD_TIMEOUT_S).load
    if as_json:
        print_json(plain_load(load))
    elif request.approve:
        say(
            "load {number}: {retracted} of {records} records retracted",
            retracted=load.retracted,
            records=load.records,
            number=load.number,
        )
        say("Now load the correct file: rows that had replaced earlier ones are gone, with all their versions.")
    else:
        say(
            "load {number} ({file}, {records} records) needs an approver",
            number=load.number,
            file=load.file,
            records=load.records,
        )
        say("Another officer runs: gongzhi retract --load {number} --approve --as FOLDER", number=load.number)
