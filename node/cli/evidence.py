"""`gongzhi evidence`: attachments of records, handed in, fetched, packed and checked."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from node.cli.evidence_bundle import pack, verify
from node.cli.evidence_entry import add_entry, read_entries
from node.cli.shared.attachments import download, evidence_service, obtain, progress_bar
from node.cli.shared.caller import Caller, caller_options
from node.cli.shared.dates import time_text
from node.cli.shared.options import json_option, json_text, print_json
from node.cli.shared.query import reason_options
from node.cli.shared.tables import CellTable, print_table, printable
from node.client import upload
from node.core.law.calendar import SHANGHAI
from node.core.workflow.codes import code_name
from node.folder.attachment_file import digest_file
from node.localized_click import echo
from node.messages import _, render
from node.stubs.evidence.v1 import evidence_pb2 as messages
from node.stubs.standard.v1.evidence_pb2 import EvidenceKind

_PERSON = re.compile(r"([^:：=]+)[:：=]([^:：=\s]+)")
_KINDS = [code_name(each) for each in EvidenceKind.DESCRIPTOR.values if each.number]


@click.group()
def evidence() -> None:
    """Upload, download, pack and verify attachments; each is named by the SHA-256 of its bytes."""


@evidence.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="Time of extraction (提取时间), in Shanghai.",
)
@click.option("--place", default="", help="Place of extraction (提取地点).")
@click.option("--method", default="", help="Method of extraction (提取方法).")
@click.option("--carrier", default="", help="Storage medium (载体).")
@click.option("--maker", default="", help="Person who made the record (制作人).")
@click.option("--officer", "officers", multiple=True, help="Officer as NAME=CERTIFICATE (执法人员); at least two.")
@click.option("--document", is_flag=True, help="A document, or handed in by a party: not extracted by anybody.")
@click.option(
    "--entry",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Append what the case states about it to this file.",
)
@click.option("--kind", type=click.Choice(_KINDS), help="Kind of evidence (证据种类), for --entry.")
@click.option(
    "--title", default="", help="Title of the evidence (证据名称), for --entry [default: the name of the file]."
)
@click.option("--proves", default="", help="What it proves (证明事项), for --entry.")
@json_option
@caller_options()
def put(
    file: Path,
    document: bool,
    entry: Path | None,
    kind: str | None,
    title: str,
    proves: str,
    as_json: bool,
    caller: Caller,
    **extraction: Any,
) -> None:
    """Upload FILE. Evidence that officers extracted needs its extraction record (提取笔录), with two officers.

    \b
    The record is typed once: what the case states about the evidence is appended to a file, piece by piece.
      gongzhi evidence put live.mp4 --at 2026-05-18T08:30 ... --kind electronic_data --entry evidence.yaml
      gongzhi case draft changsha-12 send --file letter.yaml --file evidence.yaml --as ./zhang

    An interrupted upload resumes where it stopped when the command is given again.
    """  # noqa: D301
    if entry is not None:
        if document or kind is None:
            raise click.UsageError(_("--entry is for evidence that officers extracted, and needs --kind"))
        read_entries(entry)  # before a gigabyte is sent for a file that cannot be added to
    announcement = messages.Announcement(
        sha256=digest_file(file).sha256, size=file.stat().st_size, name=file.name, extraction=None
    )
    if not document:
        announcement.extraction.CopyFrom(_extraction(**extraction))
    elif any(extraction.values()):
        raise click.UsageError(_("a document has no extraction record: give either --document or the record"))
    with (
        evidence_service(caller) as service,
        progress_bar(file.name, announcement.size) as report,
        file.open("rb") as f,
    ):
        kept = upload(service, announcement, f, report)
    if entry is not None:
        add_entry(entry, kept, announcement.extraction, kind=kind or "", title=title, proves=proves)
    echo(
        json_text(_plain(kept))
        if as_json
        else _(
            "{sha256}\n  SM3 {sm3}, {size} bytes, {name}",
            sha256=kept.sha256,
            sm3=kept.sm3,
            size=kept.size,
            name=kept.name,
        )
    )


def _extraction(
    at: datetime | None,
    place: str,
    method: str,
    carrier: str,
    maker: str,
    officers: tuple[str, ...],
) -> messages.Extraction:
    if at is None:
        raise click.UsageError(_("give the extraction record (--at, --place, ...), or --document"))
    return messages.Extraction(
        at_ms=int(at.replace(tzinfo=SHANGHAI).timestamp() * 1000),
        place=place,
        method=method,
        carrier=carrier,
        maker=maker,
        officers=[_officer(each) for each in officers],
    )


def _officer(text: str) -> messages.ExtractionOfficer:
    match = _PERSON.fullmatch(text)
    if match is None:
        raise click.UsageError(_("--officer takes NAME=CERTIFICATE"))
    return messages.ExtractionOfficer(name=match[1].strip(), certificate_number=match[2])


@evidence.command()
@click.argument("digest")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write.")
@click.option("--record", help="Record of another city that names it: fetch it from there if it is not held here.")
@reason_options
@caller_options()
def get(
    digest: str, out: Path, record: str | None, purpose: str | None, legal_basis: str | None, caller: Caller
) -> None:
    """Download the attachment DIGEST; the file gets its name once every byte is verified."""
    reason = caller.case_reason(purpose, legal_basis)
    with evidence_service(caller) as service:
        if record is not None:
            obtain(service, reason, record, digest)
        held = download(
            lambda offset: service.Get(messages.GetRequest(reason=reason, sha256=digest, offset=offset)), digest, out
        )
    echo(printable(render(_("{name} ({size} bytes) written to {out}", name=held.name, size=held.size, out=out))))


@evidence.command("list")
@reason_options
@json_option
@caller_options()
def list_command(purpose: str | None, legal_basis: str | None, as_json: bool, caller: Caller) -> None:
    """List the attachments of this node."""
    with evidence_service(caller) as service:
        answers = service.List(messages.ListRequest(reason=caller.case_reason(purpose, legal_basis)))
        held = [answer.attachment for answer in answers]
    if as_json:
        print_json([_plain(each) for each in held])
        return
    table = CellTable(_("sha256"), _("bytes"), _("name"), _("stored at"), _("extracted by"), _("origin"))
    for each in held:
        officers = "; ".join(", ".join(o.name for o in extraction.officers) for extraction in each.extractions)
        came_by = _("{names}", names=[*([_("uploaded")] if each.handed_in else []), *each.records])
        cells = (each.sha256, str(each.size), each.name, time_text(each.stored_at_ms), officers, came_by)
        table.add_texts(*cells)
    print_table(table)


def _plain(attachment: messages.Attachment) -> dict[str, Any]:
    return {
        "sha256": attachment.sha256,
        "sm3": attachment.sm3,
        "size": attachment.size,
        "name": attachment.name,
        "stored_at_ms": attachment.stored_at_ms,
        "records": list(attachment.records),
        "handed_in": attachment.handed_in,
        "extractions": len(attachment.extractions),
    }


evidence.add_command(pack)
evidence.add_command(verify)
