"""`gongzhi backup` and `gongzhi restore`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from node.cli.shared.options import json_option, node_option
from node.config import load_config
from node.folder.clock import node_clock
from node.folder.service import check_place, settle
from node.usecases.upkeep.backup import Manifest, OnProgress, back_up
from node.usecases.upkeep.backup import restore as restore_node
from node.usecases.upkeep.confirm_restore import confirm
from node.usecases.upkeep.return_log import Recovered, recover

_NOT_YET = """
=====================================================================================================================
 THIS NODE DOES NOT PUBLISH. It answers and pulls, and refuses new records.
 Peers may have verified more of the log of {city} than the {size} records restored here. If one has, a new
 record would be signed at a place that it knows otherwise: a fork, after which it trusts this city no more.
 1. Ask every peer how many records of {city} it has verified (`gongzhi status`, column "records").
 2. Where one has more, take back what it holds: gongzhi peer return there, gongzhi restore --returned here.
 3. With the node stopped, give the largest: gongzhi restore --confirm <number> --node {folder}
=====================================================================================================================
"""


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to make; a file where it is .tar.")
@click.option("--with-keys", is_flag=True, help="Put the private keys in too: guard the backup as you guard them.")
@json_option
@node_option
def backup(out: Path, with_keys: bool, as_json: bool, node_dir: Path) -> None:
    """Back up the node, running or not, and verify the backup.

    It holds the log, the replicas, the usage records, settings, policy, federation and clients. Without --with-keys
    the private keys are not in it: keep them elsewhere, nothing can be restored to work without them.
    """
    config = load_config(node_dir)
    with _progress() as report:
        now = datetime.fromtimestamp(node_clock(config).now_ms() / 1000, UTC)
        manifest = back_up(config, out, now, report, with_keys=with_keys)
    _tell(manifest, as_json, f"backed up to {out}, verified")


@click.command()
@click.argument("backup", required=False, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--dir", "target", type=click.Path(path_type=Path), help="Folder of the node to make; /etc/gongzhi/CITY as in init."
)
@click.option(
    "--returned", type=click.Path(exists=True, path_type=Path), multiple=True, help="What a peer wrote: see below."
)
@click.option("--confirm", "largest", type=click.IntRange(0), help="Let a restored node publish: see below.")
@json_option
@node_option
def restore(
    backup: Path | None,
    target: Path | None,
    returned: tuple[Path, ...],
    largest: int | None,
    as_json: bool,
    node_dir: Path,
) -> None:
    """Put BACKUP in place as a node in a new folder, after verifying all of it.

    The restored node answers and pulls but publishes nothing until `gongzhi restore --confirm N --node DIR` says that
    no peer has verified more than N records of its log, and the log holds as many. Where a peer has verified more, its
    officer writes them by `gongzhi peer return`, and `gongzhi restore --returned FILE --node DIR` takes them up: all
    peers' files at once, so that what each was let see comes together.
    """
    if returned and backup is None and target is None and largest is None:
        _say_recovered(recover(load_config(node_dir), returned))
        return
    if largest is not None and backup is None and target is None:
        size = confirm(load_config(node_dir), largest)
        click.echo(f"confirmed: from its next start the node publishes on from record {size}")
        return
    if backup is None or target is None or largest is not None or returned:
        raise click.UsageError("give BACKUP and --dir, or --returned and --node, or --confirm and --node")
    with _progress() as report:
        check_place(target)
        manifest = restore_node(backup, target, report)
        settle(target)
    _tell(manifest, as_json, f"restored to {target}")
    click.echo(_NOT_YET.format(city=manifest.city, size=manifest.tree_size, folder=target), err=True)
    if not manifest.with_keys:
        click.echo(f"The backup holds no keys: put yours into {target}/keys and {target}/officer.", err=True)


def _say_recovered(found: Recovered) -> None:
    click.echo(f"taken up: records {found.before} to {found.after - 1}, {found.hashes} of them as hashes alone")
    click.echo(f"Next: gongzhi restore --confirm {found.after}; start it; hand in again what came since the backup.")


def _tell(manifest: Manifest, as_json: bool, said: str) -> None:
    if as_json:
        click.echo(manifest.model_dump_json(indent=2, by_alias=True))
        return
    mib = sum(file.size_bytes for file in manifest.files) / 2**20
    click.echo(f"{manifest.city}: {said}. {manifest.tree_size} records, {mib:.1f} MiB, root {manifest.root}")


@contextmanager
def _progress() -> Iterator[OnProgress]:
    columns = (TextColumn("{task.description:12}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=done, total=total)

        yield report
