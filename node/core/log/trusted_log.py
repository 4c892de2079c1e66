"""What this node believes of one peer's log: every rule of trust in one pure state machine.

Bytes in; a verified batch or a TrustError out. Nothing is believed until the batch's own tree, extended from
the verified cursor, is proven consistent with a checkpoint that the peer's pinned log key signed. After the
caller has stored a verified batch it calls `accept`; after a TrustError the whole TrustedLog is thrown away.
"""

from collections.abc import Sequence
from typing import NamedTuple, NoReturn, TypeVar

from google.protobuf.message import DecodeError

from node.core.log.checkpoint import Checkpoint, LogKey, log_name, verify_checkpoint
from node.core.log.merkle import EMPTY_ROOT, HASH_BYTES, Frontier, Tile, verify_consistency
from node.core.log.record import open_wire, parse_record_id, record_id
from node.errors import NodeError, Reason, TrustError
from node.messages import _
from node.stubs.exchange.v1.exchange_pb2 import RawPullResponse, ReviseResponse
from node.stubs.record.v1.record_pb2 import Header

MAX_BATCH_VIEWS = 500
MIN_BATCH_VIEWS = 200
MAX_BATCH_BYTES = 1024 * 1024
# A batch below the minimum of views must at least be this large: large records make small batches.
MIN_BATCH_BYTES = MAX_BATCH_BYTES // 4
# Largest record of an own log: with it no batch need be too large, nor so small as to be a drip.
MAX_RECORD_BYTES = MAX_BATCH_BYTES // 2
# A leaf index has its place in 40 bits of a stored position.
MAX_TREE_SIZE = 1 << 40
# Most records that one message of a revision may pass over.
MAX_REVISION_SPAN = 20_000
_Message = TypeVar("_Message", RawPullResponse, ReviseResponse)


class VerifiedRecord(NamedTuple):
    """A record proven to stand at `leaf_index`; header and view are None where it is withheld whole."""

    leaf_index: int
    leaf_hash: bytes
    header: Header | None
    view: bytes | None


class VerifiedBatch(NamedTuple):
    """A proven run of records that ends at tree size `size`, under `checkpoint`."""

    records: list[VerifiedRecord]
    tiles: list[Tile]
    size: int
    root: bytes
    checkpoint: Checkpoint
    grant: str
    frontier: Frontier


class Revision(NamedTuple):
    """Views that replace stored ones: every index in [begin, end) not listed stands as it was."""

    begin: int
    end: int
    records: list[VerifiedRecord]
    grant: str


