"""The audit finds every kind of damage, and nothing where there is none."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.core.log.checkpoint import LogKey
from node.core.log.record import SALT_BYTES
from node.storage.sqlite.inspection import inspect
from node.storage.sqlite.schema import Connection
from node.usecases.upkeep.audit import OriginAudit, audit
from tests.kit.keys import KeySigner
from tests.kit.stores.city import City, only, operator

PEER = 1 << 40
# What another key begins with.
_FLIP_KEY = "UPDATE idempotency SET key = CAST(x'00' || substr(key, 2) AS BLOB) WHERE leaf_index = ?"
_COPY_RUN = "UPDATE run SET content = (SELECT content FROM run WHERE first"
# The hash of the fourth record of a run.
_FLIP_HASH = (
    "UPDATE run SET hashes = CAST(substr(hashes, 1, 96) || zeroblob(32) || substr(hashes, 129) AS BLOB) WHERE first = ?"
)


SIGNERS = {city: KeySigner() for city in ("changsha", "wuhan")}


class World:
    def __init__(self, folder: Path) -> None:
        self.changsha, self.wuhan = (City(folder, city, signer=signer) for city, signer in SIGNERS.items())
        self.keys: dict[str, tuple[LogKey, ...]] = {city.city: (city.key,) for city in (self.changsha, self.wuhan)}

    def fill(self) -> None:
        for city in (self.changsha, self.wuhan):
            entries = [city.entry(operator("", legacy_number=f"43{number:04}")) for number in range(600)]
            city.append(entries)
            city.register(operator("", legacy_number="430007", name="新"), as_of_ms=1_790_000_000_001)
            city.retract(f"{city.city}-9")
        self.changsha.pull(self.wuhan, only(1))

    def audit(self) -> dict[str, OriginAudit]:
        with inspect(self.changsha.path) as inspection:
            found = audit(inspection, lambda city: self.keys.get(city, ()), lambda *_: None)
        return {each.city: each for each in found}

    def damage(self, statement: str, *values: object) -> None:
        def job(connection: Connection) -> None:
            assert connection.execute(statement, values).rowcount

        self.changsha.store.submit(job).result()

    def faults(self) -> list[str]:
        return [fault for each in self.audit().values() for fault in each.faults]

    def close(self) -> None:
        self.changsha.close()
        self.wuhan.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two sound stores, closed: each test damages a copy."""
    folder = tmp_path_factory.mktemp("filled")
    world = World(folder)
    world.fill()
    world.close()
    return folder


@pytest.fixture
def world(filled: Path, tmp_path: Path) -> Iterator[World]:
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    made = World(tmp_path)
    yield made
    made.close()


def test_a_sound_store_has_no_faults(world: World) -> None:
    found = world.audit()
    assert [each.faults for each in found.values()] == [[], []]
    assert [(each.size, each.open, each.is_signed, each.signed_size) for each in found.values()] == [
        (602, 602, True, 602),
        (602, 601, True, 602),
    ]


def test_it_reports_progress(world: World) -> None:
    told: list[tuple[str, int, int]] = []
    with inspect(world.changsha.path) as inspection:
        audit(inspection, lambda city: world.keys[city], lambda *each: told.append(each))
    assert told[0] == ("changsha", 0, 602)
    assert told[-1] == ("wuhan", 602, 602)


