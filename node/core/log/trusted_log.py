"""What this node believes of one peer's log: every rule of trust in one pure state machine.

Bytes in; a verified batch or a TrustError out. Nothing is believed until the batch's own tree, extended from
the verified cursor, is proven consistent with a checkpoint that the peer's pinned log key signed. After the
caller has stored a verified batch it calls `accept`; after a TrustError the whole TrustedLog is thrown away.
"""

from collections.abc import Sequence
from typing import NamedTuple, NoReturn, TypeVar

from google.protobuf.message import DecodeError

from node.core.log.checkpoint import Checkpoint, LogKey, log_name, verify_checkpoint
from node.core.log.merkle import EMPTY_ROOT, HASH_BYTES, Frontier, Tile, split_hashes, verify_consistency
from node.core.log.record import FORMAT, record_id
from node.core.log.run import OpenedRun, open_run
from node.errors import NodeError, Reason, TrustError
from node.messages import _
from node.stubs.exchange.v1.exchange_pb2 import PullResponse, ReviseResponse

MAX_BATCH_RECORDS = 2048
MIN_BATCH_RECORDS = 200
MAX_BATCH_BYTES = 1024 * 1024
# A batch below the minimum of records must at least be this large: large records make small batches.
MIN_BATCH_BYTES = MAX_BATCH_BYTES // 4
# Largest record of an own log: with it no batch need be too large, nor so small as to be a drip.
MAX_RECORD_BYTES = MAX_BATCH_BYTES // 2
# A leaf index has its place in 40 bits of a stored position.
MAX_TREE_SIZE = 1 << 40
# Most records that one message of a revision may pass over.
MAX_REVISION_SPAN = 20_000
_Message = TypeVar("_Message", PullResponse, ReviseResponse)


class VerifiedBatch(NamedTuple):
    """Proven runs that end at tree size `size`, under `checkpoint`."""

    runs: Sequence[OpenedRun]
    tiles: list[Tile]
    size: int
    root: bytes
    checkpoint: Checkpoint
    grant: str
    frontier: Frontier

    @property
    def length(self) -> int:
        """Number of records."""
        return sum(run.stored.length for run in self.runs)

    @property
    def size_bytes(self) -> int:
        """Of what is stored of it."""
        return sum(len(run.stored.content or run.stored.hashes) for run in self.runs)


