"""What this node vouches for as a witness of its peers' logs, what others vouch for, and what it only heard of.

Bounded whatever anyone tells: a few checkpoints a log, one cosignature a witness and checkpoint, and one checkpoint
heard a log and teller.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from node.core.log.checkpoint import parse_checkpoint
from node.core.log.cosignature import Cosignature, Cosigned
from node.core.log.merkle import EMPTY_ROOT
from node.errors import NodeError, Reason
from node.messages import _
from node.ports import Clock
from node.storage.sqlite.peer_state import PeerStates
from node.storage.sqlite.replica import read_origin
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.writer import Submit

# Of each log are kept: the largest checkpoint that each witness cosigned, and those that most witnesses did.
KEPT_BEST = 4


class Kept(NamedTuple):
    """A checkpoint of the verified tree, the number of its cosignatures, and the note with all lines."""

    size: int
    witnesses: int
    note: bytes


class Heard(NamedTuple):
    """A signed checkpoint of a log beyond what this node has verified of it, and who told."""

    teller: str
    size: int
    note: bytes


class WitnessProgress(NamedTuple):
    """How far a witness is: the size of the largest checkpoint kept that it cosigned, and when (Unix seconds)."""

    size: int
    at_s: int


NO_PROGRESS = WitnessProgress(0, 0)


class Signed(NamedTuple):
    """Size and root of a tree that this node has cosigned."""

    size: int = 0
    root: bytes = EMPTY_ROOT


class Checkpoints:
    """Reads what is kept of the checkpoints of every log: those cosigned, and those only heard of."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        """Opens nothing: `connect` gives the connection to ask by, at each question."""
        self._connect = connect

    def cosigned(self, city: str) -> list[Kept]:
        """The cosigned checkpoints of a log, newest first."""
        connection = self._connect()
        notes = connection.execute(
            "SELECT size, note FROM cosigned WHERE city = ? ORDER BY size DESC", (city,)
        ).fetchall()
        lines: dict[int, list[bytes]] = {size: [] for size, _ in notes}
        for size, line in connection.execute(
            "SELECT size, line FROM cosignature WHERE city = ? ORDER BY size, witness", (city,)
        ):
            if size in lines:  # else it came after the notes were read: a reader sees two states here
                lines[size].append(line)
        return [Kept(size, len(lines[size]), note + b"".join(lines[size])) for size, note in notes]

    def best_cosigned(self, city: str, above: int = 0) -> Kept | None:
        """The checkpoint of more than `above` records that most witnesses cosigned, the newest of several."""
        kept = (each for each in self.cosigned(city) if each.size > above)
        return max(kept, key=lambda each: (each.witnesses, each.size), default=None)

    def is_news(self, city: str, cosigned: Cosigned) -> bool:
        """Whether it has a line that is not kept, and that would be."""
        size, kept = cosigned.checkpoint.size, {each.size: each.witnesses for each in self.cosigned(city)}
        progress = self.progress(city)
        if any(size > progress.get(each.key.name, NO_PROGRESS).size for each in cosigned.cosignatures):
            return True
        best = sorted(((count, at) for at, count in kept.items()), reverse=True)[:KEPT_BEST]
        is_better = len(best) < KEPT_BEST or (len(cosigned.cosignatures), size) > best[-1]
        return is_better and len(cosigned.cosignatures) > kept.get(size, 0)

    def progress(self, city: str) -> dict[str, WitnessProgress]:
        """Of each witness of a log, by the name of its key, how far it is."""
        rows = self._connect().execute(
            "SELECT witness, max(size), at_s FROM cosignature WHERE city = ? GROUP BY witness", (city,)
        )
        return {witness: WitnessProgress(size, at_s) for witness, size, at_s in rows}

    def signed(self, city: str) -> Signed:
        """The largest tree of a log that this node has cosigned; the empty one where it has none."""
        row = self._connect().execute("SELECT size, root FROM witnessed WHERE city = ?", (city,)).fetchone()
        return Signed(*row) if row else Signed()

    def heard(self, city: str) -> list[Heard]:
        """What was heard of a log beyond what this node has verified of it."""
        rows = self._connect().execute(
            "SELECT teller, size, note FROM heard WHERE city = ? ORDER BY size, teller", (city,)
        )
        return [Heard(*row) for row in rows]

    def largest_heard(self, city: str) -> int:
        """Size of the largest checkpoint of a log that was heard beyond what this node has verified; 0 for none."""
        (size,) = self._connect().execute("SELECT coalesce(max(size), 0) FROM heard WHERE city = ?", (city,)).fetchone()
        return int(size)


class WritableCheckpoints(Checkpoints):
    """Also keeps them. A returned future is resolved once its writes are durable."""

    def __init__(self, connect: Callable[[], Connection], submit: Submit, clock: Clock) -> None:
        """Opens nothing.

        Args:
            connect: Gives the connection to ask by.
            submit: Runs a job in the writer's next transaction (`Writer.submit`).
            clock: Dates what was heard.
        """
        super().__init__(connect)
        self._submit = submit
        self._clock = clock

    def cosign_newest(
        self, city: str, make: Callable[[bytes], tuple[Cosigned, Cosignature]]
    ) -> "Future[Cosigned | None]":
        """Cosigns the newest checkpoint of a log as this store holds it, whole.

        What is signed is read and noted down in one transaction; the signature leaves the node only after it is
        durable. Otherwise, of two calls side by side, the one of the smaller tree could come last, be noted as the
        newest, and let a tree be signed later that contradicts the larger (the race in C2SP tlog-witness).

        The future raises NodeError TREE_ROLLED_BACK where this node has cosigned another tree of this log.

        Args:
            city: Slug of the log's city.
            make: The checkpoint's note -> the checkpoint, and this node's cosignature of it. Runs in the transaction.

        Returns:
            The cosigned checkpoint; None where there is nothing to sign: the log is empty, not verified to the end of
            its newest checkpoint, or not to be trusted, or a larger checkpoint of it is known.
        """
        # Not patient: a pull waits for it.
        return self._submit(lambda connection: _cosign_newest(connection, city, make), is_patient=False)

    def put_cosigned(self, city: str, cosigned: Cosigned) -> "Future[None]":
        """Keeps a checkpoint of the verified tree with further cosignatures; drops the least useful of what is kept."""
        # Not patient: a peer waits for the answer.
        return self._submit(lambda connection: _put_cosigned(connection, city, cosigned), is_patient=False)

    def put_heard(self, city: str, heard: Heard) -> "Future[bytes | None]":
        """Keeps the largest checkpoint of a log that a peer told.

        Resolves to the note of one of its size with another root, if any; then nothing is kept.
        """
        at_ms = self._clock.now_ms()
        return self._submit(lambda connection: _put_heard(connection, city, heard, at_ms))

    def drop_heard(self, city: str, settled: Sequence[Heard]) -> "Future[None]":
        """Forgets what was heard and has been held against the tree since."""
        return self._submit(lambda connection: _drop_heard(connection, city, settled))


def _put_cosigned(connection: Connection, city: str, cosigned: Cosigned) -> None:
    size = cosigned.checkpoint.size
    connection.execute(
        "INSERT OR REPLACE INTO cosigned (city, size, note) VALUES (?, ?, ?)", (city, size, cosigned.checkpoint.note)
    )
    connection.executemany(
        "INSERT INTO cosignature (city, size, witness, at_s, line) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (city, size, witness) DO UPDATE SET at_s = excluded.at_s, line = excluded.line"
        " WHERE excluded.at_s > at_s",
        [(city, size, each.key.name, each.at_s, each.line) for each in cosigned.cosignatures],
    )
    _trim(connection, city)


def _trim(connection: Connection, city: str) -> None:
    checkpoints = Checkpoints(lambda: connection)
    kept = sorted(((each.witnesses, each.size) for each in checkpoints.cosigned(city)), reverse=True)
    newest = {each.size for each in checkpoints.progress(city).values()}
    useful = newest | {size for _witnesses, size in kept[:KEPT_BEST]}
    for _witnesses, size in kept:
        if size not in useful:
            connection.execute("DELETE FROM cosigned WHERE city = ? AND size = ?", (city, size))
            connection.execute("DELETE FROM cosignature WHERE city = ? AND size = ?", (city, size))


def _cosign_newest(
    connection: Connection, city: str, make: Callable[[bytes], tuple[Cosigned, Cosignature]]
) -> Cosigned | None:
    origin = read_origin(connection, city)
    known = origin.known if origin else None
    if origin is None or known is None or known.size == 0 or (known.size, known.root) != (origin.size, origin.root):
        return None
    is_behind = Checkpoints(lambda: connection).largest_heard(city) > known.size
    if is_behind or PeerStates(lambda: connection).state(city).frozen:
        return None
    # Compare-and-swap: never a smaller tree than the last, never another of its size.
    swapped = connection.execute(
        "INSERT INTO witnessed (city, size, root) VALUES (?, ?, ?)"
        " ON CONFLICT (city) DO UPDATE SET size = excluded.size, root = excluded.root"
        " WHERE excluded.size > size OR (excluded.size = size AND excluded.root = root)",
        (city, known.size, known.root),
    )
    if swapped.rowcount != 1:
        raise NodeError(
            Reason.TREE_ROLLED_BACK, _("{city}: this node cosigned a tree that this one does not contain", city=city)
        )
    checkpoint, own = make(known.note)
    _put_cosigned(connection, city, checkpoint.joined([own]))
    return checkpoint.joined([own])


def _put_heard(connection: Connection, city: str, heard: Heard, at_ms: int) -> bytes | None:
    root = parse_checkpoint(heard.note).root
    for other in Checkpoints(lambda: connection).heard(city):
        if other.size == heard.size and parse_checkpoint(other.note).root != root:
            return other.note
    connection.execute(
        "INSERT INTO heard (city, teller, size, note, at_ms) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (city, teller) DO UPDATE SET size = excluded.size, note = excluded.note, at_ms = excluded.at_ms"
        " WHERE excluded.size > size",
        (city, heard.teller, heard.size, heard.note, at_ms),
    )
    return None


def _drop_heard(connection: Connection, city: str, settled: Iterable[Heard]) -> None:
    connection.executemany(
        "DELETE FROM heard WHERE city = ? AND teller = ? AND size = ?",
        [(city, heard.teller, heard.size) for heard in settled],
    )
