"""What doctor, status and metrics find, each on a real node's folder with one thing wrong."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.config import Config, load_config
from node.core.finding import Code, Finding
from node.core.law.calendar import legal_date, vendored_calendar
from node.core.reason_texts import Severity
from node.demo.founding import found_federation
from node.errors import Reason
from node.folder.clock import SystemClock
from node.folder.data_lock import released
from node.folder.files import load_clients, load_federation, save_clients, save_federation
from node.folder.keyfile import create_log_key, load_log_key, load_tls_identity
from node.storage.sqlite.peer_state import PeerState
from node.storage.sqlite.store import Store
from node.usecases.upkeep.checks.run import CHECKS, examine, watched_findings
from node.usecases.upkeep.checks.scene import Observer, Scene
from node.usecases.upkeep.start_checks import founding_errors

TERM = timedelta(days=730)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two nodes, founded once; each test has a copy."""
    folder = tmp_path_factory.mktemp("founded")
    _found(folder, datetime.now(UTC))
    return folder


@pytest.fixture
def config(founded: Path, tmp_path: Path) -> Config:
    """Hefei's node, a member beside Wuhan, which has run."""
    shutil.copytree(founded, tmp_path, dirs_exist_ok=True)
    return load_config(tmp_path / "hefei")


def _found(folder: Path, now: datetime) -> Config:
    config, _ = found_federation(folder, now, ["hefei", "wuhan"])
    _store(config).close()
    return config


def _store(config: Config) -> Store:
    return Store(config.node_db, config.city, load_log_key(config.log_key), SystemClock())


def _scene(config: Config, **changes: object) -> Scene:
    """The node as it is, with a calendar that reaches far enough unless a test says otherwise."""
    return replace(Observer(config).scene(), **changes)  # type: ignore[arg-type]


def _all(scene: Scene) -> dict[Code, Finding]:
    found = [each for check in CHECKS for each in examine(check, scene)]
    return {each.code: each for each in found if each.code is not Code.CALENDAR_NEXT_YEAR}


def test_a_node_that_is_well_has_nothing_that_must_be_done(config: Config) -> None:
    assert set(_all(_scene(config))) == {Code.NODE_NOT_RUNNING, Code.BACKUP_NONE}


def _other_log_key(config: Config) -> None:
    config.log_key.unlink()
    create_log_key(config.log_key, config.city)


def _other_certificate(config: Config) -> None:
    shutil.copyfile(config.keys.parents[1] / "wuhan" / "keys" / "tls.pem", config.tls_identity)


def _other_witness_key(config: Config) -> None:
    shutil.copyfile(config.keys.parents[1] / "wuhan" / "keys" / "witness.key", config.witness_key)


def _other_data(config: Config) -> None:
    wuhan = config.keys.parents[1] / "wuhan"
    Store(config.data_dir / "other.db", "wuhan", load_log_key(wuhan / "keys" / "log.key"), SystemClock()).close()
    (config.data_dir / "other.db").replace(config.node_db)


def _damaged(config: Config) -> None:
    raw = bytearray(config.node_db.read_bytes())
    raw[8192:12288] = os.urandom(4096)
    (config.data_dir / "usage.db").write_bytes(raw)
    (config.data_dir / "usage.db").chmod(0o600)


def _spoil(name: str) -> Callable[[Config], None]:
    def spoil(config: Config) -> None:
        path: Path = getattr(config, name)
        path.write_text(path.read_text("utf-8") + "\nnonsense: [", "utf-8")

    return spoil


def _without_own_card(config: Config) -> None:
    save_federation(config.federation, load_federation(config.federation).without("hefei"))


def _frozen(config: Config) -> None:
    store = _store(config)
    store.peers.set_state(PeerState("wuhan", frozen=True, last_reason="bad_signature")).result()
    store.close()