class TrustedLog:
    """The verified state of one origin's log and the rules that move it on."""

    def __init__(self, city: str, keys: Sequence[LogKey], frontier: Frontier, known: Checkpoint | None) -> None:
        """Takes up where the store stands.

        Args:
            city: Slug of the origin.
            keys: Its pinned log keys.
            frontier: The verified tree, up to the cursor.
            known: The newest checkpoint verified so far; never smaller than the frontier.
        """
        self.city = city
        self.frontier = frontier
        self.known = known
        self._keys = keys
        self._stream: Checkpoint | None = None
        self._grant = ""

    @property
    def size(self) -> int:
        """The cursor: verified tree size."""
        return self.frontier.size

    @property
    def is_complete(self) -> bool:
        """Whether the cursor has reached the checkpoint of the stream under way."""
        return self._stream is not None and self.size == self._stream.size

    def verify_batch(self, raw: bytes) -> VerifiedBatch:
        """Checks one batch against everything known of the log.

        Raises:
            TrustError: With the reason of the first rule that the batch breaks.
        """
        try:
            return self._verify_batch(raw)
        except TrustError:
            raise
        except NodeError as error:
            raise TrustError(error.reason, error.message) from error

    def accept(self, batch: VerifiedBatch) -> None:
        """Moves on to the end of a verified batch: call once it is stored."""
        self.frontier = batch.frontier
        self.known = batch.checkpoint

    def _verify_batch(self, raw: bytes) -> VerifiedBatch:
        # 1. The batch is of bounded size and parses.
        batch = _parse(RawPullResponse, raw)
        # 2. It goes on exactly where the cursor stands, in a stream that is not over.
        self._check_place(batch)
        # 3. Its checkpoint is signed by a pinned key of this city; it and the grant are one for the whole stream.
        # 4. The checkpoint extends the newest one known: no roll-back, no fork.
        checkpoint = self._check_checkpoint(batch)
        # 5. It ends within the checkpoint, and is no drip.
        self._check_length(batch, checkpoint)
        # 6. Each view hashes to a leaf, and says it is the record of this place in this log.
        records = [self._open(index, view) for index, view in enumerate(batch.views, batch.from_index)]
        # 7. The tree so extended is consistent with the checkpoint.
        frontier = self.frontier.copy()
        tiles = frontier.extend([record.leaf_hash for record in records])
        root = frontier.root()
        self._check_root(batch, records, frontier.size, root, checkpoint)
        return VerifiedBatch(records, tiles, frontier.size, root, checkpoint, batch.grant, frontier)

    def _check_place(self, batch: RawPullResponse) -> None:
        if self.is_complete:
            _distrust(Reason.ENDLESS_STREAM, _("a batch after the stream reached its checkpoint"))
        if batch.from_index < self.size:
            _distrust(
                Reason.BATCH_REPLAYED,
                _(
                    "the batch begins at {begin}; this log is verified up to {size}",
                    begin=batch.from_index,
                    size=self.size,
                ),
            )
        if batch.from_index > self.size:
            _distrust(
                Reason.BATCH_GAP,
                _(
                    "the batch begins at {begin}; this log is verified up to {size}",
                    begin=batch.from_index,
                    size=self.size,
                ),
            )

    def _check_checkpoint(self, batch: RawPullResponse) -> Checkpoint:
        if self._stream is None:
            checkpoint = verify_checkpoint(batch.checkpoint, log_name(self.city), self._keys)
            if checkpoint.size > MAX_TREE_SIZE or (checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT):
                _distrust(Reason.BAD_CHECKPOINT, _("no log of {size} records has this root", size=checkpoint.size))
            self._check_extends_known(checkpoint, batch.known_consistency)
            self._stream, self._grant = checkpoint, batch.grant
        elif batch.checkpoint != self._stream.note:
            _distrust(Reason.BAD_CHECKPOINT, _("the checkpoint changed in the middle of a stream"))
        elif batch.grant != self._grant:
            _distrust(Reason.GRANT_CHANGED, _("the grant changed in the middle of a stream"))
        return self._stream

    def _check_extends_known(self, checkpoint: Checkpoint, proof: Sequence[bytes]) -> None:
        known = self.known
        if known is None or known.size == 0:
            return
        if checkpoint.size < known.size:
            _distrust(
                Reason.TREE_ROLLED_BACK,
                _(
                    "the checkpoint covers {size} records; an earlier one covered {known}",
                    size=checkpoint.size,
                    known=known.size,
                ),
            )
        try:
            verify_consistency(known.size, checkpoint.size, proof, known.root, checkpoint.root)
        except NodeError as error:
            _distrust(Reason.TREE_FORKED, _("the checkpoint does not extend the known one: {why}", why=error.message))

    def _check_length(self, batch: RawPullResponse, checkpoint: Checkpoint) -> None:
        count, left = len(batch.views), checkpoint.size - self.size
        if count > left:
            _distrust(Reason.ENDLESS_STREAM, _("more records than the {size} of the checkpoint", size=checkpoint.size))
        if count > MAX_BATCH_VIEWS:
            _distrust(
                Reason.OVERSIZE_BATCH,
                _("{count} records in a batch; at most {most} are allowed", count=count, most=MAX_BATCH_VIEWS),
            )
        # The views alone count: a drip could be padded with anything else.
        if count < min(MIN_BATCH_VIEWS, left) and sum(map(len, batch.views)) < MIN_BATCH_BYTES:
            _distrust(
                Reason.UNDERSIZE_BATCH,
                _("only {count} records in a batch, with {left} left to send", count=count, left=left),
            )

    def _open(self, index: int, view: bytes) -> VerifiedRecord:
        leaf_hash, header = open_wire(view)
        if header is None:
            return VerifiedRecord(index, leaf_hash, None, None)
        check_header(header, self.city, index)
        return VerifiedRecord(index, leaf_hash, header, view)

    def _check_root(
        self, batch: RawPullResponse, records: list[VerifiedRecord], size: int, root: bytes, checkpoint: Checkpoint
    ) -> None:
        if size == 0:
            return
        try:
            verify_consistency(size, checkpoint.size, batch.consistency, root, checkpoint.root)
        except NodeError:
            self._blame_record(batch.leaf_hashes, records)
            raise

    def _blame_record(self, claimed: bytes, records: list[VerifiedRecord]) -> None:
        """Names the first record that does not hash to the leaf the peer claims for it, if there is one."""
        for place, record in enumerate(records):
            if claimed[place * HASH_BYTES : (place + 1) * HASH_BYTES] != record.leaf_hash:
                name = record_id(self.city, record.leaf_index)
                _distrust(
                    Reason.BAD_COMMITMENT, _("header and facets of {record} do not hash to its leaf", record=name)
                )


