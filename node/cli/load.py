"""`gongzhi load`: what was handed in, file by file."""

from typing import Any

import click

from node.cli.shared.caller import Caller, caller_options
from node.cli.shared.dates import time_text
from node.cli.shared.options import json_option, print_json
from node.cli.shared.tables import CellTable, print_table
from node.messages import _
from node.stubs.intake.v1 import intake_pb2 as intake

TIMEOUT_S = 30


@click.group()
def load() -> None:
    """List what adapters and officers loaded, file by file. To load files: gongzhi-adapter load."""


@load.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Largest number of loads.")
@click.option("--before", type=click.IntRange(1), default=None, help="Only loads with a smaller number.")
@json_option
@caller_options()
def list_command(limit: int, before: int | None, as_json: bool, caller: Caller) -> None:
    """List the loads, the newest first: who loaded which file, how many records, how many are retracted.

    Retract a wrong file with `gongzhi retract --load NUMBER`.
    """
    request = intake.ListLoadsRequest(limit=limit, before=before or 0)
    with caller.connect() as node:
        loads = list(node.intake.ListLoads(request, timeout=TIMEOUT_S).loads)
    if as_json:
        print_json([plain_load(each) for each in loads])
        return
    table = CellTable(_("load"), _("begun at"), _("loaded by"), _("file"), _("standard"), _("records"), _("retracted"))
    for each in loads:
        counts = (str(each.records), back_text(each))
        table.add_texts(str(each.number), time_text(each.begun_at_ms), each.client, each.file, each.standard, *counts)
    print_table(table)


def plain_load(load: intake.Load) -> dict[str, Any]:
    """A load for programs."""
    return {field.name: getattr(load, field.name) for field in load.DESCRIPTOR.fields}


def back_text(load: intake.Load) -> str:
    """How far a load is retracted."""
    if load.retracted:
        return f"{load.retracted} ({load.asked_by}, {load.approved_by})"
    return _("waiting for approval ({asked_by})", asked_by=load.asked_by) if load.asked_by else ""
