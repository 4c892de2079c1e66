"""`gongzhi retract`: takes an own record, or a whole load, back."""

import json

import click

from node.cli.load import TIMEOUT_S, plain_load
from node.cli.shared.caller import Caller, caller_options
from node.cli.shared.options import json_option
from node.core.log.checkpoint import parse_checkpoint
from node.stubs.intake.v1 import intake_pb2 as intake

# A load of a million rows takes minutes.
_LOAD_TIMEOUT_S = 3600


@click.command()
@click.argument("record", required=False)
@click.option("--load", type=click.IntRange(1), help="Take back every record of this load (gongzhi load list).")
@click.option("--approve", is_flag=True, help="With --load: approve what another officer asked.")
@click.option("--purpose", default="", help="Why it is taken back, e.g. correction.")
@click.option("--legal-basis", default="", help="The article that asks for it.")
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
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
    """Take the own record RECORD (<city>-<number>) back, or with --load a whole file.

    \b
    gongzhi retract changsha-17 --purpose correction --legal-basis "..."
    gongzhi retract --load 7 --purpose correction --legal-basis "..." --as ./zhang
    gongzhi retract --load 7 --approve --as ./li

    A retraction is a record of its own: at their next pull the peers destroy the values and salts they hold of RECORD;
    its hash stays in every tree. The row it stood for may be sent again as a new record.

    A load takes two officers with accounts: one asks, another of role approver approves. What a case made is taken back
    by an act of its workflow, never here.
    """  # noqa: D301
    if (record is None) == (load is None):
        raise click.UsageError("Give RECORD, or --load NUMBER.")
    if approve and load is None:
        raise click.UsageError("--approve goes with --load.")
    if not approve and not (purpose and legal_basis):
        raise click.UsageError("Say why: --purpose and --legal-basis.")
    if not yes:
        click.confirm(f"Every peer destroys what it holds of {record or f'load {load}'}. Go on?", abort=True)
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
        click.echo(json.dumps({"record": record, "retraction": answer.id, "tree_size": size}))
    else:
        click.echo(f"{record} is taken back by {answer.id}, under a checkpoint of {size} records.")


def _retract_load(request: intake.RetractLoadRequest, caller: Caller, *, as_json: bool) -> None:
    with caller.connect() as node:
        load = node.intake.RetractLoad(request, timeout=_LOAD_TIMEOUT_S).load
    if as_json:
        click.echo(json.dumps(plain_load(load), ensure_ascii=False, indent=2))
    elif request.approve:
        click.echo(f"{load.retracted} of {load.records} records of load {load.number} are taken back. 已撤回。")
        click.echo("Now hand in the right file: rows that replaced earlier ones are gone with all their versions.")
    else:
        click.echo(f"Load {load.number} ({load.file}, {load.records} records) waits for an approver. 待批准。")
        click.echo(f"Another officer: gongzhi retract --load {load.number} --approve --as FOLDER")
