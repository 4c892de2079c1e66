"""Values that were to be destroyed are gone from the files, whatever came between."""

import shutil
from pathlib import Path

from node.core.log.record import SALT_BYTES
from node.storage.sqlite.schema import open_reader
from tests.kit.simulator.origin import Origin, SimulatedPeer, policy_text, registration
from tests.kit.simulator.receiver import Receiver, views

WIDE = ("public", "regulator", "personal")


def test_killed_before_the_write_ahead_log_was_emptied(tmp_path: Path) -> None:
    """The commit stood, its cleaning did not: the next start makes up for it."""
    origin, receiver = Origin(tmp_path / "wuhan.db"), Receiver(tmp_path / "changsha.db")
    receiver.meet(origin, SimulatedPeer(origin))
    origin.take_in(*map(registration, range(20)))
    receiver.pull("wuhan")
    salts = [opening[:SALT_BYTES] for opening in views(receiver.store, "wuhan")[17].facets if opening]
    origin.retract("wuhan-17")
    reader = open_reader(receiver.path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM run").fetchone()  # in the way of the cleaning
    receiver.pull("wuhan")
    died = tmp_path / "died"
    died.mkdir()
    for file in tmp_path.glob("changsha.db*"):
        shutil.copy(file, died / file.name)
    reader.close()
    receiver.close()
    origin.close()
    assert any(salts[0] in file.read_bytes() for file in died.iterdir()), "nothing was left to be cleaned"
    running = Receiver(died / "changsha.db")
    for secret in (b"actual-000017", "第000017号商行".encode(), *salts):
        assert not [file.name for file in died.iterdir() if secret in file.read_bytes()]
    running.close()


def test_copies_that_split_pages_left_behind_go_with_the_next_scrub(tmp_path: Path) -> None:
    """Records of two cities that come in turns split pages in the middle of the table."""
    receiver = Receiver(tmp_path / "changsha.db")
    origins = [Origin(tmp_path / f"{city}.db", city, policy=policy_text(city, *WIDE)) for city in ("wuhan", "hefei")]
    secrets: list[bytes] = []
    for origin in origins:
        receiver.meet(origin, SimulatedPeer(origin))
    for begin in range(0, 1500, 150):
        for origin in origins:
            origin.take_in(*(registration(n, scope="经营" * (n % 90)) for n in range(begin, begin + 150)))
            receiver.pull(origin.city)
    for origin in origins:
        held = views(receiver.store, origin.city)
        secrets += [opening[:SALT_BYTES] for record in held for opening in record.facets if opening]
        origin.enforce(policy_text(origin.city))
        receiver.pull(origin.city)
    assert receiver.store.scrub()
    assert not receiver.store.scrub()
    content = b"".join(file.read_bytes() for file in tmp_path.glob("changsha.db*"))
    assert not [salt for salt in secrets if salt in content]
    receiver.close()
    for origin in origins:
        origin.close()


def test_every_version_of_what_is_taken_back_goes(tmp_path: Path) -> None:
    """A peer that pulled in between holds the versions that were replaced; one that comes later sees none of them."""
    origin, early, late = Origin(tmp_path / "wuhan.db"), Receiver(tmp_path / "a.db"), Receiver(tmp_path / "b.db")
    for receiver in (early, late):
        receiver.meet(origin, SimulatedPeer(origin))
    for name in ("甲商行", "乙商行", "丙商行"):
        (record,) = origin.take_in(registration(7, name=name))
        early.pull("wuhan")
    origin.retract(record)
    for receiver in (early, late):
        receiver.pull("wuhan")
        assert [record.is_open for record in views(receiver.store, "wuhan")] == [False] * 3 + [True] * 3
        receiver.close()
    assert not any("商行".encode() in file.read_bytes() for file in tmp_path.glob("[ab].db*"))
    origin.close()


def test_versions_taken_back_before_are_not_taken_back_again(tmp_path: Path) -> None:
    origin = Origin(tmp_path / "wuhan.db")
    (first,) = origin.take_in(registration(7, name="甲商行"))
    origin.retract(first)
    (second,) = origin.take_in(registration(7, name="乙商行"))
    origin.retract(second)
    assert origin.size == 4
    origin.close()


def test_every_version_goes_where_the_newest_is_hidden(tmp_path: Path) -> None:
    hides = policy_text("wuhan", "public", hides="int(body.status) == 4")
    origin, receiver = Origin(tmp_path / "wuhan.db", policy=hides), Receiver(tmp_path / "changsha.db")
    receiver.meet(origin, SimulatedPeer(origin))
    for name, status in (("甲商行", 1), ("乙商行", 1), ("丙商行", 4)):
        origin.take_in(registration(7, name=name, status=status))
        receiver.pull("wuhan")
    assert not any(record.disclosed for record in views(receiver.store, "wuhan"))
    receiver.close()
    origin.close()
