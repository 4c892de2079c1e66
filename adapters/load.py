"""Loads files into a node: maps their rows, submits them in batches, and says what became of each."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter, time_ns

from adapters.columns import missing, printable, shown
from adapters.intake import Node, check, connect
from adapters.locality import LOOKED_AT, told_elsewhere
from adapters.mapping import Mapping, read_mapping
from adapters.reject_report import RejectReport
from adapters.report import Report
from adapters.rows import Mapper, Problem, Row
from adapters.submission import Answered, Batch, batches_of, submit
from adapters.tables import Table, open_table
from node.client import load_identity
from node.core.standards.standard import Standard
from node.errors import FileError, Reason
from node.messages import Message, _
from node.stubs.intake.v1 import intake_pb2

# Findings told on the terminal; the reject report has all that reject.
EXAMPLES = 20
# Of a file's name: what the intake takes.
_NAME_CHARACTERS = 200
_BEIJING = timezone(timedelta(hours=8))
_DAY_MS = 86_400_000

OnProgress = Callable[[Report], object]
Ask = Callable[[Message], bool]

_COUNTED = {
    intake_pb2.STATUS_ACCEPTED: "accepted",
    intake_pb2.STATUS_SUPERSEDED: "superseded",
    intake_pb2.STATUS_DUPLICATE: "duplicate",
    intake_pb2.STATUS_OUTDATED: "outdated",
}


def load(  # noqa: PLR0913 - what the command takes, by name
    files: Sequence[Path],
    mapping: Mapping | Path,
    node: Node | None,
    *,
    source: str = "",
    as_of_ms: int | None = None,
    dry_run: bool = False,
    rejects: Path | None = None,
    mask_personal: bool = False,
    ask: Ask | None = None,
    on_progress: OnProgress | None = None,
) -> Report:
    """Loads files into a node. The same row twice is a duplicate, so a load that broke off is simply begun again.

    Args:
        files: CSV (plain, xz, gz), XLSX, XLS, or reject reports of earlier loads.
        mapping: Or the path of its file; `registry` is shipped.
        node: None checks the rows offline, against the standard alone.
        source: Name of the source system, instead of the mapping's.
        as_of_ms: When the rows were true, Unix milliseconds; else when each file was last changed.
        dry_run: The node checks and stores nothing.
        rejects: Where the reject report goes; without it rejected rows are only counted.
        mask_personal: Hide ID numbers, bank cards and mobile numbers in free texts that everybody may read.
        ask: Called before a row is sent with the warning that most of a file's rows are of another city; False ends
            the load. None goes on, and the warning is among the notices.
        on_progress: Called after every batch.

    Raises:
        FileError: A mapping, file or identity cannot be used; or a file is damaged, and the rows before that are in.
        TransientError: UNAVAILABLE, the node cannot be reached or went away; what was answered is in.
        NodeError: The node refuses the load as a whole.
    """
    began = perf_counter()
    agreed = read_mapping(mapping) if isinstance(mapping, Path) else mapping
    with ExitStack() as stack:
        tables = [stack.enter_context(open_table(path, partial(_missing, agreed))) for path in files]
        mappers = [
            Mapper(
                agreed,
                table.columns,
                str(table.path),
                notes=table.notes,
                mask_personal=mask_personal,
                counts_from_1904=table.counts_from_1904,
            )
            for table in tables
        ]
        as_of = [_as_of(table, as_of_ms) for table in tables]
        if node:
            _tell_cities(tables, mappers, agreed.standard, load_identity(node.identity).region6, ask)
        exchange = stack.enter_context(connect(node)) if node else check
        headers = [table.columns for table in tables]
        report_file = stack.enter_context(RejectReport(rejects, headers)) if rejects else None
        tally = _Tally(report_file, _notices(tables, mappers))
        head = _head(agreed, source or agreed.source, dry_run)
        for answered in submit(_batches(tables, mappers, head, as_of), exchange):
            tally.count(answered)
            tally.report.fraction = sum(table.fraction() for table in tables) / len(tables)
            tally.report.seconds = perf_counter() - began
            if on_progress:
                on_progress(tally.report)
    for table in tables:
        tally.report.notices += [_of_file(table, text) for text in table.asides()]
        if table.damage:
            raise table.damage
    tally.report.fraction = 1.0
    tally.report.seconds = perf_counter() - began
    return tally.report


def _head(mapping: Mapping, source: str, dry_run: bool) -> intake_pb2.SubmitRequest:
    return intake_pb2.SubmitRequest(
        standard=mapping.standard.name,
        version=mapping.standard.version,
        source=source,
        audience=mapping.audience,
        purpose=mapping.purpose,
        legal_basis=mapping.legal_basis,
        dry_run=dry_run,
    )


def _batches(
    tables: Sequence[Table], mappers: Sequence[Mapper], head: intake_pb2.SubmitRequest, as_of: Sequence[int]
) -> Iterator[Batch]:
    numbers = count(1)
    for table, mapper, moment in zip(tables, mappers, as_of, strict=True):
        head.as_of_ms, head.file = moment, _name(table.path)
        yield from batches_of(table, mapper, head, numbers)


def _name(path: Path) -> str:
    """A file's name as the node's list of loads shows it."""
    return printable(path.name)[:_NAME_CHARACTERS]


def _tell_cities(
    tables: Sequence[Table], mappers: Sequence[Mapper], standard: Standard, region6: str, ask: Ask | None
) -> None:
    """Before any row is sent. An identity of an earlier release names no region, and nothing is checked."""
    for table, mapper in zip(tables, mappers, strict=True) if region6 else ():
        doubt, is_most = told_elsewhere(table.peek(LOOKED_AT), mapper, standard, region6)
        if doubt is None:
            continue
        if is_most and ask and not ask(_of_file(table, doubt)):
            raise FileError(Reason.INVALID_ARGUMENT, str(table.path), _("nothing is loaded: {warning}", warning=doubt))
        table.notices.append(doubt)


def _as_of(table: Table, as_of_ms: int | None) -> int:
    """When the rows were true, Unix milliseconds.

    Raises:
        FileError: INVALID_ARGUMENT, it is to come: every true version after it would be outdated.
    """
    moment = table.modified_at_ms if as_of_ms is None else as_of_ms
    if moment <= time_ns() // 1_000_000 + _DAY_MS:
        return moment
    day = datetime.fromtimestamp(moment / 1000, _BEIJING).date().isoformat()
    if as_of_ms is None:
        text = _(
            "the file was last changed on {day}, which is in the future; say with --as-of when its rows were true",
            day=day,
        )
    else:
        text = _("--as-of is in the future ({day}); say when the rows of the file were true", day=day)
    raise FileError(Reason.INVALID_ARGUMENT, str(table.path), text)


def _notices(tables: Sequence[Table], mappers: Sequence[Mapper]) -> list[Message]:
    notices: list[Message] = []
    for table, mapper in zip(tables, mappers, strict=True):
        unused = [_("columns not read: {titles}", titles=shown(mapper.unused))] if mapper.unused else []
        notices += [_of_file(table, text) for text in [*table.notices, *unused]]
    return notices


def _of_file(table: Table, text: str) -> Message:
    return _("{where}: {message}", where=str(table.path), message=text)


def _missing(mapping: Mapping, columns: Sequence[str]) -> int:
    return len(missing(mapping.sources, columns))


class _Tally:
    """Counts outcomes and writes down what is rejected."""

    def __init__(self, rejects: RejectReport | None, notices: list[Message]) -> None:
        self.report = Report(notices=notices)
        self._rejects = rejects

    def count(self, answered: Answered) -> None:
        batch, answer = answered
        self.report.rows += len(batch.rows)
        if answer.load:
            self.report.loads[answer.load] = batch.request.file
        remaining = iter(answer.outcomes)
        for row in batch.rows:
            if row.problems:
                self._reject(row, batch.mapper)
            else:
                self._count_outcome(row, batch.mapper, next(remaining))

    def _count_outcome(self, row: Row, mapper: Mapper, outcome: intake_pb2.Outcome) -> None:
        name = _COUNTED.get(outcome.status)
        if name is None:
            problems = tuple(_problem(row, mapper, finding) for finding in _errors(outcome))
            self._reject(row._replace(problems=problems), mapper)
        else:
            setattr(self.report, name, getattr(self.report, name) + 1)
            for problem in [*row.notes, *(_problem(row, mapper, finding) for finding in outcome.findings)]:
                self.report.warnings += 1
                self._tell(self.report.warned, row, problem)

    def _reject(self, row: Row, mapper: Mapper) -> None:
        self.report.rejected += 1
        for problem in row.problems:
            self._tell(self.report.examples, row, problem)
        if self._rejects:
            self._rejects.write(row, mapper.columns)

    def _tell(self, examples: list[Message], row: Row, problem: Problem) -> None:
        """Where and why, never the value."""
        self.report.reasons[problem.reason] += 1
        if len(examples) < EXAMPLES:
            where = ": ".join(filter(None, [f"{row.file}:{row.line}", problem.column, problem.reason]))
            examples.append(_("{where}: {message}", where=where, message=problem.text))


def _problem(row: Row, mapper: Mapper, finding: intake_pb2.Finding) -> Problem:
    return mapper.problem(row.cells, finding.field, finding.reason, finding.message)


def _errors(outcome: intake_pb2.Outcome) -> list[intake_pb2.Finding]:
    """What rejects; a node that names nothing still leaves a reason to look for."""
    errors = [finding for finding in outcome.findings if not finding.warning]
    return errors or [intake_pb2.Finding(reason="rejected", message="the node gave no reason")]
