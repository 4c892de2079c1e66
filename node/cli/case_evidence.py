"""`gongzhi case evidence`: a platform reads what a matter of its own rests on."""

from pathlib import Path

import click
import grpc

from node.cli.shared.attachments import download
from node.cli.shared.casework import as_option
from node.cli.shared.options import ask_passphrase
from node.cli.shared.tables import printable
from node.rpc.client import folder_channel
from node.rpc.status import error_from_rpc
from node.stubs.evidence.v1.evidence_pb2 import ReadRequest
from node.stubs.evidence.v1.evidence_pb2_grpc import PlatformEvidenceServiceStub


@click.command("evidence")
@click.argument("case_id", metavar="CASE")
@click.argument("digest")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write.")
@as_option
def evidence_command(case_id: str, digest: str, out: Path, folder: Path) -> None:
    """As a platform, write the attachment DIGEST to a file that an act of CASE names; its reading is recorded.

    What broke off goes on where it stopped. An officer reads with gongzhi evidence get.
    """
    with folder_channel(folder, "intake", ask_passphrase) as channel:
        service = PlatformEvidenceServiceStub(channel)
        try:
            held = download(
                lambda offset: service.Read(ReadRequest(case=case_id, sha256=digest, offset=offset)), digest, out
            )
        except grpc.RpcError as error:
            raise error_from_rpc(error) from None
    click.echo(printable(f"{held.name} ({held.size} bytes) in {out}"))