def _failing(config: Config) -> None:
    store = _store(config)
    store.peers.set_state(
        PeerState("wuhan", failures=7, last_reason="unavailable", last_error="connection refused")
    ).result()
    store.close()


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_other_log_key, Code.LOG_KEY_NOT_ON_CARD),
        (_other_certificate, Code.CERTIFICATE_NOT_ON_CARD),
        (_other_witness_key, Code.WITNESS_KEY_NOT_ON_CARD),
        (lambda config: config.log_key.write_text("no key"), Code.KEY_UNREADABLE),
        (lambda config: config.tls_identity.unlink(), Code.KEY_UNREADABLE),
        (lambda config: config.witness_key.unlink(), Code.NO_WITNESS_KEY),
        (lambda config: config.keys.chmod(0o755), Code.FILES_OPEN),
        (lambda config: config.node_db.chmod(0o644), Code.FILES_OPEN),
        (_spoil("federation"), Code.FEDERATION_REFUSED),
        (_spoil("clients"), Code.CLIENTS_REFUSED),
        (_spoil("policy"), Code.POLICY_REFUSED),
        (_without_own_card, Code.NOT_A_MEMBER),
        (_other_data, Code.DATABASE_FOREIGN),
        (_damaged, Code.DATABASE_DAMAGED),
        (lambda config: config.node_db.unlink(), Code.DATABASE_MISSING),
        (lambda config: (config.keys / "founded").write_text("of another founding"), Code.DATABASE_OTHER_FOUNDING),
        (_frozen, Code.PEER_FROZEN),
        (_failing, Code.PEER_FAILS),
    ],
)
def test_one_thing_wrong_is_found(config: Config, spoil: Callable[[Config], object], code: Code) -> None:
    spoil(config)
    found = _all(_scene(config))
    assert code in found
    assert found[code].text("zh")
    assert found[code].text("en")
    assert Code.CHECK_FAILED not in found


def test_a_database_without_a_log_is_found_as_at_a_start(config: Config) -> None:
    """As another program leaves it: a database without tables."""
    for path in config.data_dir.glob(f"{config.node_db.name}*"):
        path.unlink()
    config.node_db.touch(0o600)
    assert Code.DATABASE_MISSING in _all(_scene(config))
    assert [error.reason for error in founding_errors(config)] == [Reason.DATA_LOST]


@pytest.mark.parametrize(
    ("left", "codes"),
    [
        (timedelta(days=31), set()),
        (
            timedelta(days=29, hours=1),
            {Code.CERTIFICATE_ENDS, Code.PEER_CERTIFICATE_ENDS, Code.CLIENT_CERTIFICATE_ENDS},
        ),
        (
            timedelta(days=-1),
            {Code.CERTIFICATE_ENDED, Code.PEER_CERTIFICATE_ENDED, Code.CLIENT_CERTIFICATE_ENDED},
        ),
    ],
)
def test_certificates_are_told_thirty_days_before_their_end_and_after(
    tmp_path: Path, left: timedelta, codes: set[Code]
) -> None:
    config = _found(tmp_path, datetime.now(UTC) + left - TERM)
    end = load_tls_identity(config.tls_identity).certificate.not_after
    found = {code: each for code, each in _all(_scene(config)).items() if "certificate" in code}
    assert set(found) == codes
    for each in found.values():
        assert each.params["date"] == legal_date(end)
        assert each.params.get("days", 29) == 29


def test_the_calendar_of_next_year_is_asked_for_from_november_on(config: Config) -> None:
    last = vendored_calendar().horizon.year
    check = next(each for each in CHECKS if each.name == "calendar")

    def codes(year: int, month: int, day: int) -> list[Code]:
        return [each.code for each in examine(check, _scene(config, now=datetime(year, month, day, tzinfo=UTC)))]

    assert codes(last, 10, 30) == []
    assert codes(last, 11, 1) == [Code.CALENDAR_NEXT_YEAR]
    assert codes(last + 1, 1, 1) == [Code.CALENDAR_MISSING]


