"""Every lie about a log is caught with its own reason; nothing of it is stored, and the truth still gets through."""

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
from google.protobuf.message import Message

from node.core.log.record import Record
from node.errors import NodeError, Reason, TrustError
from node.stubs.exchange.v1.exchange_pb2 import PullRequest
from node.stubs.record.v1.record_pb2 import Run
from node.usecases.exchange.share import share
from tests.kit.simulator.lies import LIES, Lie, told
from tests.kit.simulator.lies.register import in_batches
from tests.kit.simulator.origin import Origin, SimulatedPeer, Twist, policy_text, registration
from tests.kit.simulator.receiver import Dump, Receiver, index_due, indexed, recompute, views
from tests.kit.simulator.telling import heard, records_of, said
from tests.kit.stores.city import PURPOSE

Stage = tuple[Origin, Path]


@pytest.fixture(scope="module")
def hefei(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Origin]:
    """Another city, honest: one record."""
    other = Origin(tmp_path_factory.mktemp("hefei") / "hefei.db", "hefei", policy=policy_text("hefei", "public"))
    other.take_in(registration(1))
    yield other
    other.close()


@pytest.fixture(scope="module")
def truth(stage: Stage) -> list[Record]:
    """The origin's records as it shares them."""
    origin, _ = stage
    return records_of(heard(origin.pull("changsha", 0, 0)))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """An origin of 1200 records, and receivers in the states a lie may meet."""
    folder = tmp_path_factory.mktemp("stage")
    origin = Origin(folder / "wuhan.db")
    origin.take_in(*map(registration, range(700)))
    _prepare(folder / "caught up.db", origin)
    origin.take_in(*map(registration, range(700, 1200)))
    _prepare(folder / "midway.db", origin, batches=1)
    _prepare(folder / "fresh.db", origin, batches=0)
    yield origin, folder
    origin.close()


def _prepare(path: Path, origin: Origin, batches: int | None = None) -> None:
    receiver = Receiver(path.with_suffix(".tmp"))
    _pull_batches(receiver, origin, batches)
    receiver.store.connection.execute("VACUUM INTO ?", (str(path),))
    receiver.close()
    path.with_suffix(".tmp").unlink()


def _pull_batches(receiver: Receiver, origin: Origin, batches: int | None) -> None:
    """Pulls the truth, or its first batches; leaves no mark on the link."""
    receiver.meet(origin, SimulatedPeer(origin, pull=lambda stream: islice(_cut(origin, stream), batches)))
    if batches is None or receiver.store.frontier(origin.city).size + 500 * batches >= origin.size:
        receiver.pull(origin.city)
        return
    with pytest.raises(NodeError) as cut:
        receiver.pull(origin.city)
    assert cut.value.reason is Reason.TRUNCATED_STREAM
    receiver.sync.release(origin.city)


def _cut(origin: Origin, stream: Iterator[bytes]) -> Iterator[bytes]:
    """The truth in batches of 500, as a lie begins with it."""
    return said(in_batches(origin, heard(stream)))


def _receiver(stage: Stage, start: str, folder: Path) -> Receiver:
    shutil.copy(stage[1] / f"{start}.db", folder / "changsha.db")
    return Receiver(folder / "changsha.db")


@pytest.fixture(scope="module")
def due(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Dump]:
    """(state, batches) -> what a receiver holds that heard so many true batches and nothing else."""

    @cache
    def dump(start: str, honest: int) -> Dump:
        twin = _receiver(stage, start, tmp_path_factory.mktemp("twin"))
        if honest:
            _pull_batches(twin, stage[0], honest)
        try:
            return twin.dump()
        finally:
            twin.close()

    return dump


def _lying(lie: Lie, origin: Origin, sent: list[bytes]) -> Twist:
    def twist(stream: Iterator[bytes]) -> Iterator[bytes]:
        for raw in told(lie.tell(origin, heard(stream))):
            sent.append(raw)
            yield raw

    return twist


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: f"{lie.name}-{lie.start.replace(' ', '_')}")
def test_lie(
    lie: Lie, stage: Stage, hefei: Origin, truth: list[Record], due: Callable[[str, int], Dump], tmp_path: Path
) -> None:
    origin, _ = stage
    receiver = _receiver(stage, lie.start, tmp_path)
    sent: list[bytes] = []
    receiver.meet(origin, SimulatedPeer(origin, pull=_lying(lie, origin, sent)))

    with pytest.raises(TrustError) as caught:
        receiver.pull(origin.city)

    assert caught.value.reason is lie.reason, caught.value
    assert len(sent) == lie.honest + 1, "it was not the first lie that was caught"
    assert receiver.dump() == due(lie.start, lie.honest), "something of a lie was stored"
    _check_incident(receiver, lie.reason, sent[-1])
    _check_others_go_on(receiver, hefei)
    _check_truth_gets_through(receiver, origin, truth)


def _check_incident(receiver: Receiver, reason: Reason, evidence: bytes) -> None:
    status = receiver.status()
    incident, peer = status.incidents[0], receiver.peer_status("wuhan")
    assert (incident.city, incident.reason, incident.evidence_bytes) == ("wuhan", reason, len(evidence))
    assert receiver.store.peers.payload(incident.number) == evidence
    assert (peer.state, peer.last_reason, peer.last_error) == ("frozen", reason, incident.message)


def _check_others_go_on(receiver: Receiver, other: Origin) -> None:
    receiver.meet(other, SimulatedPeer(other))
    assert receiver.pull("hefei").tree_size == 1
    recompute(receiver.store, "hefei")
    assert receiver.peer_status("hefei").state == "ok"


