"""`gongzhi peer`: frozen peers and the evidence against them."""

import time
from pathlib import Path

import click

from node.cli.shared.caller import Caller, caller_options
from node.cli.shared.options import node_option
from node.config import load_config
from node.storage.sqlite.reader import Reader
from node.stubs.control.v1 import control_pb2
from node.usecases.exchange.forget import forget
from node.usecases.upkeep.return_log import return_log


@click.group()
def peer() -> None:
    """Look at what a peer sent that cannot be true, and let it be pulled from again."""


@peer.command("evidence")
@click.argument("incident", type=int)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write.")
@node_option
def evidence_command(incident: int, out: Path, node_dir: Path) -> None:
    """Write the exact bytes that the peer sent in INCIDENT (its number stands in `gongzhi status`)."""
    content = Reader(load_config(node_dir).node_db).incident_payload(incident)
    out.touch(mode=0o600)
    out.write_bytes(content)
    click.echo(f"{len(content)} bytes written to {out}")


@peer.command("release")
@click.argument("city")
@caller_options(steers=True)
def release_command(city: str, caller: Caller) -> None:
    """Let a frozen CITY be pulled from again; its incidents and their evidence stay. Not after a proven fork."""
    with caller.connect() as node:
        request = control_pb2.ReleasePeerRequest(city=city)
        node.control.ReleasePeer(request, timeout=10)
    click.echo(f"{city} is pulled from again")


@peer.command("forget")
@click.argument("city")
@click.option("--yes", is_flag=True, help="Settled with that city by telephone: do not ask.")
@node_option
def forget_command(city: str, yes: bool, node_dir: Path) -> None:
    """Destroy what this node holds of the log of CITY, which has rebuilt it under a new key; the node must be stopped.

    The city's new card, without the old key, must have been taken over before (`gongzhi federation add`). Incidents and
    their evidence stay. The new log is pulled from its beginning at the node's next start.
    """
    if not yes:
        click.confirm(f"Has {city} told by telephone that its log begins anew, and why?", abort=True)
    records, acts = forget(load_config(node_dir), city, time.time_ns() // 1_000_000)
    click.echo(f"{records} records of {city} forgotten; incidents and their evidence stay")
    if acts:
        click.echo(
            f"以下环节属于{city}旧日志中的案件，其编号将被新日志沿用，请逐一撤回 · "
            "These acts are in cases of the old log, whose ids the new one gives to others; "
            f"take each back (gongzhi retract): {', '.join(acts)}"
        )


@peer.command("return")
@click.argument("city")
@click.option("--from", "begin", type=click.IntRange(0), required=True, help="Records that the city still has.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to make and to hand to that city.")
@node_option
def return_command(city: str, begin: int, out: Path, node_dir: Path) -> None:
    """Write what this node holds of CITY's own log, for CITY to take up again after it lost it.

    It holds what CITY signed and let this node see, and nothing else. See `gongzhi restore --returned`.
    """
    config = load_config(node_dir)
    size = return_log(Reader(config.node_db), config.city, city, begin, out)
    click.echo(f"records {begin} to {size - 1} of {city} written to {out}")