def test_a_full_disk_is_found(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.disk_usage(config.data_dir)
    for free, code in ((100 * 2**20, Code.DISK_FULL), (2**30, Code.DISK_LOW)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: real._replace(free=free))
        assert code in _all(_scene(config))


def _heard(config: Config, at_ms: int) -> None:
    """Wuhan was last heard at that moment."""
    store = _store(config)
    store.submit(
        lambda connection: connection.execute(
            "INSERT INTO origin (city, root, confirmed_at_ms) VALUES ('wuhan', x'00', ?)", (at_ms,)
        )
    ).result()
    store.close()


def test_a_peer_that_is_not_heard_and_a_schedule_that_stands_still(config: Config) -> None:
    now = datetime.now(UTC)
    _heard(config, int(now.timestamp() * 1000))
    well = _scene(config, is_running=True)
    assert not {Code.PEER_STALE, Code.SCHEDULE_STANDS_STILL, Code.CLOCK_BEHIND} & set(_all(well))
    assert Code.SCHEDULE_STANDS_STILL in _all(replace(well, now=now + timedelta(hours=2)))
    assert Code.PEER_STALE in _all(replace(well, now=now + timedelta(hours=25)))
    assert Code.SCHEDULE_STANDS_STILL not in _all(replace(well, now=now + timedelta(hours=2), is_running=False))
    assert Code.CLOCK_BEHIND in _all(replace(well, now=now - timedelta(hours=2)))


def _cosigned(config: Config, *progress: tuple[str, int, datetime]) -> None:
    """Of ten records."""
    store = _store(config)
    rows = [(size, f"{city}.gongzhi.internal/witness", int(at.timestamp())) for city, size, at in progress]
    store.submit(
        lambda connection: connection.executemany(
            "INSERT INTO cosignature (city, size, witness, at_s, line) VALUES ('hefei', ?, ?, ?, x'00')", rows
        )
    ).result()
    store.submit(lambda connection: connection.execute("UPDATE origin SET size = 10 WHERE number = 0")).result()
    store.close()


def test_a_witness_that_stopped_is_found_and_a_clock_that_is_ahead(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    config, *_ = found_federation(tmp_path, now, ["hefei", "wuhan", "changsha"])
    _store(config).close()
    ahead = now + timedelta(minutes=5)
    _cosigned(config, ("wuhan", 4, now - timedelta(days=2)), ("changsha", 10, ahead), ("zhengzhou", 9, ahead))
    found = _all(_scene(config))
    assert (found[Code.WITNESS_BEHIND].city, found[Code.WITNESS_BEHIND].params["size"]) == ("wuhan", 4)
    assert found[Code.PEER_CLOCK_AHEAD].city == "changsha"


@pytest.mark.parametrize(
    ("ahead_s", "code"), [(3600, Code.PEER_CLOCK_AHEAD), (-3600, Code.PEER_CLOCK_BEHIND), (5, None)]
)
def test_a_peer_whose_clock_is_off_is_found(config: Config, ahead_s: int, code: Code | None) -> None:
    store = _store(config)
    store.peers.set_clock("wuhan", ahead_s * 1000).result()
    store.close()
    found = _all(_scene(config))
    clocks = {each for each in (Code.PEER_CLOCK_AHEAD, Code.PEER_CLOCK_BEHIND) if each in found}
    assert clocks == ({code} if code else set())
    assert code is None or found[code].params["seconds"] == 3600


@pytest.fixture
def listener(config: Config) -> Iterator[socket.socket]:
    host, _, port = config.listen.query.rpartition(":")
    with socket.create_server((host, int(port))) as server:
        yield server


def test_a_port_that_another_holds_is_found(config: Config, listener: socket.socket) -> None:
    taken = _all(_scene(config))[Code.PORT_TAKEN]
    assert taken.params == {"listener": "query", "address": config.listen.query}


def test_the_lock_of_the_data_tells_whether_the_node_runs(config: Config) -> None:
    with released(config.data_dir):
        found = _all(_scene(config))
    assert Code.NODE_NOT_RUNNING not in found
    assert Code.NOT_LISTENING in found


def test_the_check_that_fails_itself_is_a_finding_and_the_others_go_on(config: Config) -> None:
    config.node_db.write_bytes(b"no database" * 1000)
    found = [each for check in CHECKS for each in examine(check, _scene(config))]
    failed = {each.params["check"]: each.params["error"] for each in found if each.code is Code.CHECK_FAILED}
    assert {"peers", "witnesses"} <= failed.keys()
    assert "is damaged" in str(failed["peers"]), "in words, not as the database says it"
    assert Code.DATABASE_DAMAGED in {each.code for each in found}


def test_a_data_folder_that_is_not_there_is_found(config: Config) -> None:
    shutil.move(config.data_dir, config.data_dir.with_name("elsewhere"))
    assert Code.DATA_UNWRITABLE in _all(_scene(config))


def test_alerts_come_the_gravest_first(config: Config) -> None:
    _spoil("policy")(config)
    config.witness_key.unlink()
    severities = [each.severity for each in watched_findings(_scene(config))]
    assert severities[0] is Severity.MUST
    assert severities == sorted(severities, key=[Severity.MUST, Severity.WARN, Severity.INFO].index)


def test_a_client_is_named_by_its_own_term(config: Config) -> None:
    clients = load_clients(config.clients)
    assert [each.name for each in clients.clients] == ["officer"]
    save_clients(config.clients, clients)
    late = _scene(config, machine_now=datetime.now(UTC) + TERM - timedelta(days=10))
    found = _all(late)[Code.CLIENT_CERTIFICATE_ENDS]
    assert found.params["client"] == "officer"
    assert found.params["days"] in {9, 10}
