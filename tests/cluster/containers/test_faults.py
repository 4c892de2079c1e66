"""What goes wrong between and in six containers, each time under load, each time judged by the checker."""

import time
from functools import partial
from pathlib import Path
from random import Random

import pytest

from node.errors import NodeError, Reason
from node.storage.sqlite.reader import Reader
from tests.kit.containers import links
from tests.kit.containers.faults import flooding, lying, on_small_disk, prepare_certificate, use_certificate
from tests.kit.containers.trial import Trial
from tests.kit.nodes.restoring import back_up, put_back, take_up
from tests.kit.simulator.origin import registration
from tests.kit.small_disk import fill
from tests.kit.waiting import eventually

pytestmark = pytest.mark.timeout(300)


def lacks(trial: Trial, holder: str, origin: str) -> bool:
    """Whether a city has not all of another's log."""
    return any(line.startswith(f"{holder} has") and line.endswith(f" {origin}") for line in trial.cities.behind())


def last_reason(trial: Trial, holder: str, origin: str) -> str:
    return Reader(trial[holder].store).peers.state(origin).last_reason


def has_frozen(trial: Trial, holder: str, origin: str, reason: Reason) -> bool:
    link = Reader(trial[holder].store).peers.state(origin)
    return link.frozen and link.last_reason == reason


def test_killed_at_any_time_and_started_again(trial: Trial) -> None:
    random = Random(2026)
    with trial.load() as load:
        for victim in random.sample(list(trial.cities), 3):
            time.sleep(random.random() * 2)
            trial[victim].kill()
            trial[victim].start()
            load.await_more(victim)


def test_stopped_for_long_catches_up(trial: Trial) -> None:
    with trial.load() as load:
        trial["hefei"].stop()
        for _ in range(5):
            load.await_more("wuhan", 5)
        assert lacks(trial, "hefei", "wuhan")
        trial["hefei"].start()


@pytest.mark.parametrize("apart", [("changsha", "wuhan", "taiyuan"), ("nanchang",)], ids=["3/3", "1/5"])
def test_the_network_splits(apart: tuple[str, ...], trial: Trial) -> None:
    with trial.load() as load, links.split([trial[slug] for slug in apart]):
        for slug in trial.cities:
            load.await_more(slug)  # whoever reaches its own clients takes in
        eventually(lambda: lacks(trial, apart[0], "zhengzhou") and lacks(trial, "zhengzhou", apart[0]))
        if len(apart) > 1:
            size = trial["wuhan"].size()
            eventually(lambda: trial["changsha"].size("wuhan") >= size)


def test_what_one_sends_does_not_arrive(trial: Trial) -> None:
    """The replies of Wuhan do not reach Changsha; Wuhan goes on hearing all others."""
    with trial.load() as load, links.deaf(trial["changsha"], to=trial["wuhan"]):
        load.await_more("wuhan", 10)
        eventually(
            lambda: last_reason(trial, "changsha", "wuhan") in {Reason.UNAVAILABLE, Reason.TOO_SLOW}, timeout_s=60
        )
        size = trial["wuhan"].size()
        eventually(lambda: trial["hefei"].size("wuhan") >= size)


def test_a_third_of_all_packets_is_lost(trial: Trial) -> None:
    with trial.load() as load, links.lossy(trial["zhengzhou"], 0.3):
        load.await_more("zhengzhou", 10)
        size = trial["zhengzhou"].size()
        eventually(lambda: any(each.size("zhengzhou") >= size for each in trial.others("zhengzhou")), timeout_s=90)


def test_half_a_second_late_with_jitter(trial: Trial) -> None:
    city = trial["taiyuan"]
    with trial.load() as load, links.late(city, trial.others("taiyuan"), 0.5, 0.25):
        load.await_more("taiyuan")
        size = trial["hefei"].size()
        eventually(lambda: city.size("hefei") >= size, timeout_s=60)


