"""`gongzhi complaint`: complaints of consumers."""

from pathlib import Path

import click

from node.cli.evidence_bundle import pack
from node.cli.shared.casework import TIMEOUT_S, as_option, case_service, plain
from node.cli.shared.options import json_option, json_text
from node.localized_click import echo
from node.stubs.casework.v1 import casework_pb2 as pb


@click.group()
def complaint() -> None:
    """Work on complaints."""


@complaint.command("route")
@click.argument("case_id", metavar="CASE")
@as_option
@json_option
def route_command(case_id: str, folder: Path, as_json: bool) -> None:
    """Show which city handles the complaint CASE: by the address that the platform shows, or the operator's seat.

    The digits of a code do not decide it. To hand it over: gongzhi case draft CASE hand_over. Who complained stays
    here.
    """
    with case_service(folder) as service:
        route = service.Route(pb.RouteRequest(case=case_id), timeout=TIMEOUT_S)
    echo(json_text(plain(route)) if as_json else f"{route.words.zh}\n{route.words.en}")


@complaint.group("evidence")
def evidence_group() -> None:
    """Pack the evidence of a complaint."""


evidence_group.add_command(pack)