def _check_truth_gets_through(receiver: Receiver, origin: Origin, truth: list[Record]) -> None:
    receiver.meet(origin, SimulatedPeer(origin))
    with pytest.raises(NodeError) as frozen:
        receiver.pull(origin.city)
    assert frozen.value.reason is Reason.PEER_FROZEN
    receiver.sync.run_due(origin.city)
    assert receiver.peer_status(origin.city).state == "frozen"
    receiver.sync.release(origin.city)
    assert receiver.pull(origin.city).tree_size == origin.size
    assert receiver.peer_status(origin.city).state == "ok"
    recompute(receiver.store, origin.city)
    held = views(receiver.store, origin.city)
    assert indexed(receiver.store, origin.city) == index_due(dict(enumerate(held)))
    assert held == truth
    assert receiver.status().incidents, "the evidence stays"
    receiver.close()


def test_lying_leaf_hashes_prove_nothing_and_change_nothing(stage: Stage, tmp_path: Path) -> None:
    """They only name the record where a proof fails: beside true records they are not looked at."""
    origin, _ = stage

    def twist(stream: Iterator[bytes]) -> Iterator[bytes]:
        for batch in heard(stream):
            batch.leaf_hashes = bytes(len(batch.leaf_hashes))
            yield batch.SerializeToString()

    receiver = _receiver(stage, "fresh", tmp_path)
    receiver.meet(origin, SimulatedPeer(origin, pull=twist))
    receiver.pull(origin.city)
    recompute(receiver.store, origin.city)
    receiver.close()


@pytest.mark.parametrize("place", [lambda run: run, lambda run: run.columns[1]], ids=["run", "column"])
def test_what_is_not_hashed_is_not_stored(place: Callable[[Run], Message], stage: Stage, tmp_path: Path) -> None:
    """Fields nobody knows, in a run or a column, are under no hash: they must not reach the store."""
    origin, _ = stage
    smuggled = b"smuggled past every hash"
    unknown = bytes([99 << 3 & 0x7F | 0x80 | 2, 99 >> 4, len(smuggled)]) + smuggled

    def twist(stream: Iterator[bytes]) -> Iterator[bytes]:
        for batch in heard(stream):
            run = Run.FromString(batch.runs[0])
            place(run).MergeFromString(unknown)
            batch.runs[0] = run.SerializeToString()
            yield batch.SerializeToString()

    receiver = _receiver(stage, "fresh", tmp_path)
    receiver.meet(origin, SimulatedPeer(origin, pull=twist))
    with pytest.raises(TrustError) as refused:
        receiver.pull(origin.city)
    assert refused.value.reason is Reason.BAD_COMMITMENT
    assert not [
        row
        for rows in receiver.dump().values()
        for row in rows
        if smuggled in b"".join(x for x in row if isinstance(x, bytes))
    ]
    receiver.close()


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_batch_is_refused_or_harmless(seed: int, stage: Stage, tmp_path: Path) -> None:
    """Bytes flipped, cut out or doubled anywhere: a TrustError and nothing stored, or the very truth."""
    from random import Random

    origin, _ = stage
    random = Random(seed)

    def twist(stream: Iterator[bytes]) -> Iterator[bytes]:
        raw = next(stream)
        place, length = random.randrange(len(raw)), random.choice((1, 1, 1, 2, 8, 60))
        instead = random.choice((b"", random.randbytes(length), raw[place : place + length] * 2))
        yield raw[:place] + instead + raw[place + length :]
        yield from stream

    receiver = _receiver(stage, "fresh", tmp_path)
    due = receiver.dump()
    receiver.meet(origin, SimulatedPeer(origin, pull=twist))
    try:
        receiver.pull(origin.city)
    except TrustError:
        assert receiver.dump() == due
    else:
        recompute(receiver.store, origin.city)
        assert views(receiver.store, origin.city) == records_of(heard(origin.pull("changsha", 0, 0)))
    receiver.close()


def test_a_peer_of_an_older_release_is_told_so_and_not_frozen(stage: Stage, tmp_path: Path) -> None:
    """Its batches state no format: no lie, and once it is upgraded the log goes on by itself."""
    origin, _ = stage

    def as_format_1(stream: Iterator[bytes]) -> Iterator[bytes]:
        for batch in heard(stream):
            batch.ClearField("format")
            yield batch.SerializeToString()

    receiver = _receiver(stage, "caught up", tmp_path)
    due = receiver.dump()
    receiver.meet(origin, SimulatedPeer(origin, pull=as_format_1))
    with pytest.raises(NodeError, match="log format 1") as refused:
        receiver.pull(origin.city)
    assert refused.value.reason is Reason.UNSUPPORTED_FORMAT
    assert receiver.dump() == due
    peer = receiver.peer_status(origin.city)
    assert (peer.state, peer.last_reason) == ("backing_off", Reason.UNSUPPORTED_FORMAT)
    assert not receiver.status().incidents
    receiver.meet(origin, SimulatedPeer(origin))
    assert receiver.pull(origin.city).tree_size == origin.size
    receiver.close()


def test_a_caller_of_an_older_release_is_refused_in_words(stage: Stage) -> None:
    origin, _ = stage
    request = PullRequest(purpose=PURPOSE, legal_basis="b")
    with pytest.raises(NodeError, match="your release reads format 1") as refused:
        share(origin.store, origin.city, origin.policy.grant("changsha", PURPOSE), request)
    assert refused.value.reason is Reason.UNSUPPORTED_FORMAT
