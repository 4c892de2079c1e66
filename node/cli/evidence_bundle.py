"""`gongzhi evidence pack` and `verify`: the evidence of a case in one file 一键举证."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import grpc

from node.cli.shared.attachments import evidence_service, obtain
from node.cli.shared.caller import Caller, caller_options
from node.cli.shared.options import json_option, json_text
from node.cli.shared.query import TIMEOUT_S, query_service, reason_options
from node.client import error_from_rpc
from node.core.log.checkpoint import LogKey, parse_vkey
from node.core.log.manifest import Manifest
from node.core.log.record import parse_record_id
from node.core.members.federation import Federation
from node.errors import FileError, NodeError
from node.folder.files import load_federation
from node.localized_click import echo
from node.messages import _, render
from node.stubs.evidence.v1 import evidence_pb2 as messages
from node.stubs.evidence.v1.evidence_pb2_grpc import EvidenceServiceStub
from node.stubs.query.v1 import query_pb2 as query
from node.usecases.evidence.check_bundle import check_bundle
from node.usecases.evidence.pack import hide_identity, make_manifest
from node.usecases.evidence.pack import pack as write_bundle


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--federation", type=click.Path(path_type=Path), help="Federation file that pins the keys.")
@click.option("--key", "keys", multiple=True, help="A city's log key itself (vkey); repeatable.")
@json_option
def verify(bundle: Path, federation: Path | None, keys: tuple[str, ...], as_json: bool) -> None:
    """Verify every byte of BUNDLE offline, against its manifest, the proofs in it, and pinned keys.

    Exit codes: 0 verified, 1 verification failed, 2 the file or the keys cannot be read.
    """
    if bool(federation) == bool(keys):
        raise click.UsageError(_("give --federation FILE, or --key VKEY"))
    pinned = [parse_vkey(key) for key in keys]
    members = load_federation(federation) if federation else Federation(())

    def keys_of(city: str) -> list[LogKey]:
        member = members.find(city)
        return [*pinned, *(member.log_keys if member else ())]

    try:
        manifest = check_bundle(bundle, keys_of)
    except FileError:
        raise
    except NodeError as error:
        echo(
            json_text({"holds": False, "reason": error.reason})
            if as_json
            else _("VERIFICATION FAILED: {reason}: {message}", reason=error.reason, message=error.message)
        )
        sys.exit(1)
    echo(json_text({"holds": True, **manifest.model_dump()}) if as_json else _summary(manifest))


@click.command()
@click.argument("case")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Bundle (ZIP) to write.")
@reason_options
@json_option
@caller_options()
def pack(case: str, out: Path, purpose: str | None, legal_basis: str | None, as_json: bool, caller: Caller) -> None:
    """Pack all attachments named by records of CASE into one bundle, with a manifest and the records' proofs.

    Attachments not held here are fetched from the city whose record names them. Facets of level L4 (a complainant's
    identity) are masked in the proofs. Exit code 1 if an attachment is still missing; the manifest says which.
    """
    reason = caller.case_reason(purpose, legal_basis)
    with evidence_service(caller) as service:
        request = messages.ShowCaseRequest(reason=reason, case=case)
        _obtain_missing(service, reason, caller.identity.city, service.ShowCase(request, timeout=TIMEOUT_S))
        manifest = make_manifest(case, service.ShowCase(request, timeout=TIMEOUT_S))
        proofs = _proofs(caller, reason, manifest.records)
        write_bundle(out, manifest, proofs, lambda digest: _bytes(service, reason, digest))
    echo(json_text(manifest.model_dump()) if as_json else f"{out}: {_summary(manifest)}")
    sys.exit(1 if manifest.missing else 0)


def _obtain_missing(
    service: EvidenceServiceStub, reason: query.Reason, city: str, response: messages.ShowCaseResponse
) -> None:
    for each in response.attachments:
        records = [record for record in each.records if parse_record_id(record)[0] != city]
        if each.HasField("attachment") or not records:
            continue
        try:
            obtain(service, reason, records[0], each.sha256)
        except grpc.RpcError as error:
            echo(f"{each.sha256} of {records[0]}: {error_from_rpc(error)}", err=True)


def _proofs(caller: Caller, reason: query.Reason, records: list[str]) -> list[query.Proof]:
    with query_service(caller) as service:
        requests = [query.ProveRequest(reason=reason, id=record) for record in records]
        proofs = [service.Prove(request, timeout=TIMEOUT_S).proof for request in requests]
    for proof in proofs:
        hide_identity(proof)
    return proofs


def _bytes(service: EvidenceServiceStub, reason: query.Reason, digest: str) -> Iterator[bytes]:
    for answer in service.Get(messages.GetRequest(reason=reason, sha256=digest)):
        if answer.HasField("chunk"):
            yield answer.chunk.data


def _summary(manifest: Manifest) -> str:
    lines = [
        _(
            "case {case}: {files} files of {records} records; the records are proven, the files match them",
            case=manifest.case,
            files=len(manifest.files),
            records=len(manifest.records),
        )
    ]
    lines += [_("  {file}: no extraction record", file=file.name) for file in manifest.files if not file.extractions]
    lines += [
        _("  missing: {digest}, named by {records}", digest=each.sha256, records=list(each.records))
        for each in manifest.missing
    ]
    return "\n".join(map(render, lines))
