"""Takes in rows: checked against their standard, split into facets, appended to the own log."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import compress
from typing import NamedTuple

from node.core.law.calendar import legal_date
from node.core.law.listing_term import term_findings
from node.core.log.record import OWN_SOURCES, Shared, share_common
from node.core.members.federation_file import SLUG
from node.core.standards import standard as standards
from node.core.standards.batch import CheckedBody, check_batch
from node.core.standards.standard import Standard
from node.core.standards.validation import Finding
from node.core.workflow.declared import WORKFLOWS
from node.errors import NodeError, Reason
from node.messages import _
from node.ports import Clock
from node.storage.sqlite.log import AppendOutcome, AppendResult, Entry
from node.storage.sqlite.store import Store
from node.stubs.intake.v1 import intake_pb2 as intake
from node.stubs.record.v1.record_pb2 import Common, Own
from node.usecases.records.refuse_republication import Republication
from node.usecases.records.retract import Retractions
from node.usecases.records.usage import check_reason

MAX_ROWS = 1000
MAX_BODY_BYTES = 256 * 1024
MAX_KEY_BYTES = 512
MAX_SOURCE = 200
MAX_AUDIENCE = 100
_DAY_MS = 86_400_000
_SLUG = re.compile(SLUG)
_OWN_STANDARDS = ("node.", "case.notice")
# Others see one only when an officer hands it over, without who complained.
_STAYS_HERE = ("complaint",)

_STATUS = {
    AppendOutcome.ACCEPTED: intake.STATUS_ACCEPTED,
    AppendOutcome.DUPLICATE: intake.STATUS_DUPLICATE,
    AppendOutcome.SUPERSEDED: intake.STATUS_SUPERSEDED,
    AppendOutcome.OUTDATED: intake.STATUS_OUTDATED,
}

_ACT = Finding("act", "act_by_officer", _("a row cannot contain an act: officers and platforms act through casework"))


class _Checked(NamedTuple):
    """A row after its checks: the entry to append, or None where it is rejected."""

    entry: Entry | None
    findings: list[Finding]


_TOO_LARGE = _Checked(
    None,
    [
        Finding(
            "",
            Reason.TOO_LARGE,
            _(
                "the key has to have 1 to {key_bytes} bytes, the body at most {body_bytes}",
                key_bytes=MAX_KEY_BYTES,
                body_bytes=MAX_BODY_BYTES,
            ),
        )
    ],
)


class Pending(NamedTuple):
    """A batch under way: checked, and its good rows handed to the writer."""

    request: intake.SubmitRequest
    rows: list[_Checked]
    placed: "Future[list[AppendResult]] | None"
    load: int


class Ingest:
    """The intake of one node."""

    def __init__(self, store: Store, clock: Clock, retractions: Retractions) -> None:
        self._store = store
        self._republication = Republication(store, clock)
        self._clock = clock
        self._retractions = retractions

    def begin(
        self, request: intake.SubmitRequest, load_of: Callable[[intake.SubmitRequest], int] = lambda _request: 0
    ) -> Pending:
        """Checks a batch and hands its good rows to the writer, without waiting.

        Args:
            request: The batch.
            load_of: The number of the load that it belongs to, asked where a row of it is stored; 0: of none.

        Raises:
            NodeError: The batch as a whole is refused: UNKNOWN_STANDARD, PURPOSE_REQUIRED, TOO_LARGE or
                INVALID_ARGUMENT.
        """
        standard = _check_request(request, self._clock.now_ms())
        if request.standard in _STAYS_HERE and set(request.audience) - {self._store.log.city}:
            raise NodeError(
                Reason.INVALID_ARGUMENT,
                _(
                    "records of {standard} stay in their city: no other city may be in the audience",
                    standard=request.standard,
                ),
            )
        rows = self._check_rows(standard, request)
        entries = [row.entry for row in rows if row.entry is not None]
        if request.dry_run or not entries:
            return Pending(request, rows, None, 0)
        load = load_of(request)
        return Pending(request, rows, self._store.append(entries, self._retractions.entries, load=load), load)

    def finish(self, pending: Pending) -> intake.SubmitResponse:
        """Waits until a batch is durable and under a signed checkpoint; answers row by row.

        Raises:
            NodeError: STORAGE_FULL or STORAGE_CORRUPT: no row of the batch was stored.
        """
        placed = iter(pending.placed.result() if pending.placed else ())
        outcomes = [_outcome(row, next(placed, None) if row.entry else None) for row in pending.rows]
        checkpoint = self._store.log.note if pending.placed else b""
        seq, load = pending.request.seq, pending.load
        return intake.SubmitResponse(seq=seq, outcomes=outcomes, checkpoint=checkpoint, load=load)

    def _shared(self, request: intake.SubmitRequest, standard: Standard) -> Shared:
        """What the records of a batch have in common."""
        now_ms = self._clock.now_ms()
        common = Common(
            standard=request.standard,
            version=request.version,
            city=self._store.log.city,
            issued_at_ms=now_ms,
            audience=request.audience,
            purpose=request.purpose,
            legal_basis=request.legal_basis,
            as_of_ms=request.as_of_ms or now_ms,
            source=request.source,
            facets=len(standard.facets),
        )
        return share_common(common)

    def _check_rows(self, standard: Standard, request: intake.SubmitRequest) -> list[_Checked]:
        shared = self._shared(request, standard)
        fits = list(map(_fits, request.rows))
        bodies = [row.body for row in compress(request.rows, fits)]
        checked = iter(check_batch(standard, bodies, self._today()))
        return [
            self._check_row(standard, request, row.key, next(checked), shared) if fit else _TOO_LARGE
            for row, fit in zip(request.rows, fits, strict=True)
        ]

    def _check_row(
        self, standard: Standard, request: intake.SubmitRequest, row: str, body: CheckedBody, shared: Shared
    ) -> _Checked:
        message = body.message
        if message is None:
            return _Checked(None, body.findings)
        if standard.name in WORKFLOWS and message.HasField("act"):
            return _Checked(None, [_ACT])
        findings = [*body.findings, *term_findings(standard.name, message)]
        findings += self._republication.findings(standard.name, message)
        findings += body.to_come
        if any(not finding.warning for finding in findings):
            return _Checked(None, findings)
        own = Own(subjects=standard.subjects(message))
        content = _digest16(b"".join(body.facets))
        key = row_key(request.standard, request.source, row)
        return _Checked(Entry(shared, own, body.facets, key, content), findings)

    def _today(self) -> date:
        return legal_date(datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC))


def _check_request(request: intake.SubmitRequest, now_ms: int) -> Standard:
    if len(request.rows) > MAX_ROWS:
        raise NodeError(
            Reason.TOO_LARGE,
            _("{count} rows in one batch; at most {limit} are allowed", count=len(request.rows), limit=MAX_ROWS),
        )
    check_reason(request.purpose, request.legal_basis)
    if not 0 < len(request.source) <= MAX_SOURCE or "\0" in request.source:
        raise NodeError(
            Reason.INVALID_ARGUMENT,
            _("a batch has to name its source system, in at most {limit} characters", limit=MAX_SOURCE),
        )
    if len(request.file) > MAX_SOURCE or not request.file.isprintable():
        raise NodeError(
            Reason.INVALID_ARGUMENT,
            _("the file name of a batch has at most {limit} printable characters", limit=MAX_SOURCE),
        )
    if len(request.audience) > MAX_AUDIENCE or not all(map(_SLUG.fullmatch, request.audience)):
        raise NodeError(
            Reason.INVALID_ARGUMENT,
            _("an audience is all, or the names of at most {limit} cities", limit=MAX_AUDIENCE),
        )
    # A time to come would lock the row: every true version after it would be outdated.
    if not 0 <= request.as_of_ms <= now_ms + _DAY_MS:
        raise NodeError(Reason.INVALID_ARGUMENT, _("as_of is before 1970 or more than a day ahead"))
    if request.standard.startswith(_OWN_STANDARDS):
        raise NodeError(
            Reason.PERMISSION_DENIED, _("records of {standard} are written only by the node", standard=request.standard)
        )
    if request.source in OWN_SOURCES:
        raise NodeError(
            Reason.PERMISSION_DENIED,
            _("the source {source} is reserved for records that the node writes", source=request.source),
        )
    return standards.get(request.standard, request.version)


def _fits(row: intake.Row) -> bool:
    return 0 < len(row.key) <= MAX_KEY_BYTES and len(row.body) <= MAX_BODY_BYTES


def row_key(standard: str, source: str, key: str) -> bytes:
    """The idempotency key of a row, 16 bytes."""
    return _digest16(f"{standard}\0{source}\0{key}".encode())


def _digest16(content: bytes) -> bytes:
    return sha256(content).digest()[:16]


def _outcome(row: _Checked, placed: AppendResult | None) -> intake.Outcome:
    findings = _findings(row.findings)
    if row.entry is None:
        return intake.Outcome(status=intake.STATUS_REJECTED, findings=findings)
    if placed is None:  # a dry run
        return intake.Outcome(status=intake.STATUS_ACCEPTED, findings=findings)
    return intake.Outcome(status=_STATUS[placed.outcome], id=placed.id, findings=findings)


def _findings(findings: Sequence[Finding]) -> list[intake.Finding]:
    return [
        intake.Finding(field=finding.field, reason=finding.reason, message=finding.message, warning=finding.warning)
        for finding in findings
    ]