def test_a_slow_line(trial: Trial) -> None:
    with trial.load() as load, links.slow(trial["hefei"], "256kbit"):
        load.await_more("hefei", 10)
        size = trial["hefei"].size()
        eventually(lambda: trial["wuhan"].size("hefei") >= size, timeout_s=60)


def test_a_link_that_comes_and_goes(trial: Trial) -> None:
    with trial.load() as load, links.flapping(trial["nanchang"], 1.0):
        load.await_more("nanchang", 20)


def test_a_full_disk(trial: Trial) -> None:
    with trial.load() as load, on_small_disk(trial["taiyuan"]) as filler:
        load.await_more("taiyuan")
        fill(filler)
        eventually(lambda: load.refused["taiyuan", Reason.STORAGE_FULL])
        load.await_more("wuhan")
        filler.unlink()
        load.await_more("taiyuan", timeout_s=60)


@pytest.mark.parametrize("offset_s", [600, -600])
def test_a_clock_ten_minutes_off(offset_s: int, trial: Trial) -> None:
    city = trial["zhengzhou"]
    with trial.load() as load:
        city.set_clock(offset_s)
        load.await_more("zhengzhou", 10)
        city.set_clock(0)
        load.await_more("zhengzhou")


def test_a_certificate_expires_and_is_rotated(trial: Trial) -> None:
    prepare_certificate(trial.cities, "nanchang", lasts_s=12)
    with trial.load() as load:
        time.sleep(2)
        use_certificate(trial.cities, "nanchang")
        load.await_more("nanchang")
        eventually(lambda: load.refused["nanchang", Reason.TLS_REFUSED] or load.refused["nanchang", Reason.UNAVAILABLE])
        load.await_more("wuhan")
        prepare_certificate(trial.cities, "nanchang")
        use_certificate(trial.cities, "nanchang")
        load.await_more("nanchang", timeout_s=60)


@pytest.mark.parametrize(("lie", "reason"), [("altered_facet", Reason.BAD_COMMITMENT)])
def test_a_city_that_lies(lie: str, reason: Reason, trial: Trial) -> None:
    trial.check()
    trial.liars.add("wuhan")
    others = [city.slug for city in trial.others("wuhan")]
    with trial.load() as load:
        with lying(trial["wuhan"], lie, trial.image):
            load.await_more("changsha")
            for slug in others:
                eventually(partial(has_frozen, trial, slug, "wuhan", reason), timeout_s=60)
            size = trial["changsha"].size()
            eventually(lambda: trial["hefei"].size("changsha") >= size)
        for slug in others:
            trial[slug].release("wuhan")


def test_a_member_that_floods(trial: Trial) -> None:
    with trial.load() as load, flooding(trial["hefei"], trial["zhengzhou"]) as refused:
        eventually(lambda: Reason.RATE_LIMITED in refused)
        load.await_more("hefei", 5)
        size = trial["hefei"].size()
        eventually(lambda: trial["wuhan"].size("hefei") >= size)


def test_a_restored_city_in_its_container(trial: Trial, tmp_path: Path) -> None:
    city = trial["zhengzhou"]
    back_up(city, tmp_path / "backup")
    begin = city.size()
    with trial.load() as load:
        load.await_more("zhengzhou", 20)
    city.stop()
    put_back(city, tmp_path / "backup", tmp_path / "aside")
    city.start()
    with pytest.raises(NodeError) as refused:
        city.take_in(registration(1))
    assert refused.value.reason is Reason.RESTORED
    eventually(lambda: last_reason(trial, "wuhan", "zhengzhou") == Reason.TREE_ROLLED_BACK)
    assert not Reader(trial["wuhan"].store).peers.state("zhengzhou").frozen
    city.stop()
    take_up(city, [trial["wuhan"], trial["changsha"]], begin, tmp_path)
    city.start()
    with trial.load() as load:
        load.await_more("zhengzhou", 5)
