"""SIGKILL at any moment of intake and of sync: nothing acknowledged is lost, nothing stands twice, all goes on."""

from pathlib import Path

import pytest

from node.core.log.checkpoint import LogKey, log_name, verify_checkpoint
from node.storage.sqlite.inspection import inspect
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.soundness import is_migrated
from node.storage.sqlite.store import Origin
from node.usecases.upkeep.audit import audit
from tests.kit.keys import FixedSigner
from tests.kit.simulator.lives import HIDES, ROWS, AlternatingPeer, batch, live, moments, pull, take_in
from tests.kit.simulator.origin import Origin as City
from tests.kit.simulator.origin import member, registration
from tests.kit.simulator.receiver import Receiver, recompute

INTAKE_KILLS = 120
SYNC_KILLS = 120
KEY = LogKey(log_name("wuhan"), FixedSigner().public_key)


def check_audit(path: Path) -> None:
    with inspect(path) as inspection:
        for each in audit(inspection, lambda city: [KEY] if city == "wuhan" else [], lambda *_: None):
            assert not each.faults, (each.city, each.faults)


@pytest.mark.parametrize("seed", range(2))
def test_killed_during_intake(seed: int, tmp_path: Path) -> None:
    path, number = tmp_path / "wuhan.db", 0
    shown: dict[int, tuple[list[str], int, bytes]] = {}
    for life, (acks, delay_s) in enumerate(moments(seed, INTAKE_KILLS // 2, acks=3, delay_s=0.03)):
        for done, ids, size, root in live(take_in, path, number, acks=acks, delay_s=delay_s):
            shown[done] = (ids, size, root)
            number = done + 1
        if path.exists() and life % 15 == 14:
            check_audit(path)
    assert number > INTAKE_KILLS // 4, "the lives were too short to do anything"
    _check_log(path, shown)
    _check_sent_again(path, number, shown)


def _check_log(path: Path, shown: dict[int, tuple[list[str], int, bytes]]) -> None:
    """Every checkpoint that was shown is one of this log still; every acknowledged row stands there once."""
    reader = Reader(path)
    recompute(reader, "wuhan")
    own = reader.origin("wuhan")
    assert own.checkpoint is not None
    assert verify_checkpoint(own.checkpoint, KEY.name, [KEY]).root == own.root
    for _, size, root in shown.values():
        assert reader.tree(OWN, size).frontier.root() == root, "a checkpoint that was shown is of another log"
    stored = {record.index: record for record in reader.records(OWN, 0, own.size) if record.is_open}
    bodies = [next(record.bodies()) for record in stored.values() if record.facets]
    assert len(set(bodies)) == len(bodies), "a row stands twice"
    for number, (ids, _, _) in shown.items():
        for record, row in zip(ids, batch(number), strict=True):
            held = stored[int(record.rpartition("-")[2])]
            assert held.header.id == record
            assert row.name.encode() in next(held.bodies())
    whole = {number: sum(f"第{number}批".encode() in body for body in bodies) for number in range(max(shown) + 2)}
    assert set(whole.values()) <= {0, ROWS}, "half a batch"


def _check_sent_again(path: Path, number: int, shown: dict[int, tuple[list[str], int, bytes]]) -> None:
    """What was acknowledged and is still current is a duplicate when it comes again."""
    origin = City(path, signer=FixedSigner(), policy=HIDES)
    size = origin.size
    last = max(done for done in shown if done % 3 == 0)
    assert origin.take_in(*batch(last)) == shown[last][0] or last + 2 in range(number + 1)
    assert origin.size == size
    origin.take_in(*batch(number + 3))
    recompute(origin.store, "wuhan")
    origin.close()
    check_audit(path)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 2500 records with corrections and retractions."""
    origin = City(tmp_path_factory.mktemp("origin") / "wuhan.db", signer=FixedSigner())
    origin.take_in(*map(registration, range(2000)))
    origin.take_in(*(registration(n, name=f"更正{n}") for n in range(0, 2000, 4)))
    for index in range(101, 2000, 200):
        origin.retract(f"wuhan-{index}")
    origin.close()
    return origin.path


@pytest.mark.parametrize("seed", range(2))
def test_killed_during_sync(seed: int, log: Path, tmp_path: Path) -> None:
    path, whole, reached, revising = _new_path(tmp_path, 0), Reader(log).origin("wuhan").size, 0, 0
    for life, (acks, delay_s) in enumerate(moments(seed + 7, SYNC_KILLS // 2, acks=1, delay_s=0.15)):
        live(pull, path, log, acks=acks, delay_s=delay_s)
        origin = _find_origin(path)
        size = origin.size if origin else 0
        assert size >= reached, "the cursor went back"
        reached, revising = size, revising + bool(origin and origin.to_revise)
        if life % 20 == 19:
            _check_replica(path)
        if reached == whole and life % 6 == 5:  # begin anew, so that both ways of writing are met
            _check_sync_ends(path, log)
            path, reached = _new_path(tmp_path, life), 0
    assert revising, "no life ended in the middle of a revision"
    _check_sync_ends(path, log)


def _new_path(folder: Path, number: int) -> Path:
    """Where a store is to be: under the name by which its tables are known."""
    path = folder / str(number) / "node.db"
    path.parent.mkdir()
    return path


def _find_origin(path: Path) -> Origin | None:
    """The replica; None where the life ended before there was one, or any table at all."""
    return Reader(path).find_origin("wuhan") if path.exists() and is_migrated(path) else None


def _check_replica(path: Path) -> None:
    if _find_origin(path):
        recompute(Reader(path), "wuhan")
        check_audit(path)


def _check_sync_ends(path: Path, log: Path) -> None:
    """The next pull completes, and the replica is what the origin shares."""
    receiver = Receiver(path)
    peer = AlternatingPeer(Reader(log))
    receiver.members["wuhan"], receiver.peers["wuhan"] = member("wuhan", FixedSigner()), peer
    for _ in range(2):
        held = receiver.store.find_origin("wuhan")
        peer.turn(held.wanted_grant if held else "", is_whole=True)
        assert receiver.pull("wuhan").tree_size == Reader(log).origin("wuhan").size
        peer.check(receiver)
    recompute(receiver.store, "wuhan")
    receiver.close()
    check_audit(path)
