"""A city restored from yesterday's backup: its log must not fork, and comes back from what its peers hold."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.config import load_config
from node.errors import NodeError, Reason
from node.storage.sqlite.reader import Reader
from node.stubs.intake.v1 import intake_pb2 as intake
from node.testing import Acknowledged, City, Ground, SixCities, standing
from node.usecases.upkeep.confirm_restore import confirm
from node.usecases.upkeep.return_log import recover
from tests.kit.cities import UNHURRIED
from tests.kit.commands import output_of
from tests.kit.nodes.restoring import back_up, put_back, take_up
from tests.kit.simulator.origin import policy_text, registration

BEFORE, SINCE = range(40), range(40, 70)


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SixCities]:
    with standing(Ground.IN_PROCESS, tmp_path_factory.mktemp("cities"), UNHURRIED) as six:
        yield six


def hand_in(city: City, numbers: range, **fields: object) -> list[Acknowledged]:
    return [Acknowledged(each.id) for each in city.take_in(*(registration(number, **fields) for number in numbers))]


def test_it_publishes_nothing_until_it_has_back_what_it_signed(cities: SixCities, tmp_path: Path) -> None:
    wuhan = cities["wuhan"]
    taken = hand_in(wuhan, BEFORE)
    back_up(wuhan, tmp_path / "backup")
    taken += hand_in(wuhan, SINCE)
    taken += hand_in(wuhan, range(5), name="更正商行")  # corrects what the backup has
    taken.append(wuhan.retract(taken[30].id))
    taken.append(wuhan.retract(taken[50].id))
    cities.settle()
    had = wuhan.size()
    wuhan.stop()
    put_back(wuhan, tmp_path / "backup", tmp_path / "aside")

    wuhan.start()
    with pytest.raises(NodeError) as refused:
        hand_in(wuhan, range(100, 101))
    assert refused.value.reason is Reason.RESTORED
    assert {city.sync("wuhan")["wuhan"] for city in cities.values() if city is not wuhan} == {Reason.TREE_ROLLED_BACK}
    assert not any(Reader(city.store).peers.state("wuhan").frozen for city in cities.values())
    wuhan.stop()
    with pytest.raises(NodeError, match="would fork it"):
        confirm(wuhan.config, had)

    take_up(wuhan, [cities["changsha"], cities["nanchang"]], len(BEFORE), tmp_path)
    assert wuhan.size() == had
    wuhan.start()
    again = wuhan.take_in(*map(registration, SINCE))
    assert {outcome.status for outcome in again} == {intake.STATUS_SUPERSEDED, intake.STATUS_ACCEPTED}
    assert [outcome.status for outcome in again].count(intake.STATUS_ACCEPTED) == 1, "the one that was taken back"
    assert cities["hefei"].sync("wuhan")["wuhan"] == ""
    cities.settle()
    cities.check(taken)


def test_what_several_peers_were_let_see_comes_together(cities: SixCities, tmp_path: Path) -> None:
    """Changsha sees more of Wuhan than Hefei does; a file of either comes first."""
    wuhan = cities["wuhan"]
    back_up(wuhan, tmp_path / "backup")
    begin = wuhan.size()
    (record,) = hand_in(wuhan, range(500, 501))
    cities.settle()
    wuhan.stop()
    for number, peers in enumerate((("changsha", "hefei"), ("hefei", "changsha"), ("hefei",))):
        put_back(wuhan, tmp_path / "backup", tmp_path / "aside")
        (tmp_path / str(number)).mkdir()
        take_up(wuhan, [cities[slug] for slug in peers], begin, tmp_path / str(number))
        (returned,) = Reader(wuhan.store).records(0, begin, begin + 1)
        assert (b"actual-000500" in b"".join(returned.bodies())) is ("changsha" in peers)
    wuhan.start()
    cities.settle()
    cities.check([record])


def test_files_that_hold_anything_else_are_refused(cities: SixCities, tmp_path: Path) -> None:
    wuhan, changsha = cities["wuhan"], cities["changsha"]
    back_up(wuhan, tmp_path / "backup")
    begin = wuhan.size()
    hand_in(wuhan, range(600, 610))
    hand_in(cities["hefei"], range(begin + 1))
    cities.settle()
    output_of("peer", "return", "wuhan", "--from", begin, "--out", tmp_path / "true", "--node", changsha.folder)
    output_of("peer", "return", "wuhan", "--from", begin - 1, "--out", tmp_path / "early", "--node", changsha.folder)
    output_of("peer", "return", "hefei", "--from", begin, "--out", tmp_path / "other", "--node", changsha.folder)
    with pytest.raises(NodeError) as caught:
        recover(wuhan.config, [tmp_path / "true"])
    assert caught.value.reason is Reason.ALREADY_RUNNING
    wuhan.stop()
    put_back(wuhan, tmp_path / "backup", tmp_path / "aside")
    true = (tmp_path / "true").read_bytes()
    (tmp_path / "altered").write_bytes(true.replace("号商行".encode(), "号商店".encode(), 1))
    (tmp_path / "cut").write_bytes(true[:-1])
    for name, reason in {
        "altered": Reason.BAD_COMMITMENT,
        "early": Reason.BATCH_REPLAYED,
        "other": Reason.WRONG_CITY,
        "cut": Reason.INVALID_ARGUMENT,
    }.items():
        with pytest.raises(NodeError) as caught:
            recover(load_config(wuhan.folder), [tmp_path / name])
        assert caught.value.reason is reason
        assert wuhan.size() == begin
    take_up(wuhan, [changsha], begin, tmp_path)
    wuhan.start()
    cities.settle()
    cities.check()


def test_a_log_that_is_behind_signs_no_new_rules_at_its_start(cities: SixCities, tmp_path: Path) -> None:
    """The disk was rolled back, and the policy file was edited before the node starts again: that record would fork."""
    wuhan = cities["wuhan"]
    wuhan.stop()
    shutil.copy(wuhan.store, tmp_path / "old.db")
    wuhan.start()
    hand_in(wuhan, range(700, 710))
    cities.settle()
    wuhan.stop()
    for each in wuhan.store.parent.glob(f"{wuhan.store.name}*"):
        each.unlink()
    shutil.copy(tmp_path / "old.db", wuhan.store)
    wuhan.start()
    behind = wuhan.size()
    wuhan.sync("changsha")
    with pytest.raises(NodeError, match="restored"):
        hand_in(wuhan, range(710, 711))
    wuhan.stop()
    wuhan.config.policy.write_text(policy_text("wuhan", "public"), "utf-8")
    wuhan.start()
    assert wuhan.size() == behind
    cities["hefei"].sync("wuhan")
    assert not any(Reader(city.store).peers.state("wuhan").frozen for city in cities.values())
