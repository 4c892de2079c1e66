"""`gongzhi retract`: takes an own record back."""

import json

import click

from node.cli.identity import Identity, identity_options
from node.cli.options import json_option
from node.core.checkpoint import parse_checkpoint
from node.intake.v1 import intake_pb2, intake_pb2_grpc


@click.command()
@click.argument("record")
@click.option("--purpose", required=True, help="Why it is taken back, e.g. correction.")
@click.option("--legal-basis", required=True, help="The article that asks for it.")
@click.confirmation_option(prompt="Every peer destroys what it holds of this record. Go on?")
@json_option
@identity_options()
def retract(record: str, purpose: str, legal_basis: str, as_json: bool, identity: Identity) -> None:
    """Take the own record RECORD (<city>-<number>) back.

    A retraction is a record of its own: at their next pull the peers destroy the values and salts they hold of RECORD;
    its hash stays in every tree. The row it stood for may be sent again as a new record.

    What a case made is taken back by an act of its workflow; here only on the way out of a fork.
    """
    request = intake_pb2.RetractRequest(id=record, purpose=purpose, legal_basis=legal_basis)
    with identity.channel("intake") as channel:
        answer = intake_pb2_grpc.IntakeServiceStub(channel).Retract(request, timeout=30)
    size = parse_checkpoint(answer.checkpoint).size
    if as_json:
        click.echo(json.dumps({"record": record, "retraction": answer.id, "tree_size": size}))
    else:
        click.echo(f"{record} is taken back by {answer.id}, under a checkpoint of {size} records.")
