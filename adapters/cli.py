"""gongzhi-adapter: the command line of the adapters."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import monotonic
from typing import NoReturn

import click
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from adapters.intake import Node
from adapters.load import load
from adapters.mapping import read_mapping
from adapters.report import Report
from node.client import load_person_key
from node.core.reason_texts import error_object, meaning_and_advice
from node.errors import FileError, NodeError
from node.localized_click import LocalizedGroup, echo, lang_option, say
from node.messages import _, render

EXIT_NOT_IN = 3
EXIT_FILE = 2
EXIT_NODE = 4

_COUNTS = {
    "accepted": _("accepted"),
    "superseded": _("superseded"),
    "duplicate": _("duplicate"),
    "outdated": _("outdated"),
    "rejected": _("rejected"),
    "warnings": _("warnings"),
}
_BEIJING = timezone(timedelta(hours=8))
_PLAIN_EVERY_S = 2.0


class _Moment(click.ParamType[datetime]):
    """A day or a moment of ISO 8601; Beijing time where it names no offset."""

    name = "DATE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(_("not a date such as 2026-03-31 or 2026-03-31T08:00+08:00"), param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=_BEIJING)


_FILE = click.Path(dir_okay=False, path_type=Path)
_MAPPING = click.Path(path_type=Path)  # a folder may have the name of a shipped one


@click.group(cls=LocalizedGroup)
@lang_option
@click.version_option(package_name="gongzhi")
def main() -> None:
    """Load a city's tables into its node."""


@main.command("load")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option(
    "--mapping",
    required=True,
    type=_MAPPING,
    help="Mapping file, or a shipped one: abnormal_gsxt, gsxt, penalty_2015, penalty_cf, penalty_gsxt, "
    "registry, sole_traders.",
)
@click.option(
    "--to",
    "address",
    metavar="HOST:PORT",
    default="",
    help="Intake address of the node [default: that of the identity].",
)
@click.option(
    "--identity",
    type=click.Path(file_okay=False, path_type=Path),
    help="Identity folder made by `gongzhi client add` for this adapter.",
)
@click.option("--source", default="", help="Name of the source system [default: that of the mapping].")
@click.option("--as-of", type=_Moment(), help="When the rows were true [default: when each file was last changed].")
@click.option("--dry-run", is_flag=True, help="Have the node check the rows and store nothing.")
@click.option("--offline", is_flag=True, help="Check the rows against mapping and standard, without a node.")
@click.option("--rejects", type=_FILE, help="Write the rejected rows to this file, to be corrected and loaded again.")
@click.option("--person-key", type=_FILE, help="The federation's key for ID numbers, if the mapping has id_hmac.")
@click.option(
    "--mask-personal",
    is_flag=True,
    help="Mask ID numbers, bank cards and mobile numbers in texts that everybody may see.",
)
@click.option("--other-cities", is_flag=True, help="Do not ask when a file seems to be of another city.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON; an error is a JSON object, the last line of standard error."
)
def load_command(  # noqa: PLR0913, PLR0917 - click: an option each
    files: tuple[Path, ...],
    mapping: Path,
    address: str,
    identity: Path | None,
    source: str,
    as_of: datetime | None,
    dry_run: bool,
    offline: bool,
    rejects: Path | None,
    person_key: Path | None,
    mask_personal: bool,
    other_cities: bool,
    as_json: bool,
) -> None:
    """Load FILES: CSV, CSV.xz, CSV.gz, XLSX, XLS, or the reject report of an earlier load.

    A file may be loaded again: rows already stored are duplicates, a corrected row supersedes its earlier version.

    Exit codes: 0 all rows are stored, 2 a file or the mapping cannot be used, 3 some rows are rejected or outdated,
    4 the node cannot be reached or refuses the load.
    """
    node = None if offline else _node(address, identity)
    as_of_ms = int(as_of.timestamp() * 1000) if as_of else None
    bar = _ProgressBar()
    try:
        with bar.bar:
            key = load_person_key(person_key) if person_key else None
            report = load(
                files, read_mapping(mapping, key), node,
                source=source, as_of_ms=as_of_ms, dry_run=dry_run, rejects=rejects, mask_personal=mask_personal,
                ask=None if other_cities else bar.ask,
                on_progress=bar.show,
            )  # fmt: skip
    except NodeError as error:
        _fail(error, bar.last, as_json=as_json)
    _print(report, rejects, bar.warned, as_json=as_json)
    sys.exit(EXIT_NOT_IN if report.rejected or report.outdated else 0)


