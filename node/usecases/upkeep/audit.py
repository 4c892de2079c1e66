"""Recomputes every log from storage: nothing altered, nothing lost, nothing indexed that was destroyed.

For each origin, in one pass and one snapshot:

1. every record that is held hashes to its leaf hash, and says that it is of this log;
2. the leaves rebuild every tile and the verified root;
3. the root is the one its city signed, by the keys pinned in the federation file; while a replica is being caught up
   with, its root stands below the signed one and only the signature is checked;
4. every current open record is in the subject index, and nothing else is;
5. what a later record replaced or retracted is marked so, and destroyed where it was a peer's;
6. idempotency keys lead to current records, and are as they were written;
7. every body that is open here is one of its standard: another is a fault that names the record, and the audit goes on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from node.core.log.body import read_body
from node.core.log.checkpoint import LogKey, log_name, verify_checkpoint
from node.core.log.merkle import Frontier, split_hashes
from node.core.log.record import Record, parse_record_id, record_id
from node.core.log.run import StoredRun, cut, cut_one, open_run
from node.core.log.subjects import IndexEntry
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.inspection import Fates, Inspection
from node.storage.sqlite.log import OWN
from node.storage.sqlite.store import Origin
from node.storage.sqlite.tree import position, split_position
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.policy_pb2 import PolicyChange

MAX_FAULTS = 100
OnProgress = Callable[[str, int, int], None]
KeysOf = Callable[[str], Sequence[LogKey]]


@dataclass
class OriginAudit:
    """What was found in one origin's log.

    Attributes:
        city: Slug.
        size: Verified tree size.
        open: Records that this node may see.
        signed_size: Size of the newest checkpoint.
        is_signed: Whether a pinned key signed it.
        faults: The first 100, each naming the record it is about.
        fault_count: How many there are.
        notes: What is worth knowing and no fault.
    """

    city: str
    size: int
    open: int = 0
    signed_size: int = 0
    is_signed: bool = False
    faults: list[str] = field(default_factory=list)
    fault_count: int = 0
    notes: list[str] = field(default_factory=list)

    def fault(self, text: str) -> None:
        """Notes a fault."""
        self.fault_count += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(text)


def audit(inspection: Inspection, keys_of: KeysOf, on_progress: OnProgress) -> list[OriginAudit]:
    """Audits a whole store.

    Args:
        inspection: One snapshot of it.
        keys_of: The pinned log keys of a city; none where it is no member (any more).
        on_progress: Told (city, records done, records in all) as it goes on.
    """
    origins = inspection.origins()
    audits = [_OriginPass(inspection, origin) for origin in origins]
    for audited in audits:
        audited.run(keys_of(audited.origin.city), on_progress)
    by_number = {audited.origin.number: audited.result for audited in audits}
    if audits:
        _check_index(inspection, audits, by_number)
        _check_keys(inspection, audits[0])
        if strays := inspection.stray_runs(max(by_number) + 1):
            audits[0].result.fault(_("{strays} stored runs belong to no city", strays=strays))
    return [audited.result for audited in audits]


def _check_index(inspection: Inspection, audits: "list[_OriginPass]", by_number: dict[int, OriginAudit]) -> None:
    for number, index in inspection.wrongly_indexed():
        city = by_number[number].city if number in by_number else "?"
        origin_audit = by_number.get(number, audits[0].result)
        origin_audit.fault(
            _(
                "{record}: still in the subject index although destroyed, withheld or replaced",
                record=record_id(city, index),
            )
        )
    is_whole = not any(audited.result.fault_count for audited in audits)
    expected = sum(audited.subjects for audited in audits)
    if is_whole and (stored := inspection.count_subjects()) != expected:
        audits[0].result.fault(
            _(
                "the subject index has {stored} entries, but the records call for {expected}",
                stored=stored,
                expected=expected,
            )
        )


def _check_keys(inspection: Inspection, own: "_OriginPass") -> None:
    if own.origin.number == OWN:
        for index in inspection.damaged_keys():
            own.result.fault(
                _("{record}: the stored key of its row is damaged", record=record_id(own.origin.city, index))
            )
        for index in inspection.dangling_keys(own.origin.size):
            own.result.fault(
                _(
                    "{record}: an idempotency key points here, but this is not a current record",
                    record=record_id(own.origin.city, index),
                )
            )


class _OriginPass:
    """One pass over one origin's records."""

    def __init__(self, inspection: Inspection, origin: Origin) -> None:
        self.origin = origin
        self.result = OriginAudit(origin.city, origin.size)
        self.subjects = 0
        self._inspection = inspection
        self._frontier = Frontier()
        self._tiles = 0
        self._policy_change: tuple[Header, PolicyChange] | None = None
        self._unknown = 0

    def run(self, keys: Sequence[LogKey], on_progress: OnProgress) -> None:
        """Reads the origin once, then compares what it amounts to."""
        on_progress(self.origin.city, 0, self.origin.size)
        for labelled in self._inspection.runs(self.origin.number):
            for run, standard in labelled:
                self._check_label(run, standard)
            self._check_runs([run for run, _standard in labelled])
            on_progress(self.origin.city, self._frontier.size, self.origin.size)
        self._check_tree()
        self._check_checkpoint(keys)
        self._check_grant()

    def _check_runs(self, runs: Sequence[StoredRun]) -> None:
        """Checks runs that should stand one after the other, from where the last ones ended."""
        number, first, end = self.origin.number, self._frontier.size, runs[-1].end
        if any(run.first != before for run, before in zip(runs, [first, *(run.end for run in runs)], strict=False)):
            self.result.fault(_("records are missing or out of place after {id}", id=self._id(first)))
        fates = self._inspection.fates(number, runs[0].first, end)
        expected = [entry for run in runs if run.content is not None for entry in self._check_run(run, fates)]
        self.subjects += len(expected)
        for _key, row in self._inspection.missing_subjects([(key, position(number, index)) for key, index in expected]):
            self.result.fault(_("{id}: not in the subject index", id=self._id(split_position(row)[1])))
        tiles = self._frontier.extend([leaf_hash for run in runs for leaf_hash in split_hashes(run.hashes)])
        self._tiles += len(tiles)
        for tile in self._inspection.differing_tiles(number, tiles):
            self.result.fault(
                _("tile {height}/{number} does not match the leaves", height=tile.height, number=tile.number)
            )

    def _check_label(self, run: StoredRun, standard: str) -> None:
        """Readers that look for a standard go by the run's label."""
        try:
            known = cut_one(run, run.first).standard
        except NodeError:  # another fault names it
            return
        if standard != known:
            self.result.fault(
                _(
                    "{name}: stored as {standard!r}, but of {known!r}",
                    name=self._id(run.first),
                    standard=standard,
                    known=known,
                )
            )

    def _check_run(self, run: StoredRun, fates: Fates) -> list[IndexEntry]:
        """Checks the records of an open run; returns the index entries they must have."""
        self.result.open += run.length
        try:
            opened = open_run(run.content or b"", run.first, self.origin.city)
            records = cut(run)
        except NodeError as error:
            for index in range(run.first, run.end):
                self.result.fault(f"{self._id(index)}: {error.reason}")
            return []
        for record, leaf_hash in zip(records, split_hashes(opened.stored.hashes), strict=True):
            self._check_record(record, leaf_hash, fates)
        return [entry for entry in opened.entries if entry[1] not in fates.replaced]

    def _check_record(self, record: Record, leaf_hash: bytes, fates: Fates) -> None:
        name = self._id(record.index)
        if leaf_hash != record.leaf_hash:
            self.result.fault(_("{name}: what is held of it does not hash to its leaf", name=name))
        self._check_targets(record.header, name)
        if record.index in fates.retracted and self.origin.number != OWN:
            self.result.fault(_("{name}: retracted by its city, but not destroyed here", name=name))
        if record.index not in fates.replaced and not record.header.retracts:
            self._check_body(record, name)

    def _check_body(self, record: Record, name: str) -> None:
        try:
            body = read_body(record)
        except NodeError as error:
            if error.reason is Reason.UNKNOWN_STANDARD:
                self._unknown += 1
            else:
                self.result.fault(f"{name}: {error.message}")
            return
        if isinstance(body, PolicyChange):
            self._policy_change = record.header, body

    def _check_targets(self, header: Header, name: str) -> None:
        for kind, target in (("superseded", header.supersedes), ("retracted", header.retracts)):
            if target and not self._inspection.is_noted(self.origin.number, parse_record_id(target)[1], kind):
                self.result.fault(
                    _("{target}: {kind} by {name}, but not marked accordingly", target=target, kind=kind, name=name)
                )

    def _check_tree(self) -> None:
        origin, size = self.origin, self._frontier.size
        if size != origin.size:
            self.result.fault(
                _("{size} records are stored, but {verified} are verified", size=size, verified=origin.size)
            )
        elif self._frontier.root() != origin.root:
            self.result.fault(_("the leaves of {city} do not match its verified root", city=origin.city))
        if (stored := self._inspection.count_tiles(origin.number)) != self._tiles:
            self.result.fault(
                _("{stored} tiles are stored, but the leaves fill {tiles}", stored=stored, tiles=self._tiles)
            )
        if origin.number != OWN and (origin.verified, origin.withheld) != (self.result.open, size - self.result.open):
            self.result.fault(
                _(
                    "wrong counts: {verified} open and {withheld} withheld",
                    verified=origin.verified,
                    withheld=origin.withheld,
                )
            )

    def _check_checkpoint(self, keys: Sequence[LogKey]) -> None:
        origin = self.origin
        if origin.checkpoint is None:
            if origin.size:
                self.result.fault(
                    _("no signed checkpoint covers the {size} records of {city}", size=origin.size, city=origin.city)
                )
            return
        if not keys:
            self.result.notes.append(_("not a member in the federation file: its signature cannot be checked"))
            return
        try:
            checkpoint = verify_checkpoint(origin.checkpoint, log_name(origin.city), keys)
        except NodeError as error:
            self.result.fault(f"checkpoint: {error}")
            return
        self.result.is_signed, self.result.signed_size = True, checkpoint.size
        if checkpoint.size < origin.size or (checkpoint.size == origin.size and checkpoint.root != origin.root):
            self.result.fault(
                _(
                    "the checkpoint of {size} records does not match the {verified} verified records",
                    size=checkpoint.size,
                    verified=origin.size,
                )
            )
        elif checkpoint.size > origin.size:
            self.result.notes.append(
                _("catching up: {remaining} signed records still to come", remaining=checkpoint.size - origin.size)
            )

    def _check_grant(self) -> None:
        origin = self.origin
        if self._unknown:
            self.result.notes.append(
                _("this release does not know the standard or version of {unknown} records", unknown=self._unknown)
            )
        if origin.to_revise:
            self.result.notes.append(
                _("{to_revise} records are still shown under an earlier grant", to_revise=origin.to_revise)
            )
        for grant in self._announced():
            if grant != origin.wanted_grant:
                header = self._policy_change[0] if self._policy_change else Header()
                self.result.notes.append(
                    _("{id} announced a new grant: it takes effect with the next pull", id=header.id)
                )

    def _announced(self) -> Iterator[str]:
        """The grant for this node in the newest policy change of the origin that it may see."""
        if self._policy_change is None or self.origin.number == OWN:
            return
        own = self._inspection.origins()[0].city
        for grant in self._policy_change[1].grants:
            if (grant.peer, grant.purpose) == (own, self.origin.purpose):
                yield grant.grant

    def _id(self, index: int) -> str:
        return record_id(self.origin.city, index)
