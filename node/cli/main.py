"""`gongzhi`: every command of a city's operator."""

import sys

import click

from node.cli.client import client
from node.cli.demo import demo
from node.cli.federation import federation, key
from node.cli.init import init
from node.cli.operator import operator
from node.cli.peer import peer
from node.cli.policy import policy
from node.cli.proof import audit, check_proof, prove
from node.cli.records import records
from node.cli.run import run
from node.cli.standard import standard
from node.cli.status import status
from node.cli.sync import sync
from node.errors import NodeError

EXIT_ERROR = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="gongzhi")
def gongzhi() -> None:
    """共织: a city's node of the federation that polices online trade together.

    \b
    First hour:   init, federation card, federation add, policy check, run
    Every day:    status, operator verify, operator search, records list, sync
    Proofs:       prove, check-proof, audit
    Safety:       backup, restore, peer release, key rotate

    Every command says more with --help. Exit codes: 0 done, 1 the answer is no, 2 an error.
    """  # noqa: D301


for command in (
    audit, check_proof, client, demo, federation, init, key, operator, peer, policy, prove, records, run, standard,
    status, sync,
):  # fmt: skip
    gongzhi.add_command(command)


def main() -> None:
    """Runs the command line; an error of the taxonomy becomes one line and exit code 2."""
    try:
        gongzhi()
    except NodeError as error:
        click.echo(f"gongzhi: {error}", err=True)
        sys.exit(EXIT_ERROR)


if __name__ == "__main__":
    main()
