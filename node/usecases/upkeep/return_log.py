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
from node.core.log.record import open_wire
from node.core.log.trusted_log import MAX_BATCH_BYTES, TrustedLog, VerifiedRecord, check_header
from node.errors import FileError, NodeError, Reason, TransientError
from node.folder.clock import node_clock
from node.folder.data_lock import hold_data
from node.folder.files import load_federation
from node.folder.keyfile import load_log_key
from node.messages import _
from node.storage.sqlite.log import KnownAs
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.store import Store
from node.stubs.exchange.v1.exchange_pb2 import RawPullResponse
from node.stubs.record.v1.record_pb2 import View
from node.usecases.casework.act_record import NOTICE
from node.usecases.casework.notices import receipts_known_as
from node.usecases.exchange.share import batches, fitting
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
        for batch in batches(reader, origin, partial(_held, reader, origin.number), begin, begin, origin.wanted_grant):
            file.write(_LENGTH.pack(len(batch)) + batch)
    return origin.size


def _held(reader: Reader, number: int, begin: int, end: int) -> tuple[list[bytes], list[bytes]]:
    rows = reader.records(number, begin, end)
    views = fitting(view or View(leaf_hash=leaf_hash).SerializeToString() for _, leaf_hash, view in rows)
    return views, [leaf_hash for _, leaf_hash, _ in rows[: len(views)]]


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


def _take_up(store: Store, config: Config, copies: Sequence[list[RawPullResponse]]) -> Recovered:
    own = store.origin(config.city)
    keys = load_federation(config.federation).member(config.city).log_keys
    view = TrustedLog(config.city, keys, store.frontier(config.city), own.known)
    longest = max(copies, key=lambda batches: parse_checkpoint(batches[0].checkpoint).size)
    open_views = _open_views(copies)
    hashes = 0
    for batch in longest:
        verified = view.verify_batch(batch.SerializeToString())
        records = [
            _merge(config.city, record, raw, open_views.get(record.leaf_index, ()))
            for record, raw in zip(verified.records, batch.views, strict=True)
        ]
        verified = verified._replace(records=records)  # after the check: what comes together may be more than a batch
        store.adopt(verified, _known_as).result()
        view.accept(verified)
        hashes += sum(record.view is None for record in verified.records)
    return Recovered(own.size, view.size, hashes)


def _read(file: Path) -> list[RawPullResponse]:
    """All batches of a file: a day's records of one city, not a whole log."""
    try:
        batches = list(_parse(file.read_bytes()))
    except (OSError, DecodeError, struct.error):
        batches = []
    if not batches:
        raise FileError(Reason.INVALID_ARGUMENT, str(file), _("is not a file written by `gongzhi peer return`"))
    return batches


def _parse(content: bytes) -> Iterator[RawPullResponse]:
    at = 0
    while at < len(content):
        (length,) = _LENGTH.unpack_from(content, at)
        at += _LENGTH.size
        if length > min(MAX_BATCH_BYTES, len(content) - at):
            raise DecodeError
        yield RawPullResponse.FromString(content[at : at + length])
        at += length


def _open_views(copies: Sequence[list[RawPullResponse]]) -> Mapping[int, list[bytes]]:
    """What any file shows of each record, by leaf index."""
    views: dict[int, list[bytes]] = defaultdict(list)
    for batch in (batch for part in copies for batch in part):
        for index, raw in enumerate(batch.views, batch.from_index):
            if not View.FromString(raw).leaf_hash:
                views[index].append(raw)
    return views


def _merge(city: str, record: VerifiedRecord, raw: bytes, others: Sequence[bytes]) -> VerifiedRecord:
    """The record with every facet that another view of it shows; views of other records do not count."""
    merged = View.FromString(raw)
    for other in others:
        if _hash(other) == record.leaf_hash:
            shown = View.FromString(other)
            if merged.leaf_hash:
                merged.CopyFrom(shown)
            for mine, theirs in zip(merged.facets, shown.facets, strict=True):
                if theirs.salt:
                    mine.CopyFrom(theirs)
    wire = merged.SerializeToString()
    header = open_wire(wire).header
    if header is None:
        return record
    check_header(header, city, record.leaf_index)
    return record._replace(header=header, view=wire)


def _hash(raw: bytes) -> bytes | None:
    try:
        return open_wire(raw).leaf_hash
    except NodeError:
        return None


def _known_as(record: VerifiedRecord) -> KnownAs:
    """A receipt by the acts it acknowledges; any other record as adapters key a row, by its first subject."""
    header, view = record.header, record.view
    if header is None or view is None:
        return KnownAs()
    if header.standard == NOTICE:
        return receipts_known_as(view)
    if not header.subjects:
        return KnownAs()
    return KnownAs([row_key(header.standard, header.source, header.subjects[0].partition(":")[2])])
