"""A platform's whole roster, asked as one stream."""

import json
from collections import Counter, deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click

from node.cli.named_rows import named_rows
from node.cli.query import query_service
from node.config import Config
from node.query.v1 import query_pb2 as query
from node.tables.cells import code
from node.tables.unfit import UnfitError

BATCH = 500
_COLUMNS = {
    "uscc": "uscc", "统一社会信用代码": "uscc", "统一社会信用代码/注册号": "uscc", "统一社会信用代码（注册号）": "uscc",
    "社会信用代码": "uscc", "信用代码": "uscc",
    "name": "name", "企业名称": "name", "名称": "name",
    "address": "address", "注册地址": "address", "登记住所": "address", "住所": "address",
    "legal_representative": "legal_representative", "法定代表人": "legal_representative",
    "法人代表": "legal_representative",
    "entity_type": "entity_type", "企业类型": "entity_type", "主体类型": "entity_type",
    "status": "status", "登记状态": "status",
    "established_on": "established_on", "成立日期": "established_on", "注册日期": "established_on",
}  # fmt: skip
_ANSWER_COLUMNS = ("uscc", "result", "mismatches", "unseen", "city", "record_id", "as_of_ms", "confirmed_at_ms")


def plain_answer(answer: query.Answer) -> dict[str, Any]:
    """An answer for programs."""
    name = query.Result.Name(answer.result).removeprefix("RESULT_").lower()
    return {
        # A question without a code, or about records obtained for another purpose.
        "result": "unanswered" if answer.result == query.RESULT_UNSPECIFIED else name,
        "mismatches": list(answer.mismatches),
        "unseen": list(answer.unseen),
        "city": answer.city,
        "record_id": answer.record_id,
        "as_of_ms": answer.as_of_ms,
        "confirmed_at_ms": answer.confirmed_at_ms,
    }


def verify_roster(config: Config, reason: query.Reason, path: Path, *, as_json: bool) -> int:
    """Asks about every row of a CSV file and prints the answers; returns the exit code.

    Raises:
        FileError: INVALID_ARGUMENT, the file cannot be read as such.
        NodeError: What the node answered.
    """
    asked: deque[list[query.Question]] = deque()
    counts: Counter[str] = Counter()
    if not as_json:
        click.echo(",".join(_ANSWER_COLUMNS))
    requests = _Requests(path, reason, asked)
    with query_service(config) as service:
        for response in service.VerifyRoster(iter(requests)):
            for question, answer in zip(asked.popleft(), response.answers, strict=True):
                plain = {"uscc": question.uscc} | plain_answer(answer)
                counts[plain["result"]] += 1
                click.echo(json.dumps(plain, ensure_ascii=False) if as_json else _csv_line(plain))
    click.echo("  ".join(f"{result} {count}" for result, count in counts.most_common()), err=True)
    return 0 if set(counts) <= {"match"} else 1


class _Requests:
    """The requests of a roster. gRPC reads them on a thread of its own, so the file is opened before."""

    def __init__(self, path: Path, reason: query.Reason, asked: deque[list[query.Question]]) -> None:
        self._rows = read_roster(path)
        self._first = list(islice(self._rows, BATCH))
        self._reason = reason
        self._asked = asked

    def __iter__(self) -> Iterator[query.VerifyRosterRequest]:
        batch, seq = self._first, 0
        while batch:
            self._asked.append(batch)
            yield query.VerifyRosterRequest(seq=seq, reason=self._reason, questions=batch)
            batch, seq = list(islice(self._rows, BATCH)), seq + 1


def read_roster(path: Path) -> Iterator[query.Question]:
    """The questions in a CSV file or workbook, one a row; an empty one, which has no answer, for a row that is broken.

    Raises:
        FileError: INVALID_ARGUMENT, cannot be read, or has no column of codes.
    """
    for row in named_rows(path, _COLUMNS, "uscc"):
        question = query.Question() if row.faults else query.Question(**row.cells)
        try:
            question.uscc = code(question.uscc)
        except UnfitError:
            question = query.Question()
        yield question


def _csv_line(plain: dict[str, Any]) -> str:
    cells = (plain[name] for name in _ANSWER_COLUMNS)
    return ",".join(" ".join(cell) if isinstance(cell, list) else _quoted(str(cell)) for cell in cells)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in ',"\n\r') else cell