def check_header(header: Header, city: str, index: int) -> None:
    """Checks that a header says what its place in the log says.

    Raises:
        TrustError: WRONG_CITY or WRONG_RECORD_ID.
    """
    if header.city != city:
        _distrust(
            Reason.WRONG_CITY, _("a record of {named!r} in the log of {city!r}", named=header.city[:40], city=city)
        )
    if header.id != record_id(city, index):
        _distrust(
            Reason.WRONG_RECORD_ID,
            _("leaf {index} of {city} holds a record with the id {id!r}", index=index, city=city, id=header.id[:80]),
        )
    for target in (header.supersedes, header.retracts):
        if target and not _is_earlier(target, city, index):
            _distrust(
                Reason.WRONG_RECORD_ID,
                _(
                    "{record} replaces or retracts {target!r}, which is not before it in this log",
                    record=header.id,
                    target=target[:80],
                ),
            )


def _is_earlier(target: str, city: str, index: int) -> bool:
    try:
        target_city, target_index = parse_record_id(target)
    except NodeError:
        return False
    return target_city == city and target_index < index


def verify_revision(raw: bytes, city: str, begin: int, upto: int, leaf_hashes: Sequence[bytes]) -> Revision:
    """Checks views that are to replace stored ones against the leaf hashes already proven.

    Args:
        raw: A ReviseResponse.
        city: Slug of the origin.
        begin: The index the revision must go on from.
        upto: The index it must not pass.
        leaf_hashes: The stored leaf hashes from `begin` on, as far as MAX_REVISION_SPAN and `upto` allow.

    Raises:
        TrustError: MALFORMED_BATCH, OVERSIZE_BATCH, UNDERSIZE_BATCH, BATCH_GAP, BAD_REVISION, WRONG_CITY or
            WRONG_RECORD_ID.
    """
    batch = _parse(ReviseResponse, raw)
    # 1. It goes on where the last one ended, by a step that is not too long.
    if batch.from_index != begin or not begin < batch.to_index <= min(upto, begin + MAX_REVISION_SPAN):
        _distrust(
            Reason.BATCH_GAP,
            _(
                "wrong revision [{first}, {end}): {begin} to at most {upto} was asked for",
                first=batch.from_index,
                end=batch.to_index,
                begin=begin,
                upto=min(upto, begin + MAX_REVISION_SPAN),
            ),
        )
    # 2. Its views are those of records within, in order, each hashing to the leaf proven before.
    records: list[VerifiedRecord] = []
    for item in batch.views:
        previous = records[-1].leaf_index if records else begin - 1
        if not previous < item.index < batch.to_index:
            _distrust(Reason.BAD_REVISION, _("index {index} of the revision is out of order", index=item.index))
        records.append(_revised(item.view.SerializeToString(), city, item.index, leaf_hashes[item.index - begin]))
    # 3. It is no drip.
    is_short = batch.to_index < min(upto, begin + MIN_BATCH_VIEWS)
    if is_short and sum(item.view.ByteSize() for item in batch.views) < MIN_BATCH_BYTES:
        _distrust(
            Reason.UNDERSIZE_BATCH,
            _(
                "a revision of only {count} records, with {left} left to send",
                count=batch.to_index - begin,
                left=upto - begin,
            ),
        )
    return Revision(begin, batch.to_index, records, batch.grant)


def _revised(view: bytes, city: str, index: int, leaf_hash: bytes) -> VerifiedRecord:
    try:
        opened = open_wire(view)
    except NodeError as error:
        raise TrustError(Reason.BAD_REVISION, error.message) from error
    if opened.leaf_hash != leaf_hash:
        _distrust(
            Reason.BAD_REVISION, _("the view of {record} does not hash to its leaf", record=record_id(city, index))
        )
    if opened.header is None:
        return VerifiedRecord(index, leaf_hash, None, None)
    # Of a record withheld whole until now nobody has read the header yet.
    check_header(opened.header, city, index)
    return VerifiedRecord(index, leaf_hash, opened.header, view)


def _parse(kind: type[_Message], raw: bytes) -> _Message:
    if len(raw) > MAX_BATCH_BYTES:
        _distrust(
            Reason.OVERSIZE_BATCH,
            _("{size} bytes in a batch; at most {most} are allowed", size=len(raw), most=MAX_BATCH_BYTES),
        )
    try:
        return kind.FromString(raw)
    except DecodeError as error:
        raise TrustError(Reason.MALFORMED_BATCH, _("not a {name}", name=kind.DESCRIPTOR.name)) from error


def _distrust(reason: Reason, message: str) -> NoReturn:
    raise TrustError(reason, message)
