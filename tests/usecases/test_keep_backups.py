"""Backups by schedule: when one is due, how many are kept, and what is told of one that failed or is late."""

import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.config import Config, load_config
from node.core.finding import Code, Finding
from node.demo.founding import found_federation
from node.folder.backup_note import read_note
from node.usecases.upkeep.backup import back_up, check_backup, restore
from node.usecases.upkeep.checks.run import CHECKS, examine
from node.usecases.upkeep.checks.scene import Observer
from node.usecases.upkeep.keep_backups import KeepBackups
from tests.kit.clock import SetClock


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Hefei's node backs itself up every six hours and keeps three."""
    settings = {"backup": {"dir": "../backups", "every_h": 6, "keep": 3}}
    return found_federation(tmp_path, datetime.now(UTC), ["hefei"], settings)[0]


def made(config: Config) -> list[str]:
    assert config.backup is not None
    return sorted(path.name for path in config.backup.dir.glob("*")) if config.backup.dir.exists() else []


def pass_time(clock: SetClock, hours: float) -> None:
    clock.at_ms += int(hours * 3_600_000)


def findings(config: Config, clock: SetClock) -> list[Finding]:
    scene = replace(Observer(config).scene(), now=datetime.fromtimestamp(clock.now_ms() / 1000, UTC))
    return examine(next(check for check in CHECKS if check.name == "backup"), scene)


def test_one_is_made_when_it_is_due_and_can_be_restored(config: Config, clock: SetClock, tmp_path: Path) -> None:
    backups = KeepBackups(config, clock)
    assert [each.code for each in findings(config, clock)] == [Code.BACKUP_NONE]
    backups.run()
    backups.run()
    [name] = made(config)
    assert config.backup is not None
    check_backup(config.backup.dir / name, lambda *_: None)
    assert findings(config, clock) == []
    pass_time(clock, 5.9)
    backups.run()
    assert made(config) == [name]
    pass_time(clock, 0.2)
    backups.run()
    assert len(made(config)) == 2
    restore(config.backup.dir / name, tmp_path / "restored", lambda *_: None)
    assert load_config(tmp_path / "restored").city == "hefei"


def test_the_oldest_go_and_nothing_else_in_the_folder(config: Config, clock: SetClock) -> None:
    assert config.backup is not None
    config.backup.dir.mkdir()
    others = {"hefei-20200101T000000Z", "notes.txt", "wuhan-20200101T000000Z"}
    (config.backup.dir / "hefei-20200101T000000Z").mkdir()  # no backup, whatever it is called
    (config.backup.dir / "wuhan-20200101T000000Z").mkdir()
    (config.backup.dir / "notes.txt").write_text("keep me")
    backups = KeepBackups(config, clock)
    names = []
    for _ in range(5):
        backups.run()
        names.append(max(set(made(config)) - others))
        pass_time(clock, 6)
    assert set(made(config)) == {*others, *names[-3:]}


def test_a_failure_is_told_and_tried_again_within_the_hour(config: Config, clock: SetClock) -> None:
    assert config.backup is not None
    config.backup.dir.write_text("a file where the folder should be")
    backups = KeepBackups(config, clock)
    backups.run()
    [failed] = findings(config, clock)
    assert failed.code is Code.BACKUP_FAILED
    assert "backups" in failed.text("zh")
    config.backup.dir.unlink()
    backups.run()
    assert made(config) == []
    pass_time(clock, 1.1)
    backups.run()
    assert len(made(config)) == 1
    assert findings(config, clock) == []


def test_one_that_is_late_is_told(config: Config, clock: SetClock) -> None:
    KeepBackups(config, clock).run()
    pass_time(clock, 13)
    assert [each.code for each in findings(config, clock)] == [Code.BACKUP_OVERDUE]


def test_a_backup_of_the_future_does_not_keep_the_next_one_from_being_made(config: Config, clock: SetClock) -> None:
    KeepBackups(config, clock).run()
    pass_time(clock, -48)
    KeepBackups(config, clock).run()
    assert len(made(config)) == 2


def test_one_made_by_hand_counts_and_grows_old(config: Config, clock: SetClock, tmp_path: Path) -> None:
    plain = config.model_copy(update={"backup": None})
    now = datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
    back_up(config, tmp_path / "by-hand.tar", now, lambda *_: None, with_keys=False)
    assert tarfile.is_tarfile(read_note(config.data_dir).place)
    assert findings(plain, clock) == []
    pass_time(clock, timedelta(days=8) / timedelta(hours=1))
    assert [each.code for each in findings(plain, clock)] == [Code.BACKUP_OLD]
    KeepBackups(plain, clock).run()
    assert made(config) == []


def test_a_clock_that_was_put_back_costs_no_new_backup(config: Config, clock: SetClock) -> None:
    backups = KeepBackups(config, clock)
    pass_time(clock, 24 * 365)
    for _ in range(3):
        backups.run()
        pass_time(clock, 7)
    ahead = made(config)
    pass_time(clock, -24 * 365)
    kept = []
    for _ in range(3):
        backups.run()
        kept.append(set(made(config)) - set(ahead))
        pass_time(clock, 7)
    assert [len(each) for each in kept] == [1, 2, 3]
    assert kept[0] < kept[1] < kept[2] == set(made(config))
