"""`gongzhi run`: starts a node and keeps its processes running."""

import os
from pathlib import Path

import click

from node.cli.shared.options import ask_passphrase, node_option
from node.config import load_config
from node.folder.keyfile import is_sealed
from node.folder.service import check_user
from node.rpc.counts import Place
from node.supervisor import ROLES, Supervised, run_role, supervise


@click.command()
@click.option("--role", type=click.Choice(ROLES), hidden=True, help="Run one process of the node, in the foreground.")
@click.option("--supervisor", type=int, hidden=True, help="Process id of the supervisor.")
@click.option("--lock", type=int, hidden=True, help="Descriptor by which the supervisor holds the data folder.")
@click.option("--counts", type=int, hidden=True, help="Descriptor of what the query processes count together.")
@click.option("--place", hidden=True, help="Which of the query processes it is, as 2/3.")
@node_option
def run(
    role: str | None, supervisor: int | None, lock: int | None, counts: int | None, place: str | None, node_dir: Path
) -> None:
    """Run the node until it is stopped (SIGTERM, Ctrl-C).

    It answers peers, adapters and officers at the addresses in node.yaml and pulls from every peer by schedule.
    Logs are JSON lines on standard error. Changes of the federation, clients or policy file take effect by
    themselves.
    """
    config = load_config(node_dir)
    check_user(config.data_dir)
    if role is not None:
        handed = None
        if supervisor is not None and lock is not None and counts is not None and place is not None:
            handed = Supervised(supervisor, lock, counts, Place(*map(int, place.split("/"))))
        run_role(config, role, handed)
        return
    if is_sealed(config.log_key):
        os.environ["GONGZHI_PASSPHRASE"] = ask_passphrase().decode()
    supervise(node_dir, config)
