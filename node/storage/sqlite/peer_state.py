"""The state of each peer: failures, back-off, freeze; and the incidents that froze one."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import sha256

from node.core.log.payload import may_hold
from node.errors import NodeError, Reason
from node.messages import _
from node.ports import Clock
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.writer import Submit

MAX_INCIDENTS_PER_CITY = 100


@dataclass(frozen=True)
class PeerState:
    """How pulling from a peer goes.

    Attributes:
        failures: Failed attempts in a row.
        next_attempt_at_ms: No pull by schedule before this moment.
        frozen: The peer sent what cannot be true; no pull until an officer releases it.
    """

    city: str
    failures: int = 0
    next_attempt_at_ms: int = 0
    frozen: bool = False
    last_reason: str = ""
    last_error: str = ""


@dataclass(frozen=True)
class Incident:
    """What a peer sent that cannot be true; the payload itself is read by number."""

    number: int
    city: str
    reason: str
    message: str
    at_ms: int
    payload_bytes: int


class PeerStates:
    """Reads how it goes with each peer, and what peers sent that cannot be true."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        """Opens nothing: `connect` gives the connection to ask by, at each question."""
        self._connect = connect

    def state(self, city: str) -> PeerState:
        """The state of a peer; a fresh one where nothing is stored."""
        select = "SELECT city, failures, next_attempt_at_ms, frozen, last_reason, last_error FROM link WHERE city = ?"
        row = self._connect().execute(select, (city,)).fetchone()
        return PeerState(row[0], row[1], row[2], bool(row[3]), row[4], row[5]) if row else PeerState(city)

    def clocks(self) -> dict[str, int]:
        """City -> by how many milliseconds its clock was ahead of this node's when it was last asked."""
        return dict(self._connect().execute("SELECT city, ahead_ms FROM peer_clock"))

    def forks(self) -> list[bytes]:
        """The payload of every fork for which a log is frozen now."""
        rows = self._connect().execute(
            "SELECT evidence FROM incident WHERE number IN (SELECT max(number) FROM incident JOIN link USING (city)"
            " WHERE reason = ? AND frozen AND last_reason = ? GROUP BY city)",
            (Reason.LOG_FORKED, Reason.LOG_FORKED),
        )
        return [bytes(payload) for (payload,) in rows]

    def incidents(self, limit: int = 100) -> list[Incident]:
        """The newest incidents, newest first."""
        rows = self._connect().execute(
            "SELECT number, city, reason, message, at_ms, length(evidence) FROM incident ORDER BY number DESC LIMIT ?",
            (limit,),
        )
        return [Incident(*row) for row in rows]

    def payload(self, incident: int) -> bytes:
        """What the peer sent in an incident, by its number.

        Raises:
            NodeError: NOT_FOUND; where it was destroyed the text has its SHA-256.
        """
        row = self._connect().execute("SELECT evidence, digest FROM incident WHERE number = ?", (incident,)).fetchone()
        if row is None:
            raise NodeError(Reason.NOT_FOUND, _("no incident {number}", number=incident))
        if row[1] is not None:
            text = _(
                "the payload of incident {number} (SHA-256 {digest}) is gone: its term ended or a record was retracted",
                number=incident,
                digest=row[1].hex(),
            )
            raise NodeError(Reason.NOT_FOUND, text)
        return bytes(row[0])


class WritablePeerStates(PeerStates):
    """Also keeps it. A returned future is resolved once its writes are durable."""

    def __init__(self, connect: Callable[[], Connection], submit: Submit, clock: Clock) -> None:
        """Opens nothing.

        Args:
            connect: Gives the connection to ask by.
            submit: Runs a job in the writer's next transaction (`Writer.submit`).
            clock: Dates the incidents.
        """
        super().__init__(connect)
        self._submit = submit
        self._clock = clock

    def set_state(self, state: PeerState) -> "Future[None]":
        """Stores the state of a peer, unless a fork froze it: a pull under way may not know of that yet."""
        return self._submit(lambda connection: _write_state(connection, state))

    def set_clock(self, city: str, ahead_ms: int) -> "Future[None]":
        """Stores how far the clock of a peer is ahead."""
        return self._submit(lambda connection: _write_clock(connection, city, ahead_ms))

    def add_incident(self, city: str, reason: str, message: str, payload: bytes) -> "Future[None]":
        """Keeps what a peer sent (the newest of each city; a liar can't fill the disk) and freezes the peer."""
        at_ms = self._clock.now_ms()
        return self._submit(lambda connection: _add_incident(connection, city, reason, message, at_ms, payload))

    def add_fork(self, city: str, message: str, payload: bytes) -> "Future[bool]":
        """Keeps the proof that a log was forked and freezes it; False where it is frozen for a fork already."""
        at_ms = self._clock.now_ms()
        return self._submit(lambda connection: _add_fork(connection, city, message, at_ms, payload))


