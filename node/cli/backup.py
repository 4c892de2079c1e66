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
from node.localized_click import echo, say
from node.messages import Message, _, render
from node.usecases.upkeep.backup import Manifest, OnProgress, back_up
from node.usecases.upkeep.backup import restore as restore_node
from node.usecases.upkeep.confirm_restore import confirm
from node.usecases.upkeep.return_log import Recovered, recover

_RULE = "=" * 117


def _not_publishing(city: str, size: int, folder: Path) -> Message:
    """What stands between a restore and the first new record."""
    return _(
        "THIS NODE DOES NOT PUBLISH. It answers and pulls, but refuses new records.\n"
        "A peer may have verified more of the log of {city} than the {size} records restored here. A new record would\n"
        "then be signed at a position where that peer knows another one: a fork, and it would never trust this city "
        "again.\n"
        '1. Ask every peer how many records of {city} it has verified (`gongzhi status`, column "records").\n'
        "2. If one has more, recover them: run `gongzhi peer return` there and `gongzhi restore --returned` here.\n"
        "3. With the node stopped, give the largest number: gongzhi restore --confirm NUMBER --node {folder}",
        city=city,
        size=size,
        folder=folder,
    )


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder to create; a single file if the name ends in .tar.",
)
@click.option("--with-keys", is_flag=True, help="Include the private keys: guard the backup as you guard the keys.")
@json_option
@node_option
def backup(out: Path, with_keys: bool, as_json: bool, node_dir: Path) -> None:
    """Back up the node, running or stopped, and verify the backup.

    The backup holds the log, the replicas, the usage records, settings, policy, federation and clients. Without
    --with-keys it does not hold the private keys: keep them elsewhere, because a node cannot be restored without
    them.
    """
    config = load_config(node_dir)
    with _progress() as report:
        now = datetime.fromtimestamp(node_clock(config).now_ms() / 1000, UTC)
        manifest = back_up(config, out, now, report, with_keys=with_keys)
    _tell(manifest, as_json, _("backed up to {out}, verified", out=out))


@click.command()
@click.argument("backup", required=False, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--dir",
    "target",
    type=click.Path(path_type=Path),
    help="Folder of the node to create; /etc/gongzhi/CITY as in gongzhi init.",
)
@click.option(
    "--returned",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="File written by `gongzhi peer return`, see above; repeatable.",
)
@click.option("--confirm", "largest", type=click.IntRange(0), help="Let a restored node publish again, see above.")
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
    """Restore BACKUP as a node in a new folder, after verifying all of it.

    The restored node answers and pulls but publishes nothing until `gongzhi restore --confirm N --node DIR` states
    that no peer has verified more than N records of its log, and the log holds as many. If a peer has verified
    more, its operator writes them with `gongzhi peer return`, and `gongzhi restore --returned FILE --node DIR`
    recovers them. Give the files of all peers at once, because each peer was shown other parts of the records.
    """
    match backup, target, largest, returned:
        case None, None, None, (Path(), *_):
            _tell_recovered(recover(load_config(node_dir), returned))
        case None, None, int(), _:
            size = confirm(load_config(node_dir), largest)
            say("confirmed: after its next start the node publishes from record {size} on", size=size)
        case Path(), Path(), None, ():
            _put_in_place(backup, target, as_json=as_json)
        case _:
            raise click.UsageError(_("give BACKUP and --dir, or --returned and --node, or --confirm and --node"))


def _put_in_place(backup: Path, target: Path, *, as_json: bool) -> None:
    with _progress() as report:
        check_place(target)
        manifest = restore_node(backup, target, report)
        settle(target)
    _tell(manifest, as_json, _("restored to {target}", target=target))
    notice = _not_publishing(manifest.city, manifest.tree_size, target)
    echo(f"\n{_RULE}\n{render(notice)}\n{_RULE}\n", err=True)
    if not manifest.with_keys:
        echo(
            _("The backup holds no keys: copy yours into {target}/keys and {target}/officer.", target=target), err=True
        )


def _tell_recovered(recovered: Recovered) -> None:
    say(
        "recovered: records {before} to {last}, {hashes} of them as hashes only",
        before=recovered.before,
        last=recovered.after - 1,
        hashes=recovered.hashes,
    )
    say(
        "Next: run gongzhi restore --confirm {after}, start the node, and load again what came in after the backup.",
        after=recovered.after,
    )


def _tell(manifest: Manifest, as_json: bool, done: Message) -> None:
    if as_json:
        echo(manifest.model_dump_json(indent=2, by_alias=True))
        return
    mib = sum(file.size_bytes for file in manifest.files) / 2**20
    say(
        "{city}: {done}. {tree_size} records, {mib:.1f} MiB, root {root}",
        city=manifest.city,
        done=done,
        tree_size=manifest.tree_size,
        mib=mib,
        root=manifest.root,
    )


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
