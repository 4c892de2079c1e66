"""`gongzhi complaint`: complaints of consumers."""

import click

from node.cli.evidence_bundle import pack


@click.group()
def complaint() -> None:
    """Work on complaints 投诉."""


@complaint.group("evidence")
def evidence_group() -> None:
    """The evidence of a complaint."""


evidence_group.add_command(pack)
