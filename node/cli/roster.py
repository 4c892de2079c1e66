"""A platform's whole roster, asked as one stream."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from node.cli.shared.batches import Batches
from node.cli.shared.caller import Caller
from node.cli.shared.named_rows import named_rows
from node.cli.shared.query import query_service
from node.core.result_words import counts_text, result_name
from node.core.standards.identifiers import Problem
from node.core.standards.party_key import advice, advice_of, canonical_key, code_of
from node.localized_click import echo
from node.messages import _, render
from node.stubs.query.v1 import query_pb2 as query
from node.tables.formulas import guard
from node.tables.titles import columns_of
from node.tables.unfit import UnfitError

_KEYS = ("uscc", "legacy_number", "tax_number")
_COLUMNS = columns_of(*_KEYS, "name") | {
    "address": "address", "注册地址": "address", "登记住所": "address", "住所": "address",
    "legal_representative": "legal_representative", "法定代表人": "legal_representative",
    "法人代表": "legal_representative",
    "entity_type": "entity_type", "企业类型": "entity_type", "主体类型": "entity_type",
    "status": "status", "登记状态": "status",
    "established_on": "established_on", "成立日期": "established_on", "注册日期": "established_on",
}  # fmt: skip
_ANSWER_COLUMNS = (
    *("uscc", "result", "mismatches", "unseen", "city", "record_id", "as_of_ms", "confirmed_at_ms"),
    *("reason", "advice", "line"),
)


class Row(NamedTuple):
    """A row of the roster: what is asked, and (then nothing is) why it cannot be read."""

    line: int
    question: query.Question
    fault: UnfitError | Problem | None


def plain_answer(answer: query.Answer) -> dict[str, Any]:
    """An answer for programs."""
    return {
        "result": result_name(answer.result),
        "mismatches": list(answer.mismatches),
        "unseen": list(answer.unseen),
        "city": answer.city,
        "former_member": answer.former_member,
        "record_id": answer.record_id,
        "as_of_ms": answer.as_of_ms,
        "confirmed_at_ms": answer.confirmed_at_ms,
        "reason": answer.reason,
        "advice": (advice := advice_of(answer)),
        "advice_zh": [render(text, "zh") for text in advice],
    }


def verify_roster(caller: Caller, reason: query.Reason, path: Path, *, as_json: bool) -> int:
    """Asks about every row of a CSV file or workbook and prints the answers; returns the exit code.

    Raises:
        FileError: INVALID_ARGUMENT, the file cannot be read as such.
        NodeError: What the node answered.
    """
    counts: Counter[str] = Counter()
    write = _json_line if as_json else _csv_writer()
    batches = Batches(
        read_roster(path),
        lambda seq, rows: query.VerifyRosterRequest(seq=seq, reason=reason, questions=[row.question for row in rows]),
    )
    with query_service(caller) as service:
        for rows, response in batches.answered(service.VerifyRoster):
            for row, answer in zip(rows, response.answers, strict=True):
                plain = _plain(row, answer)
                counts[plain["result"]] += 1
                write(plain)
    echo(counts_text(counts) or _("no rows"), err=True)
    return 0 if set(counts) == {"match"} else 1


def read_roster(path: Path) -> Iterator[Row]:
    """The rows of a CSV file or workbook; of one that is broken nothing is asked.

    Raises:
        FileError: INVALID_ARGUMENT, cannot be read, or has no column of codes.
    """
    for row in named_rows(path, _COLUMNS, _KEYS):
        code, problem = code_of(row.cells)
        fault = next(iter(row.faults.values()), problem)
        asked = {field: text for field, text in row.cells.items() if field not in _KEYS}
        yield Row(row.line, query.Question() if fault else query.Question(uscc=code, **asked), fault)


def _plain(row: Row, answer: query.Answer) -> dict[str, Any]:
    cells = {"line": row.line, "uscc": canonical_key(row.question.uscc)} | plain_answer(answer)
    if row.fault is None:
        return cells
    why = advice(row.fault)
    return cells | {"reason": row.fault.reason, "advice": [why], "advice_zh": [render(why, "zh")]}


def _json_line(plain: dict[str, Any]) -> None:
    echo(json.dumps(plain, ensure_ascii=False))


def _csv_writer() -> Callable[[dict[str, Any]], None]:
    echo(",".join(_ANSWER_COLUMNS))
    writer = csv.writer(sys.stdout, lineterminator="\n")

    def write(plain: dict[str, Any]) -> None:
        cells = (plain[name] for name in _ANSWER_COLUMNS)
        texts = (" ".join(map(render, cell)) if isinstance(cell, list) else str(cell) for cell in cells)
        writer.writerow([guard(text) for text in texts])  # a spreadsheet will open what the roster's author wrote

    return write