class Revision(NamedTuple):
    """Runs that replace what is stored: every index in [begin, end) not in them stands as it was."""

    begin: int
    end: int
    runs: Sequence[OpenedRun]
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
            if error.reason is Reason.UNSUPPORTED_FORMAT:
                raise
            raise TrustError(error.reason, error.message) from error

    def accept(self, batch: VerifiedBatch) -> None:
        """Moves on to the end of a verified batch: call once it is stored."""
        self.frontier = batch.frontier
        self.known = batch.checkpoint

    def _verify_batch(self, raw: bytes) -> VerifiedBatch:
        # 1. The batch is of bounded size, parses, and is of this format.
        batch = _parse(PullResponse, raw)
        check_format(batch.format, self.city)
        # 2. It goes on exactly where the cursor stands, in a stream that is not over.
        self._check_place(batch)
        # 3. Its checkpoint is signed by a pinned key of this city; it and the grant are one for the whole stream.
        # 4. The checkpoint extends the newest one known: no roll-back, no fork.
        checkpoint = self._check_checkpoint(batch)
        # 5. Each run hashes to leaves, says it is of this log, and ends within the checkpoint.
        runs = self._open(batch, checkpoint)
        # 6. The batch is no drip.
        hashes = b"".join([run.stored.hashes for run in runs])
        self._check_length(batch, len(hashes) // HASH_BYTES, checkpoint)
        # 7. The tree so extended is consistent with the checkpoint.
        frontier = self.frontier.copy()
        tiles = frontier.extend(split_hashes(hashes))
        root = frontier.root()
        self._check_root(batch, hashes, frontier.size, root, checkpoint)
        return VerifiedBatch(runs, tiles, frontier.size, root, checkpoint, batch.grant, frontier)

    def _check_place(self, batch: PullResponse) -> None:
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

    def _check_checkpoint(self, batch: PullResponse) -> Checkpoint:
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

    def _open(self, batch: PullResponse, checkpoint: Checkpoint) -> list[OpenedRun]:
        runs: list[OpenedRun] = []
        at = batch.from_index
        for raw in batch.runs:
            run = open_run(raw, at, self.city)
            if runs and runs[-1].could_join(run):
                _distrust(Reason.UNDERSIZE_BATCH, _("the run from leaf {at} could stand in the one before", at=at))
            runs.append(run)
            at = run.stored.end
            self._check_end(at, checkpoint)  # before more is hashed
        return runs

    def _check_end(self, at: int, checkpoint: Checkpoint) -> None:
        if at > checkpoint.size:
            _distrust(Reason.ENDLESS_STREAM, _("more records than the {size} of the checkpoint", size=checkpoint.size))
        if at - self.size > MAX_BATCH_RECORDS:
            _distrust(
                Reason.OVERSIZE_BATCH, _("more than the {most} records that a batch may hold", most=MAX_BATCH_RECORDS)
            )

    def _check_length(self, batch: PullResponse, count: int, checkpoint: Checkpoint) -> None:
        left = checkpoint.size - self.size
        # The runs alone count: a drip could be padded with anything else.
        if count < min(MIN_BATCH_RECORDS, left) and sum(map(len, batch.runs)) < MIN_BATCH_BYTES:
            _distrust(
                Reason.UNDERSIZE_BATCH,
                _("only {count} records in a batch, with {left} left to send", count=count, left=left),
            )

    def _check_root(self, batch: PullResponse, hashes: bytes, size: int, root: bytes, checkpoint: Checkpoint) -> None:
        if size == 0:
            return
        try:
            verify_consistency(size, checkpoint.size, batch.consistency, root, checkpoint.root)
        except NodeError:
            self._blame_record(batch.leaf_hashes, hashes)
            raise

    def _blame_record(self, claimed: bytes, hashes: bytes) -> None:
        """Names the first record that does not hash to the leaf the peer claims for it, if there is one."""
        for at in range(0, len(hashes), HASH_BYTES):
            if claimed[at : at + HASH_BYTES] != hashes[at : at + HASH_BYTES]:
                name = record_id(self.city, self.size + at // HASH_BYTES)
                _distrust(
                    Reason.BAD_COMMITMENT, _("common, own and facets of {record} do not hash to its leaf", record=name)
                )


def check_format(stated: int, city: str) -> None:
    """Checks that a peer speaks of its log in this format.

    Raises:
        NodeError: UNSUPPORTED_FORMAT. It is no lie: nobody is frozen for an old release.
    """
    if stated != FORMAT:
        raise NodeError(
            Reason.UNSUPPORTED_FORMAT,
            _(
                "{city} sends log format {stated}; this release reads format {format} alone: upgrade {city}",
                city=city,
                stated=stated or 1,
                format=FORMAT,
            ),
        )


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
    # 2. Its runs are of records within, in order, each hashing to the leaf proven before.
    runs: list[OpenedRun] = []
    for item in batch.runs:
        previous = runs[-1].stored.end if runs else begin
        run = _open_revised(item.run, city, item.first)
        if not previous <= item.first < run.stored.end <= batch.to_index:
            _distrust(Reason.BAD_REVISION, _("the run from leaf {index} is out of order", index=item.first))
        if runs and previous == item.first and runs[-1].could_join(run):
            _distrust(Reason.UNDERSIZE_BATCH, _("the run from leaf {at} could stand in the one before", at=item.first))
        _check_proven(run, city, leaf_hashes[item.first - begin : run.stored.end - begin])
        runs.append(run)
    # 3. It is no drip.
    is_short = batch.to_index < min(upto, begin + MIN_BATCH_RECORDS)
    if is_short and sum(len(item.run) for item in batch.runs) < MIN_BATCH_BYTES:
        _distrust(
            Reason.UNDERSIZE_BATCH,
            _(
                "a revision of only {count} records, with {left} left to send",
                count=batch.to_index - begin,
                left=upto - begin,
            ),
        )
    return Revision(begin, batch.to_index, runs, batch.grant)


def _open_revised(run: bytes, city: str, first: int) -> OpenedRun:
    try:
        return open_run(run, first, city)
    except TrustError:
        raise
    except NodeError as error:
        raise TrustError(Reason.BAD_REVISION, error.message) from error


def _check_proven(run: OpenedRun, city: str, leaf_hashes: Sequence[bytes]) -> None:
    for index, (opened, proven) in enumerate(
        zip(split_hashes(run.stored.hashes), leaf_hashes, strict=True), run.stored.first
    ):
        if opened != proven:
            _distrust(
                Reason.BAD_REVISION,
                _("what is sent of {record} does not hash to its leaf", record=record_id(city, index)),
            )


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