def is_forked(state: PeerState) -> bool:
    """Whether the log is frozen for a proven fork."""
    return state.frozen and state.last_reason == Reason.LOG_FORKED


def _read_state(connection: Connection, city: str) -> PeerState:
    return PeerStates(lambda: connection).state(city)


def _write_state(connection: Connection, state: PeerState) -> None:
    if is_forked(_read_state(connection, state.city)):
        return
    connection.execute(
        "INSERT OR REPLACE INTO link (city, failures, next_attempt_at_ms, frozen, last_reason, last_error)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (state.city, state.failures, state.next_attempt_at_ms, state.frozen, state.last_reason, state.last_error),
    )


def _write_clock(connection: Connection, city: str, ahead_ms: int) -> None:
    connection.execute("INSERT OR REPLACE INTO peer_clock (city, ahead_ms) VALUES (?, ?)", (city, ahead_ms))


def _add_incident(connection: Connection, city: str, reason: str, message: str, at_ms: int, payload: bytes) -> None:
    connection.execute(
        "INSERT INTO incident (city, reason, message, at_ms, evidence) VALUES (?, ?, ?, ?, ?)",
        (city, reason, message, at_ms, payload),
    )
    # The payload of a fork is for good; there is one for each log key at most.
    connection.execute(
        "DELETE FROM incident WHERE city = ? AND reason != ? AND number NOT IN"
        " (SELECT number FROM incident WHERE city = ? ORDER BY number DESC LIMIT ?)",
        (city, Reason.LOG_FORKED, city, MAX_INCIDENTS_PER_CITY),
    )
    state = _read_state(connection, city)
    _write_state(
        connection, PeerState(city, state.failures + 1, 0, frozen=True, last_reason=reason, last_error=message)
    )


def _add_fork(connection: Connection, city: str, message: str, at_ms: int, payload: bytes) -> bool:
    if is_forked(_read_state(connection, city)):
        return False
    _add_incident(connection, city, Reason.LOG_FORKED, message, at_ms, payload)
    return True


def destroy_payloads(connection: Connection, city: str, gone: Mapping[int, bytes]) -> int:
    """Destroys what a peer sent in incidents that may hold any of these records of its: what is destroyed elsewhere.

    The SHA-256 of what was sent stays. The payload of a fork holds checkpoints alone.

    Args:
        connection: In a transaction.
        city: Slug of the peer.
        gone: The own of each, b"" where it is not known, by leaf index.
    """
    if not gone:
        return 0
    kept = connection.execute(
        "SELECT number, evidence FROM incident WHERE city = ? AND reason != ? AND digest IS NULL",
        (city, Reason.LOG_FORKED),
    )
    return _forget(connection, [(number, payload) for number, payload in kept if may_hold(payload, gone)])


def destroy_old_payloads(connection: Connection, before_ms: int) -> int:
    """Destroys what peers sent in incidents of before a moment; its SHA-256 stays, and so does that of a fork."""
    old = connection.execute(
        "SELECT number, evidence FROM incident WHERE at_ms < ? AND reason != ? AND digest IS NULL",
        (before_ms, Reason.LOG_FORKED),
    )
    return _forget(connection, old.fetchall())


def _forget(connection: Connection, incidents: Iterable[tuple[int, bytes]]) -> int:
    rows = [(sha256(payload).digest(), number) for number, payload in incidents]
    connection.executemany("UPDATE incident SET evidence = x'', digest = ? WHERE number = ?", rows)
    return len(rows)