def _node(address: str, identity: Path | None) -> Node:
    if identity is None:
        raise click.UsageError(_("give --identity, or --offline to check without a node"))
    return Node(identity, address)


def _fail(error: NodeError, last: Report | None, *, as_json: bool) -> NoReturn:
    if as_json:
        echo(json.dumps(error_object(error) | {"rows": last.rows if last else 0}, ensure_ascii=False), err=True)
    else:
        _print_error(error, last)
    sys.exit(EXIT_FILE if isinstance(error, FileError) else EXIT_NODE)


def _print_error(error: NodeError, last: Report | None) -> None:
    echo(_("{reason}: {message}", reason=error.reason, message=error.message), err=True)
    if last:
        echo(_("{rows:,} rows were answered before: load the same file again to continue", rows=last.rows), err=True)
    echo(meaning_and_advice(error.reason), err=True)


class _ProgressBar:
    """Progress on a terminal as a bar, else as a line now and then."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        console = Console(stderr=True)
        self.bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self.last: Report | None = None
        self.warned: list[str] = []
        self._task = self.bar.add_task(render(_("loading")), total=1.0)
        self._told_at = monotonic()

    def show(self, report: Report) -> None:
        self.last = report
        text = render(_("{rows:,} rows, {rejected:,} rejected", rows=report.rows, rejected=report.rejected))
        self.bar.update(self._task, completed=report.fraction, description=text)
        if self.bar.disable and monotonic() - self._told_at > _PLAIN_EVERY_S:
            self._told_at = monotonic()
            echo(f"{text}, {report.fraction:.0%}", err=True)

    def ask(self, warning: str) -> bool:
        """Warns before a row is in; asks where somebody is there to answer."""
        self.bar.stop()
        self.warned.append(warning)
        echo(_("warning: {warning}", warning=warning), err=True)
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return True
        is_meant = click.confirm(render(_("Load it all the same?")), err=True)
        self.bar.start()
        return is_meant


def _print(report: Report, rejects: Path | None, warned: Sequence[str], *, as_json: bool) -> None:
    """Prints what became of the rows; `warned` was printed before they were sent."""
    if as_json:
        echo(json.dumps(report.as_json(), ensure_ascii=False))
        return
    notices = [notice for notice in report.notices if notice not in warned]
    for line in [*notices, *report.warned, *report.examples]:
        echo(line, err=True)
    echo(_summary(report))
    for number, file in report.loads.items():
        say(
            "load {number}  {file}  (to retract a wrong file: gongzhi retract --load {number})",
            number=number,
            file=file,
        )
    if report.outdated:
        say(
            "{rows:,} rows are not stored: the node holds later versions. If these rows are newer, give --as-of.",
            rows=report.outdated,
        )
    if report.rejected and rejects:
        say("Correct the rejected rows in {file} and load that file with the same command.", file=rejects)


def _summary(report: Report) -> str:
    counts = {render(title): f"{getattr(report, name):,}" for name, title in _COUNTS.items()}
    counts |= {f"  {reason}": f"{number:,}" for reason, number in report.reasons.most_common()}
    counts |= {render(_("seconds")): f"{report.seconds:.1f}", render(_("rows/s")): f"{report.rows_per_s:,.0f}"}
    lines = {"": render(_("rows")), **counts}
    title_width, number_width = max(map(cell_len, lines)), max(map(cell_len, lines.values()))
    return "\n".join(
        title + " " * (title_width - cell_len(title) + 2 + number_width - cell_len(number)) + number
        for title, number in lines.items()
    )
