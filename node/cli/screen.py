"""`gongzhi screen`: a roster against the lists; a hit is a candidate until an officer confirms it."""

import csv
import functools
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from node.cli.screen_confirm import confirm
from node.cli.shared.batches import Batches
from node.cli.shared.caller import Caller, caller_options
from node.cli.shared.dates import time_text
from node.cli.shared.options import json_option, node_option
from node.cli.shared.query import reason_options
from node.cli.shared.screen_roster import Row, read_rows, screening_service
from node.config import load_config
from node.core.result_words import counts_text
from node.core.screening import LISTS
from node.core.standards import standard as standards
from node.core.standards.party_key import advice_of, canonical_key
from node.errors import FileError, Reason
from node.folder.person_key import FILE, create_person_key
from node.localized_click import echo, say
from node.messages import _, render
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.screening.v1 import screening_pb2 as screening
from node.stubs.standard.v1 import listing_pb2
from node.tables.formulas import guard

_EXIT_DOUBTFUL = 3
# Of a row with such a result nothing is known.
_NOT_SCREENED = {"doubtful", "no_key", "unanswered"}
_COLUMNS = (
    *("line", "uscc", "licence_number", "name", "result", "list", "record_id", "city", "matched_on", "grounds"),
    *("decision_number", "since", "until", "state", "as_of", "confirmed_at", "is_stale", "reason", "advice"),
)


class _Screen(click.Group):
    """A first argument that is no command of the group is a file to screen."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["file", *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        click.Command.format_options(self.commands["file"], ctx, formatter)
        self.format_commands(ctx, formatter)


@click.group(cls=_Screen, options_metavar="FILE [OPTIONS]", subcommand_metavar="| COMMAND ...")
def screen() -> None:
    """Screen FILE, a CSV file or workbook, against every list that this node may see.

    Columns, at least one: uscc 统一社会信用代码, legacy_number 注册号, tax_number 纳税人识别号, licence_number
    许可证编号, id_number 证件号码, id_hmac; and name 名称. Other usual titles are known too; columns not read
    are printed. An ID number is turned into a keyed HMAC (keys/person.key) before it leaves this
    process and is written nowhere. A name alone is never a hit. Rows without a listing are only
    counted. A row whose key is nobody's (a letter O for a zero, a code that a spreadsheet took for
    a number) is `doubtful`, with advice: look it up, and screen it again.

    Exit codes: 0 nobody is listed, 1 there are hits to confirm, 2 an error, or no row has a key, 3 no hits, but
    some rows are doubtful or were not screened.
    """


@screen.command("file", hidden=True)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write the results to this file.")
@reason_options
@json_option
@caller_options()
def screen_file(
    file: Path, out: Path | None, purpose: str | None, legal_basis: str | None, as_json: bool, caller: Caller
) -> None:
    """Screen FILE; `gongzhi screen FILE` does the same."""
    load_key = functools.cache(caller.person_key)
    counts: Counter[str] = Counter()
    with _written_to(out) as stream:
        write = _json_writer(stream) if as_json else _csv_writer(stream)
        for row, screened in _screened(caller, caller.reason(purpose, legal_basis), read_rows(file, load_key)):
            for plain in _plain(row, screened):
                counts[plain["result"]] += 1
                if plain["result"] != "no_hit":
                    write(plain)
    echo(counts_text(counts) or _("no rows"), err=True)
    if counts["republished"]:
        echo(_("ALERT: cities published listings again that had ended; they do not count as hits"), err=True)
    if set(counts) <= {"no_key"}:
        text = _("no row has a key, so nobody was screened")
        raise FileError(Reason.INVALID_ARGUMENT, str(file), text)
    sys.exit(1 if counts["hit"] else _EXIT_DOUBTFUL if _NOT_SCREENED & set(counts) else 0)


@screen.command()
@node_option
def key(node_dir: Path) -> None:
    """Create the federation's key for ID numbers: at one member, once.

    Give the file to the other members by hand (not by mail), as keys/person.key with mode 0600.
    """
    path = load_config(node_dir).keys / FILE
    create_person_key(path)
    say("{path}: give it to every other member, and to nobody else", path=path)


screen.add_command(confirm)


def _screened(caller: Caller, reason: query.Reason, rows: Iterator[Row]) -> Iterator[tuple[Row, screening.Screened]]:
    batches = Batches(
        rows,
        lambda seq, batch: screening.ScreenRequest(seq=seq, reason=reason, entries=[row.entry for row in batch]),
    )
    with screening_service(caller) as service:
        for batch, response in batches.answered(service.Screen):
            yield from zip(batch, response.screened, strict=True)


def _plain(row: Row, screened: screening.Screened) -> Iterator[dict[str, Any]]:
    """What is told of one row: a line for each hit, or one for none."""
    uscc, licence = canonical_key(row.entry.uscc), canonical_key(row.entry.licence_number)
    plain: dict[str, Any] = {"line": row.line, "uscc": uscc, "licence_number": licence, "name": row.name}
    if advice := [*row.advice, *advice_of(screened)]:
        plain |= {
            "reason": advice[0].partition(":")[0],
            "advice": advice,
            "advice_zh": [render(text, "zh") for text in advice],
        }
    for hit in screened.hits:
        yield plain | {"result": "hit"} | plain_hit(hit)
    for record in screened.republished:
        yield plain | {"result": "republished", "record_id": record, "city": record.rpartition("-")[0]}
    if not screened.hits and not screened.republished:
        result = screening.Result.Name(screened.result).removeprefix("RESULT_").lower()
        yield plain | {"result": "doubtful" if row.advice and result in {"no_hit", "no_key"} else result}


def plain_hit(hit: screening.Hit) -> dict[str, Any]:
    """A hit for programs; grounds by their Chinese label."""
    name = next(name for name, each in LISTS.items() if each.kind == hit.list)
    return {
        "list": name,
        "record_id": hit.record_id,
        "city": hit.city,
        "matched_on": listing_pb2.MatchKey.Name(hit.matched_on).removeprefix("MATCH_KEY_").lower(),
        "grounds": [_grounds(name).get(code, str(code)) for code in hit.grounds],
        "decision_number": hit.decision_number,
        "since": hit.since,
        "until": hit.until,
        "state": hit.state,
        "as_of": time_text(hit.as_of_ms),
        "confirmed_at": time_text(hit.confirmed_at_ms),
        "is_stale": hit.is_stale,
    }


@functools.cache
def _grounds(name: str) -> dict[int, str]:
    field = next(field for field in standards.get(name).fields if field.path == "grounds")
    enum = field.descriptor.enum_type
    return {} if enum is None else {number: zh for number, zh, _en in standards.codes(enum)}


@contextmanager
def _written_to(out: Path | None) -> Iterator[IO[str]]:
    if out is None:
        yield sys.stdout
    else:
        out.touch(mode=0o600)  # who is on a list is not everybody's to read
        with out.open("w", encoding="utf-8", newline="") as stream:
            yield stream


def _json_writer(stream: IO[str]) -> Any:
    return lambda plain: stream.write(json.dumps(plain, ensure_ascii=False) + "\n")


def _csv_writer(stream: IO[str]) -> Any:
    writer = csv.DictWriter(stream, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()

    def write(plain: dict[str, Any]) -> None:
        row = plain | {name: "; ".join(map(render, plain.get(name, ()))) for name in ("grounds", "advice")}
        # Other cities and the roster's author wrote these cells, and a spreadsheet will open them.
        writer.writerow({name: guard(cell) if isinstance(cell, str) else cell for name, cell in row.items()})

    return write
