"""`gongzhi init`: founds a node."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from node.cli.shared.options import ask_passphrase, new_passphrase, passphrase_option
from node.config import Listen, load_config
from node.core.document import format_document, parse_document, read_model
from node.core.members.federation import format_fingerprint
from node.core.members.federation_file import Place
from node.errors import NodeError, Reason
from node.folder.clock import SystemClock
from node.folder.data_lock import released
from node.folder.files import load_federation
from node.folder.founding import CAPITALS, Plan, shipped_policy
from node.folder.service import check_place, settle
from node.localized_click import echo, say
from node.messages import _, render
from node.storage.founding import found_node
from node.storage.sqlite.founding import found_log

_PORT, _LAST_PORT = 7100, 65535
_WRONG_CARD = Reason.INVALID_FEDERATION


@click.command("init")
@click.option("--city", required=True, help="Short name of the city, e.g. changsha.")
@click.option(
    "--dir",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder to create; /etc/gongzhi/CITY for gongzhi@CITY.service, see above.",
)
@click.option("--name-zh", help="Chinese name; may be omitted for the six founding cities.")
@click.option("--region6", help="GB/T 2260 code; may be omitted for the six founding cities.")
@click.option("--exchange-address", help="host:port at which other cities reach this node.")
@click.option(
    "--listen-host", default="127.0.0.1", show_default=True, help="Address on which exchange, intake and query listen."
)
@click.option(
    "--listen",
    "listeners",
    multiple=True,
    metavar="NAME=HOST:PORT",
    help="Address of one listener, if different; repeatable.",
)
@click.option(
    "--port", type=int, help="First of five consecutive ports [default: that of --exchange-address, else 7100]."
)
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Policy file [default: the shipped one of the city].",
)
@click.option("--anew", is_flag=True, help="Begin an empty log in a node that has keys but no data, see above.")
@passphrase_option
def init(  # noqa: PLR0913, PLR0917 - one argument an option
    city: str,
    folder: Path,
    name_zh: str | None,
    region6: str | None,
    exchange_address: str | None,
    listen_host: str,
    listeners: tuple[str, ...],
    port: int | None,
    policy: Path | None,
    anew: bool,
    passphrase: bool,
) -> None:
    """Create a node: its folder, keys, configuration, policy and card.

    The node listens on this machine only, unless told otherwise. Its listeners are exchange (other cities), intake
    and query (adapters, platforms, officers), control (this machine only) and metrics (plaintext HTTP).

    Where the Debian package is installed, root creates a node in /etc/gongzhi/CITY: its data are then in
    /var/lib/gongzhi/CITY, both belong to the user gongzhi, and `systemctl enable --now gongzhi@CITY` runs it.

    A node whose log is missing does not start. With --anew it gets an empty log under its present key. Do this only
    if no city has ever pulled from it: a second log under one key is a fork, and every city that holds the first
    one would never trust this node again. Otherwise restore a backup: docs/operations.md, "The data folder is
    lost".
    """
    if anew:
        _begin_anew(folder, city)
        return
    listen = _listen(listen_host, port or _port_of(exchange_address), listeners)
    known_name, known_region = CAPITALS.get(city, (None, None))
    name, region = name_zh or known_name, region6 or known_region
    if name is None or region is None:
        raise click.UsageError(
            _("{city} is not one of the six founding cities: give --name-zh and --region6", city=city)
        )
    text = policy.read_text("utf-8") if policy else shipped_policy(city)
    place = _place({"city": city, "name_zh": name, "region6": region, "address": exchange_address or listen.exchange})
    plan = Plan(place.city, place.name_zh, place.region6, place.address, text, listen)
    check_place(folder)
    config = found_node(folder, plan, datetime.now(UTC), new_passphrase(passphrase))
    settle(folder)
    card = load_federation(config.federation).member(city)
    say(
        "{name} ({city}): node created in {folder}, reachable at {address}",
        name=name,
        city=city,
        folder=folder,
        address=card.address,
    )
    say("Fingerprint of its card: {fingerprint}", fingerprint=format_fingerprint(card.fingerprint))
    _tell_reserved(config.listen)
    say(
        "Next: run gongzhi federation card --node {folder} > {city}.card.yaml and hand that file to the other cities.",
        folder=folder,
        city=city,
    )


def _tell_reserved(listen: Listen) -> None:
    reserved = [address for address in listen.model_dump().values() if int(address.rpartition(":")[2]) < _first_free()]
    if reserved:
        echo(
            _(
                "Only root may listen on {reserved}: a node run by another user cannot start. "
                "Choose a port above {last_reserved}, e.g. --port {port}.",
                reserved=reserved,
                last_reserved=_first_free() - 1,
                port=_PORT,
            ),
            err=True,
        )


def _first_free() -> int:
    """The first port that a program may use without rights; the kernel's own setting."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text("ascii"))
    except OSError:
        return 1024


def _begin_anew(folder: Path, city: str) -> None:
    config = load_config(folder)
    if config.city != city:
        raise NodeError(
            Reason.INVALID_ARGUMENT,
            _("{folder} is the node of {owner}, not of {city}", folder=folder, owner=config.city, city=city),
        )
    click.confirm(
        render(
            _(
                "Is it certain that no other city ever pulled from {city}? A second log under one key is a fork.",
                city=city,
            )
        ),
        abort=True,
    )
    config.data_dir.mkdir(mode=0o700, exist_ok=True)
    with released(config.data_dir):
        found_log(config, SystemClock(), ask_passphrase)
    say("{city}: empty log created in {file}; start the node with gongzhi run", city=city, file=config.node_db)


def _port_of(exchange_address: str | None) -> int:
    port = (exchange_address or "").rpartition(":")[2]
    return int(port) if port.isdecimal() and int(port) <= _LAST_PORT else _PORT  # the card refuses what is none


def _place(card: dict[str, str]) -> Place:
    return read_model(parse_document(format_document(card), "the card", _WRONG_CARD), Place, _WRONG_CARD)


def _listen(host: str, port: int, listeners: Sequence[str]) -> Listen:
    if not 1 <= port <= 65535 - 4:
        raise NodeError(Reason.INVALID_ARGUMENT, _("there are no five consecutive ports from {port} on", port=port))
    addresses = {
        "exchange": f"{host}:{port}",
        "intake": f"{host}:{port + 1}",
        "control": f"127.0.0.1:{port + 2}",
        "query": f"{host}:{port + 3}",
        "metrics": f"127.0.0.1:{port + 4}",
    }
    given = dict(each.partition("=")[::2] for each in listeners)
    document = parse_document(format_document(addresses | given), "--listen", Reason.INVALID_ARGUMENT)
    return read_model(document, Listen, Reason.INVALID_ARGUMENT)
