"""`gongzhi retract`: takes an own record back."""

import json
from pathlib import Path

import click

from node.cli.options import ask_passphrase, json_option, node_option
from node.config import load_config
from node.core.checkpoint import parse_checkpoint
from node.intake.v1 import intake_pb2, intake_pb2_grpc
from node.rpc.client import officer_channel


@click.command()
@click.argument("record")
@click.option("--purpose", required=True, help="Why it is taken back, e.g. correction.")
@click.option("--legal-basis", required=True, help="The article that asks for it.")
@click.confirmation_option(prompt="Every peer destroys what it holds of this record. Go on?")
@json_option
@node_option
def retract(record: str, purpose: str, legal_basis: str, as_json: bool, node_dir: Path) -> None:
    """Take the own record RECORD (<city>-<number>) back.

    A retraction is a record of its own: at their next pull the peers destroy the values and salts they hold of RECORD;
    its hash stays in every tree. The row it stood for may be sent again as a new record.

    What a case made is taken back by an act of its workflow; here only on the way out of a fork.
    """
    request = intake_pb2.RetractRequest(id=record, purpose=purpose, legal_basis=legal_basis)
    with officer_channel(load_config(node_dir), "intake", ask_passphrase) as channel:
        answer = intake_pb2_grpc.IntakeServiceStub(channel).Retract(request, timeout=30)
    size = parse_checkpoint(answer.checkpoint).size
    if as_json:
        click.echo(json.dumps({"record": record, "retraction": answer.id, "tree_size": size}))
    else:
        click.echo(f"{record} is taken back by {answer.id}, under a checkpoint of {size} records.")
