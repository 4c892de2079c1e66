"""`gongzhi peer`: frozen peers, and what they sent."""

import time
from pathlib import Path

import click

from node.cli.shared.caller import Caller, caller_options
from node.cli.shared.options import node_option
from node.config import load_config
from node.localized_click import former_name, say
from node.messages import _, render
from node.storage.sqlite.reader import Reader
from node.stubs.control.v1 import control_pb2
from node.usecases.exchange.forget import forget
from node.usecases.upkeep.return_log import return_log


@click.group()
def peer() -> None:
    """Handle peers: incidents, release, rebuilt logs, recovery."""


@peer.command("payload")
@click.argument("incident", type=int)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write.")
@node_option
def payload_command(incident: int, out: Path, node_dir: Path) -> None:
    """Write the exact bytes that the peer sent in INCIDENT, a number shown by `gongzhi status`."""
    content = Reader(load_config(node_dir).node_db).peers.payload(incident)
    out.touch(mode=0o600)
    out.write_bytes(content)
    say("{count} bytes written to {out}", count=len(content), out=out)


peer.add_command(former_name(payload_command, "peer payload"), "evidence")


@peer.command("release")
@click.argument("city")
@caller_options(steers=True)
def release_command(city: str, caller: Caller) -> None:
    """Release a frozen CITY, so that the node pulls from it again. Impossible after a proven fork."""
    with caller.connect() as node:
        request = control_pb2.ReleasePeerRequest(city=city)
        node.control.ReleasePeer(request, timeout=10)
    say("{city} released: this node pulls from it again", city=city)


@peer.command("forget")
@click.argument("city")
@click.option("--yes", is_flag=True, help="Do not ask: settled with that city by telephone.")
@node_option
def forget_command(city: str, yes: bool, node_dir: Path) -> None:
    """Destroy what this node holds of the log of CITY, which has begun a new log. The node must be stopped.

    Add the city's new card, without the old key, first (`gongzhi federation add`). Incidents and their payloads are
    kept. The new log is pulled from its beginning at the next start.
    """
    if not yes:
        click.confirm(
            render(_("Has {city} confirmed by telephone that it starts a new log, and why?", city=city)), abort=True
        )
    records, acts = forget(load_config(node_dir), city, time.time_ns() // 1_000_000)
    say("{records} records of {city} destroyed; incidents and their payloads are kept", records=records, city=city)
    if acts:
        say(
            "These acts belong to cases of the old log of {city}, whose ids the new log gives to other cases; "
            "retract each of them (gongzhi retract): {acts}",
            city=city,
            acts=list(acts),
        )


@peer.command("return")
@click.argument("city")
@click.option(
    "--from", "begin", type=click.IntRange(0), required=True, help="Number of records that the city still has."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to create, for that city.")
@node_option
def return_command(city: str, begin: int, out: Path, node_dir: Path) -> None:
    """Write what this node holds of CITY's own log, for CITY to recover after a loss.

    The file holds what CITY signed and disclosed to this node, nothing else. See `gongzhi restore --returned`.
    """
    config = load_config(node_dir)
    size = return_log(Reader(config.node_db), config.city, city, begin, out)
    say("records {begin} to {last} of {city} written to {out}", begin=begin, last=size - 1, city=city, out=out)
