"""Gives a city back what it lost: its peers hold the log that it signed, and the values that it let them see.

A peer writes what it holds of the city's log into a file (`return_log`); the city, restored from a backup and stopped,
takes up the files of several peers (`recover`). It believes them no more than any peer: each record must hash to a leaf
of the tree that the city's own key signed. What no peer was let see comes back as a hash alone.
"""

import os
import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from google.protobuf.message import DecodeError

from node.config import Config
from node.core.log.checkpoint import parse_checkpoint
from node.core.log.record import Record
from node.core.log.run import OpenedRun, StoredRun, cut, join, open_run
from node.core.log.trusted_log import MAX_BATCH_BYTES, TrustedLog, VerifiedBatch
from node.errors import FileError, NodeError, Reason, TransientError
from node.folder.clock import node_clock
from node.folder.data_lock import hold_data
from node.folder.files import load_federation
from node.folder.keyfile import load_log_key
from node.messages import _
from node.storage.sqlite.log import KnownAs
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.store import Store
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from node.usecases.casework.act_record import NOTICE
from node.usecases.casework.notices import receipts_known_as
from node.usecases.exchange.share import batches, held
from node.usecases.records.ingest import row_key

_LENGTH = struct.Struct(">I")


def return_log(reader: Reader, own: str, city: str, begin: int, out: Path) -> int:
    """Writes what this node holds of a city's log, from leaf `begin` on; returns the size it reaches.

    Each batch is a PullResponse as that city would have sent it, after its length in four bytes.

    Raises:
        NodeError: INVALID_ARGUMENT (the own log, or nothing beyond `begin` is held), NOT_FOUND, or UNAVAILABLE: this
            node is still catching up.
    """
    origin = reader.origin(city)
    if city == own or begin >= origin.size:
        raise NodeError(
            Reason.INVALID_ARGUMENT,
            _("this node holds no records of {city} beyond the first {begin}", city=city, begin=begin),
        )
    if origin.known is None or origin.known.size != origin.size:
        raise TransientError(Reason.UNAVAILABLE, _("still catching up with {city}: try again later", city=city))
    with os.fdopen(os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        for batch in batches(reader, origin, partial(held, reader, origin.number), begin, begin, origin.wanted_grant):
            file.write(_LENGTH.pack(len(batch)) + batch)
    return origin.size


class Recovered(NamedTuple):
    """Tree sizes before and after, and how many of the records between came back as hashes alone."""

    before: int
    after: int
    hashes: int


def recover(config: Config, files: Sequence[Path]) -> Recovered:
    """Takes up, in the log of a stopped node, what peers returned.

    Args:
        config: Of the node.
        files: What peers wrote; of each record the values of all of them come together.

    Raises:
        NodeError: ALREADY_RUNNING, INVALID_ARGUMENT (not such a file), or as `TrustedLog.verify_batch` where a file
            holds what this city did not sign, or not what follows; what was taken up before stands.
    """
    lock = hold_data(config.data_dir)
    store = Store(config.node_db, config.city, load_log_key(config.log_key), node_clock(config))
    try:
        return _take_up(store, config, [_read(file) for file in files])
    finally:
        store.close()
        os.close(lock)


def _take_up(store: Store, config: Config, copies: Sequence[list[PullResponse]]) -> Recovered:
    own = store.origin(config.city)
    keys = load_federation(config.federation).member(config.city).log_keys
    view = TrustedLog(config.city, keys, store.frontier(config.city), own.known)
    longest = max(copies, key=lambda batches: parse_checkpoint(batches[0].checkpoint).size)
    others = _records_of(copies, config.city)
    hashes = 0
    for batch in longest:
        verified = view.verify_batch(batch.SerializeToString())
        # After the check: what comes together may be more than a batch.
        runs, withheld = _together(verified, others, config.city)
        verified = verified._replace(runs=runs)
        store.adopt(verified, _known_as).result()
        view.accept(verified)
        hashes += withheld
    return Recovered(own.size, view.size, hashes)


def _read(file: Path) -> list[PullResponse]:
    """All batches of a file: a day's records of one city, not a whole log."""
    try:
        batches = list(_parse(file.read_bytes()))
    except (OSError, DecodeError, struct.error):
        batches = []
    if not batches:
        raise FileError(Reason.INVALID_ARGUMENT, str(file), _("is not a file written by `gongzhi peer return`"))
    return batches


def _parse(content: bytes) -> Iterator[PullResponse]:
    at = 0
    while at < len(content):
        (length,) = _LENGTH.unpack_from(content, at)
        at += _LENGTH.size
        if length > min(MAX_BATCH_BYTES, len(content) - at):
            raise DecodeError
        yield PullResponse.FromString(content[at : at + length])
        at += length


def _records_of(copies: Sequence[list[PullResponse]], city: str) -> Mapping[int, list[Record]]:
    """What any file discloses of each record, by leaf index."""
    records: dict[int, list[Record]] = defaultdict(list)
    for batch in (batch for part in copies for batch in part):
        at = batch.from_index
        for raw in batch.runs:
            try:
                run = open_run(raw, at, city).stored
            except NodeError:  # nobody can tell where the next one begins
                break
            at = run.end
            for record in cut(run) if run.content is not None else ():
                records[record.index].append(record)
    return records


def _together(verified: VerifiedBatch, others: Mapping[int, list[Record]], city: str) -> tuple[list[OpenedRun], int]:
    """The runs of a batch with every facet that any file discloses, and how many records are hashes alone."""
    records = [_merge(record, others.get(record.index, ())) for run in verified.runs for record in cut(run.stored)]
    return [_open(run, city) for run in join(records)], sum(not record.is_open for record in records)


def _merge(record: Record, others: Sequence[Record]) -> Record:
    """The record with every facet that another file discloses; what is not of this leaf does not count."""
    same = [other for other in others if other.leaf_hash == record.leaf_hash]
    if not record.is_open:
        if not same:
            return record
        record = same[0]
    openings = list(record.facets)
    for other in same:
        openings = [mine if mine is not None else theirs for mine, theirs in zip(openings, other.facets, strict=True)]
    pairs = zip(openings, record.commitments, strict=True)
    commitments = [commitment if opening is None else None for opening, commitment in pairs]
    return Record(record.index, record.leaf_hash, record.shared, record.own, openings, commitments)


def _open(run: StoredRun, city: str) -> OpenedRun:
    return OpenedRun(run, None, None, (), ()) if run.content is None else open_run(run.content, run.first, city)


def _known_as(record: Record) -> KnownAs:
    """A receipt by the acts it acknowledges; any other record as adapters key a row, by its first subject."""
    if not record.is_open:
        return KnownAs()
    header = record.header
    if header.standard == NOTICE:
        return receipts_known_as(record)
    if not header.subjects:
        return KnownAs()
    return KnownAs([row_key(header.standard, header.source, header.subjects[0].partition(":")[2])])