@pytest.mark.parametrize(
    ("statement", "values", "names"),
    [
        ("UPDATE run SET content = zeroblob(9) WHERE first = ?", (0,), "changsha-3"),
        (f"{_COPY_RUN} = 32) WHERE first = ?", (0,), "changsha-3"),
        (_FLIP_HASH, (PEER,), "wuhan-3"),
        ("UPDATE run SET standard = 'x' WHERE first = ?", (PEER,), "wuhan-0: stored as 'x'"),
        ("UPDATE run SET standard = 'x' WHERE first = ?", (PEER + 9,), "wuhan-9: stored as 'x'"),
        ("DELETE FROM run WHERE first = ?", (PEER + 10,), "wuhan"),
        ("DELETE FROM run WHERE first = ?", (601,), "601 records are stored, but 602"),
        ("INSERT INTO run VALUES (?, '', zeroblob(32), NULL)", (PEER + 602,), "603 records"),
        ("INSERT INTO run VALUES (?, '', zeroblob(32), NULL)", ((7 << 40),), "belong to no city"),
        ("INSERT INTO run VALUES (?, '', zeroblob(32), NULL)", (40,), "missing or out of place"),
        ("UPDATE tile SET nodes = zeroblob(16320) WHERE origin = ? AND number = 1", (1,), "tile 0/1"),
        ("DELETE FROM tile WHERE origin = ? AND number = 1", (0,), "tile 0/1"),
        ("INSERT INTO tile VALUES (?, 5, 5, zeroblob(1))", (0,), "tiles"),
        ("UPDATE origin SET root = zeroblob(32) WHERE number = ?", (1,), "root"),
        ("UPDATE origin SET size = 601 WHERE number = ?", (0,), "602 records are stored"),
        ("UPDATE origin SET verified = 5 WHERE number = ?", (1,), "wrong counts: 5"),
        ("UPDATE origin SET checkpoint = NULL WHERE number = ?", (1,), "no signed checkpoint"),
        ("UPDATE origin SET checkpoint = (SELECT checkpoint FROM origin LIMIT 1) WHERE number = ?", (1,), "city"),
        ("DELETE FROM subject_fresh WHERE position = ?", (PEER + 5,), "wuhan-5: not in the subject index"),
        ("INSERT INTO subject_fresh VALUES (1, ?)", (PEER + 9,), "wuhan-9: still in the subject index"),
        ("INSERT INTO subject_fresh VALUES (1, ?)", (7,), "changsha-7: still in the subject index"),
        ("INSERT INTO subject_fresh VALUES (1, ?)", (8,), "entries"),
        ("DELETE FROM change WHERE position = ? AND kind = 'superseded'", (7,), "changsha-7"),
        ("DELETE FROM change WHERE position = ? AND kind = 'retracted'", (PEER + 9,), "wuhan-9"),
        (f"{_COPY_RUN} = 600) WHERE first = ?", (PEER + 9,), "wuhan-9"),
        ("UPDATE idempotency SET leaf_index = 7 WHERE leaf_index = ?", (8,), "changsha-7"),
        ("UPDATE idempotency SET leaf_index = 700 WHERE leaf_index = ?", (8,), "changsha-700"),
        (_FLIP_KEY, (8,), "changsha-8: the stored key of its row"),
        ("UPDATE idempotency SET content = zeroblob(16) WHERE leaf_index = ?", (8,), "changsha-8: the stored key"),
        ("UPDATE idempotency SET as_of_ms = 1 WHERE leaf_index = ?", (8,), "changsha-8: the stored key of its row"),
    ],
)  # fmt: skip
def test_damage_is_named(world: World, statement: str, values: tuple[int, ...], names: str) -> None:
    world.damage(statement, *values)
    assert any(names in fault for fault in world.faults()), world.faults()


def test_a_subject_that_is_named_twice_is_indexed_once(world: World) -> None:
    entry = world.changsha.entry(operator("", legacy_number="440000"))
    entry.own.subjects.append(entry.own.subjects[0])
    world.changsha.append([entry])
    assert world.faults() == []


def test_one_damaged_record_of_a_run_is_named_alone(world: World) -> None:
    (stored,) = (run for run in world.changsha.store.runs(0, 0, 32))
    content = stored.content or b""
    salt = (world.changsha.store.records(0, 3, 4)[0].facets[0] or b"")[:SALT_BYTES]
    assert content.count(salt) == 1
    world.damage("UPDATE run SET content = ? WHERE first = 0", content.replace(salt, bytes(SALT_BYTES)))
    assert [fault.partition(":")[0] for fault in world.faults()] == ["changsha-3"]


def test_a_forged_checkpoint_is_found(world: World) -> None:
    world.keys["wuhan"] = world.keys["changsha"]
    assert any("unknown_log_key" in fault for fault in world.faults())


def test_a_city_that_left_is_noted(world: World) -> None:
    del world.keys["wuhan"]
    found = world.audit()["wuhan"]
    assert (found.faults, found.is_signed) == ([], False)
    assert found.notes


def test_catching_up_is_noted(world: World, tmp_path: Path) -> None:
    world.wuhan.append([world.wuhan.entry(operator("", legacy_number=f"44{number:04}")) for number in range(600)])
    world.changsha.pull(world.wuhan, only(1), batches=1)
    found = world.audit()["wuhan"]
    assert (found.faults, found.size, found.signed_size) == ([], 852, 1202)
    assert "catching up" in found.notes[0]


def test_faults_are_bounded(world: World) -> None:
    world.damage("UPDATE run SET content = zeroblob(9) WHERE content IS NOT NULL")
    found = world.audit()["changsha"]
    assert len(found.faults) == 100
    assert found.fault_count > 600
