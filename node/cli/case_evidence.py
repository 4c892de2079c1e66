"""`gongzhi case evidence`: a platform reads what a matter of its own rests on."""

from pathlib import Path

import click

from node.cli.shared.attachments import download
from node.cli.shared.casework import as_option
from node.cli.shared.options import ask_passphrase
from node.cli.shared.tables import printable
from node.client import NodeClient
from node.localized_click import echo
from node.messages import _, render
from node.stubs.evidence.v1.evidence_pb2 import ReadRequest


@click.command("evidence")
@click.argument("case_id", metavar="CASE")
@click.argument("digest")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write.")
@as_option
def evidence_command(case_id: str, digest: str, out: Path, folder: Path) -> None:
    """Download, as a platform, the attachment DIGEST that an act of CASE names. The access is recorded.

    An interrupted download resumes where it stopped. Officers use gongzhi evidence get.
    """
    with NodeClient.open(folder, ask_passphrase) as node:
        read = node.platform_evidence.Read
        held = download(lambda offset: read(ReadRequest(case=case_id, sha256=digest, offset=offset)), digest, out)
    echo(printable(render(_("{name} ({size} bytes) written to {out}", name=held.name, size=held.size, out=out))))
