"""What the commands about evidence share: the channel, a progress bar, fetching from a peer, a file to write."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from node.cli.shared.caller import Caller
from node.core.log.attachment import check_digest
from node.folder.attachment_file import Part
from node.messages import _, render
from node.stubs.evidence.v1 import evidence_pb2 as messages
from node.stubs.evidence.v1.evidence_pb2_grpc import EvidenceServiceStub
from node.stubs.query.v1 import query_pb2 as query


@contextmanager
def evidence_service(caller: Caller) -> Iterator[EvidenceServiceStub]:
    """The node's evidence service, asked as somebody.

    Raises:
        NodeError: What the node answered, or UNAVAILABLE.
    """
    with caller.connect() as node:
        yield node.evidence


@contextmanager
def progress_bar(what: str, size: int | None = None) -> Iterator[Callable[..., None]]:
    """Shows (done bytes, total bytes) on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(what, total=size)
        yield lambda done, total=size: progress.update(task, completed=done, total=total)


def obtain(service: EvidenceServiceStub, reason: query.Reason, record: str, digest: str) -> None:
    """Fetches an attachment from the city of the record that names it, unless it is held."""
    request = messages.ObtainRequest(reason=reason, record=record, sha256=digest)
    with progress_bar(render(_("{digest} from {record}", digest=digest[:12], record=record))) as report:
        for answer in service.Obtain(request):
            report(answer.held, answer.size)


def download(
    read: Callable[[int], Iterator[messages.GetResponse | messages.ReadResponse]], digest: str, out: Path
) -> messages.Attachment:
    """Writes an attachment to a file, which gets its name when every byte was checked.

    Args:
        read: The attachment, then its bytes from an offset on.
        digest: Of the attachment.
        out: The file.
    """
    check_digest(digest)
    if not out.parent.is_dir():
        raise click.UsageError(_("no folder {folder}", folder=out.parent))
    path = out.with_name(f".{digest}.part")
    answers = read(path.stat().st_size if path.exists() else 0)
    held = next(iter(answers)).attachment
    part = Part(path, digest, held.size)
    try:
        with progress_bar(held.name, held.size) as report:
            for answer in answers:
                part.write(answer.chunk.offset, answer.chunk.data)
                report(part.held)
        part.settle()
        part.name(out)
    finally:
        part.close()
    return held
