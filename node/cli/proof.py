"""`gongzhi prove`, `check-proof` and `audit`: what can be shown to others, and to oneself."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, TaskID

from node.cli.shared.caller import Caller, caller_options
from node.cli.shared.dates import time_text
from node.cli.shared.options import json_option, node_option, print_json
from node.cli.shared.query import TIMEOUT_S, query_service, reason_options, save_proof
from node.cli.shared.tables import CellTable, print_table
from node.config import load_config
from node.core.log.checkpoint import LogKey, parse_vkey
from node.core.log.cosignature import Cosignature
from node.core.log.proof import MAX_FILE_BYTES, Proven, parse_proof, verify_proof
from node.core.members.federation import Federation
from node.errors import FileError, NodeError, Reason
from node.folder.files import load_federation
from node.localized_click import echo, say
from node.messages import _
from node.storage.sqlite.inspection import inspect
from node.stubs.query.v1 import query_pb2 as query
from node.usecases.upkeep.audit import OriginAudit
from node.usecases.upkeep.audit import audit as audit_store


@click.command()
@click.argument("record")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write the proof to.")
@reason_options
@caller_options()
def prove(record: str, out: Path, purpose: str | None, legal_basis: str | None, caller: Caller) -> None:
    """Write a proof of RECORD that anyone can check with its city's key alone.

    The proof discloses every facet of the record that this node may see.
    """
    with query_service(caller) as service:
        request = query.ProveRequest(reason=caller.reason(purpose, legal_basis), id=record)
        save_proof(service.Prove(request, timeout=TIMEOUT_S).proof, out)
    say("proof of {record} written to {out}", record=record, out=out)


@click.command("check-proof")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--federation", type=click.Path(path_type=Path), help="Federation file that pins the keys.")
@click.option("--key", "keys", multiple=True, help="The city's log key itself (vkey); repeatable.")
@click.option(
    "--witnesses", "least", type=click.IntRange(0), default=0, help="Number of other cities that must have cosigned."
)
@json_option
def check_proof(file: Path, federation: Path | None, keys: tuple[str, ...], least: int, as_json: bool) -> None:
    """Check the proof in FILE offline, against pinned keys only.

    With --witnesses 3 it is proven only if three other cities of the federation file cosigned the checkpoint: each
    of them has seen the same log as you, up to that point.

    Exit codes: 0 proven, 1 not proven, 2 not a proof file, or no key.
    """
    if bool(federation) == bool(keys):
        raise click.UsageError(_("give --federation FILE, or --key VKEY"))
    if least and not federation:
        raise click.UsageError(_("--witnesses needs --federation FILE, which pins the keys of the witnesses"))
    pinned = [parse_vkey(key) for key in keys]
    members = load_federation(federation) if federation else Federation(())
    proof = parse_proof(_read(file))
    try:
        witnesses = [key for member in members.peers_of(proof.city) for key in member.witness_keys]
        proven = verify_proof(proof, [*pinned, *_keys_of(members, proof.city)], witnesses, least)
    except NodeError as error:
        echo(
            json.dumps({"proven": False, "reason": error.reason})
            if as_json
            else _("NOT PROVEN: {reason}: {message}", reason=error.reason, message=error.message)
        )
        sys.exit(1)
    if as_json:
        print_json(_plain(proven))
    else:
        _print(proven)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as source:
            content = source.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise FileError(
                Reason.TOO_LARGE,
                str(file),
                _("a proof file has at most {most} bytes", most=MAX_FILE_BYTES),
            )
        return content.decode()
    except OSError as error:
        raise FileError(
            Reason.INVALID_ARGUMENT, str(file), _("cannot be read: {problem}", problem=error.strerror)
        ) from None
    except UnicodeDecodeError:
        raise FileError(Reason.INVALID_ARGUMENT, str(file), _("not UTF-8")) from None


def _keys_of(federation: Federation, city: str) -> Sequence[LogKey]:
    member = federation.find(city)
    return member.log_keys if member else ()


def _plain(proven: Proven) -> dict[str, object]:
    header = proven.header
    return {
        "proven": True,
        "record": header.id,
        "city": header.city,
        "standard": header.standard,
        "version": header.version,
        "as_of_ms": header.as_of_ms,
        "tree_size": proven.checkpoint.size,
        "witnesses": {_city(each): each.at_s for each in proven.cosignatures},
        "disclosed_facets": sorted(proven.facets),
        "withheld_facets": sorted(proven.withheld),
        "body": proven.body,
    }


def _city(cosignature: Cosignature) -> str:
    return cosignature.key.name.partition(".")[0]


def _print(proven: Proven) -> None:
    header, shown = proven.header, sorted(proven.facets)
    say(
        "PROVEN: {id} is in the log of {city}, signed at {size} records",
        id=header.id,
        city=header.city,
        size=proven.checkpoint.size,
    )
    say(
        "  {standard} v{version} as of {at}, facets disclosed: {shown}",
        standard=header.standard,
        version=header.version,
        at=time_text(header.as_of_ms),
        shown=shown,
    )
    if proven.withheld:
        say("  withheld, not proven: facets {facets}", facets=sorted(proven.withheld))
    for each in proven.cosignatures:
        say("  cosigned by {city} at {at}", city=_city(each), at=time_text(each.at_s * 1000))
    print_json(proven.body)
    say("Not proven: that the record is still current. Ask the city, or a node that pulls its log.")


@click.command()
@json_option
@node_option
def audit(as_json: bool, node_dir: Path) -> None:
    """Recompute this node's log and every replica from storage, and check them against the signed checkpoints.

    Works on a running or a stopped node. Exit code 1 if anything is wrong.
    """
    config = load_config(node_dir)
    members = load_federation(config.federation)
    if not config.node_db.exists():
        raise NodeError(Reason.NOT_FOUND, _("{city} has no log yet", city=config.city))
    with inspect(config.node_db) as inspection, _progress(as_json) as progress:
        audits = audit_store(inspection, lambda city: _keys_of(members, city), _reporter(progress))
    if as_json:
        print_json([asdict(each) for each in audits])
    else:
        _print_audit(audits)
    sys.exit(1 if any(each.fault_count for each in audits) else 0)


def _progress(is_silent: bool) -> Progress:
    console = Console(stderr=True)
    return Progress(console=console, disable=is_silent or not console.is_terminal, transient=True)


def _reporter(progress: Progress) -> Callable[[str, int, int], None]:
    tasks: dict[str, TaskID] = {}

    def report(city: str, done: int, total: int) -> None:
        if city not in tasks:
            tasks[city] = progress.add_task(city, total=total)
        progress.update(tasks[city], completed=done)

    return report


def _print_audit(audits: Sequence[OriginAudit]) -> None:
    table = CellTable(_("city"), _("records"), _("open"), _("signed to"), _("faults"), "")
    for each in audits:
        signed = str(each.signed_size) if each.is_signed else _("no")
        cells = (each.city, str(each.size), str(each.open), signed, str(each.fault_count), "; ".join(each.notes))
        table.add_texts(*cells)
    print_table(table)
    for each in audits:
        for fault in each.faults:
            echo(f"{each.city}: {fault}")
        if each.fault_count > len(each.faults):
            say("{city}: and {count} more", city=each.city, count=each.fault_count - len(each.faults))
