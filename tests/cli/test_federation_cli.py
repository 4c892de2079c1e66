"""Founding nodes, exchanging cards, rotating keys and adding clients as an officer would."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import Result

from node.cli.client import client
from node.cli.federation import federation
from node.cli.init import init
from node.cli.key import key
from node.cli.shared.options import ask_passphrase
from node.config import load_config
from node.core.law.calendar import legal_date
from node.core.log.checkpoint import LogKey
from node.core.members.clients import Kind
from node.core.members.federation_file import parse_card
from node.errors import NodeError, Reason
from node.folder.files import load_clients, load_federation
from node.folder.founding import CAPITALS
from node.folder.identity import load_identity, officer_identity
from node.folder.keyfile import load_log_key, load_tls_identity, load_witness_key
from node.folder.rotation import finish_tls, prepare_tls
from tests.kit.commands import invoke


def run(command: click.Command, *arguments: object, text: str = "") -> Result:
    result = invoke(command, *arguments, text=text)
    if isinstance(result.exception, NodeError):
        raise result.exception
    return result


def well(command: click.Command, *arguments: object, text: str = "") -> str:
    result = run(command, *arguments, text=text)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    for city in ("changsha", "wuhan"):
        well(init, "--city", city, "--dir", tmp_path / city, "--exchange-address", f"{city}.example:7100")
    return tmp_path / "changsha", tmp_path / "wuhan"


def _hand_over(giver: Path, taker: Path) -> str:
    card = giver.with_suffix(".card.yaml")
    card.write_text(well(federation, "card", "--node", giver))
    return well(federation, "add", card, "--yes", "--node", taker)


def _log_keys(node: Path, city: str) -> tuple[LogKey, ...]:
    return load_federation(load_config(node).federation).member(city).log_keys


def test_init_makes_a_whole_node(two: tuple[Path, Path]) -> None:
    folder = two[0]
    config = load_config(folder)
    assert {path.name for path in folder.iterdir()} == {
        "clients.yaml", "data", "federation.yaml", "keys", "node.yaml", "officer", "policy.yaml"
    }  # fmt: skip
    assert [path.stat().st_mode & 0o777 for path in (folder / "keys", folder / "officer")] == [0o700] * 2
    secrets = [*(folder / "keys").iterdir(), folder / "officer" / "client.pem"]
    assert [path.stat().st_mode & 0o777 for path in secrets] == [0o600] * 5
    assert config.policy.read_text() == (Path("policies") / "changsha.yaml").read_text()
    assert load_log_key(config.log_key).key in _log_keys(folder, "changsha")
    own = load_federation(config.federation).member("changsha")
    assert own.witness_keys == (load_witness_key(config.witness_key).key,)
    assert officer_identity(config).kind is Kind.OFFICER
    assert all(address.startswith("127.0.0.1:") for address in config.listen.model_dump().values())


def test_init_twice_is_refused_and_changes_nothing(two: tuple[Path, Path]) -> None:
    before = (two[0] / "keys" / "log.key").read_bytes()
    with pytest.raises(NodeError, match="already is a node"):
        run(init, "--city", "changsha", "--dir", two[0])
    assert (two[0] / "keys" / "log.key").read_bytes() == before


@pytest.mark.parametrize(
    "wrong",
    [
        ("--exchange-address", "nonsense"),
        ("--exchange-address", "a:99999"),
        ("--region6", "4301"),
        ("--name-zh", "长\n沙"),
        ("--city", "Bei Jing", "--name-zh", "北京", "--region6", "110000"),
    ],
)
def test_a_card_that_cannot_be_is_refused_before_anything_is_made(tmp_path: Path, wrong: tuple[str, ...]) -> None:
    with pytest.raises(NodeError) as caught:
        run(init, "--city", "changsha", "--dir", tmp_path / "node", *wrong)
    assert caught.value.reason is Reason.INVALID_FEDERATION
    assert not (tmp_path / "node").exists()


def test_no_command_leaves_a_file_behind_that_the_node_cannot_read(two: tuple[Path, Path], tmp_path: Path) -> None:
    config = load_config(two[0])
    for wrong in (("--seat", "12", "京东"), ("京\x1b东",), ("京" * 101,)):
        with pytest.raises(NodeError) as caught:
            run(federation, "platform", *wrong, "--node", two[0])
        assert caught.value.reason is Reason.INVALID_FEDERATION
    with pytest.raises(NodeError):
        run(
            client, "add", "jd", "--kind", "platform", "--title", "京" * 101, "--out", tmp_path / "jd", "--node", two[0]
        )
    assert not load_federation(config.federation).member("changsha").platforms
    assert load_clients(config.clients).find("jd") is None


def test_another_city_names_itself_and_shares_nothing(tmp_path: Path) -> None:
    assert run(init, "--city", "guiyang", "--dir", tmp_path / "g").exit_code == 2
    well(init, "--city", "guiyang", "--dir", tmp_path / "g", "--name-zh", "贵阳", "--region6", "520100", "--port", 8000)
    config = load_config(tmp_path / "g")
    assert "rules: []" in config.policy.read_text()
    assert config.listen.metrics == "127.0.0.1:8004"


def test_a_passphrase_seals_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GONGZHI_PASSPHRASE", "湘江北去")
    ask_passphrase.cache_clear()
    well(init, "--city", "changsha", "--dir", tmp_path / "c", "--passphrase")
    well(federation, "check", "--node", tmp_path / "c")
    monkeypatch.delenv("GONGZHI_PASSPHRASE")
    config = load_config(tmp_path / "c")
    for load in (lambda: load_log_key(config.log_key), lambda: officer_identity(config)):
        with pytest.raises(NodeError) as caught:
            load()
        assert caught.value.reason is Reason.INVALID_KEY


def test_a_passphrase_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "passphrase"
    file.write_text("湘江北去\n")
    file.chmod(0o600)
    monkeypatch.setenv("GONGZHI_PASSPHRASE", "湘江北去")
    well(init, "--city", "changsha", "--dir", tmp_path / "c", "--passphrase")
    monkeypatch.delenv("GONGZHI_PASSPHRASE")
    monkeypatch.setenv("GONGZHI_PASSPHRASE_FILE", str(file))
    load_log_key(load_config(tmp_path / "c").log_key)
    file.chmod(0o644)
    with pytest.raises(NodeError, match="others can read it") as caught:
        load_log_key(load_config(tmp_path / "c").log_key)
    assert caught.value.reason is Reason.INVALID_KEY


def test_cards_are_exchanged_and_shown_before_they_count(two: tuple[Path, Path]) -> None:
    changsha, wuhan = two
    card = wuhan.with_suffix(".card.yaml")
    printed = run(federation, "card", "--node", wuhan)
    card.write_text(printed.stdout)
    asked = run(federation, "add", card, "--node", changsha, text="n\n")
    assert asked.exit_code == 1
    fingerprint = printed.stderr.partition("telephone: ")[2].strip()
    assert len(fingerprint.replace(" ", "")) == 64
    assert fingerprint in asked.output
    assert load_federation(load_config(changsha).federation).find("wuhan") is None
    well(federation, "add", card, "--node", changsha, text="y\n")
    listed = well(federation, "list", "--node", changsha)
    assert "wuhan.example:7100" in listed
    assert fingerprint in listed
    held = well(federation, "card", "--node", wuhan)
    assert "wuhan would be removed" in well(federation, "remove", "wuhan", "--dry-run", "--node", changsha)
    assert "wuhan" in well(federation, "list", "--node", changsha)
    told = well(federation, "remove", "wuhan", "--node", changsha)
    assert "stops now" in told
    assert "kept: 0 records" in told
    # Its card is kept: proofs made before are checked by the key on it.
    assert parse_card((changsha / "former" / "wuhan.card.yaml").read_text()) == parse_card(held)
    assert "wuhan" not in well(federation, "list", "--node", changsha)
    with pytest.raises(NodeError, match="cannot remove itself"):
        run(federation, "remove", "changsha", "--node", changsha)


def test_a_moved_node_puts_its_new_address_on_its_card(two: tuple[Path, Path], tmp_path: Path) -> None:
    changsha, wuhan = two
    card = tmp_path / "card.yaml"
    card.write_text(run(federation, "card", "--node", wuhan).stdout)
    well(federation, "add", card, "--yes", "--node", changsha)
    assert "listens on" in well(federation, "move", "new.example:7300", "--node", wuhan)
    card.write_text(run(federation, "card", "--node", wuhan).stdout)
    told = well(federation, "add", card, "--yes", "--node", changsha)
    assert "- address wuhan.example:7100" in told
    assert "+ address new.example:7300" in told
    with pytest.raises(NodeError, match="99999"):
        run(federation, "move", "new.example:99999", "--node", wuhan)


def test_several_cards_are_added_at_once(two: tuple[Path, Path], tmp_path: Path) -> None:
    well(init, "--city", "hefei", "--dir", tmp_path / "hefei")
    cards = []
    for folder in (*two, tmp_path / "hefei"):
        cards.append(folder.with_suffix(".card.yaml"))
        cards[-1].write_text(well(federation, "card", "--node", folder))
    said = well(federation, "add", *cards, "--node", two[0], text="y\ny\ny\n")
    assert said.count("is a member.") == 3
    assert {each.city for each in load_federation(load_config(two[0]).federation).members} == {
        "changsha", "wuhan", "hefei"
    }  # fmt: skip


def test_each_listener_is_where_it_is_told(tmp_path: Path) -> None:
    told = ("--listen", "exchange=outside.example:9000", "--listen", "metrics=10.0.0.1:9104")
    well(init, "--city", "hefei", "--dir", tmp_path / "hefei", *told)
    listen = load_config(tmp_path / "hefei").listen
    assert (listen.exchange, listen.metrics) == ("outside.example:9000", "10.0.0.1:9104")
    assert (listen.intake, listen.control, listen.query) == ("127.0.0.1:7101", "127.0.0.1:7102", "127.0.0.1:7103")


@pytest.mark.parametrize("told", ["control=0.0.0.0:7102", "exchange=here", "sync=127.0.0.1:1", "exchange"])
def test_a_listener_that_cannot_be_is_refused(tmp_path: Path, told: str) -> None:
    with pytest.raises(NodeError) as refused:
        run(init, "--city", "hefei", "--dir", tmp_path / "hefei", "--listen", told)
    assert refused.value.reason is Reason.INVALID_ARGUMENT
    assert not (tmp_path / "hefei").exists()


def test_a_log_key_rotates_in_two_steps_and_the_old_stays_known(two: tuple[Path, Path]) -> None:
    changsha, wuhan = two
    _hand_over(changsha, wuhan)
    (old,) = _log_keys(wuhan, "changsha")
    with pytest.raises(NodeError, match="no new key is prepared"):
        run(key, "rotate", "--log", "--finish", "--node", changsha)
    well(key, "rotate", "--log", "--node", changsha)
    with pytest.raises(NodeError, match="already exists"):
        run(key, "rotate", "--log", "--node", changsha)
    path = load_config(changsha).log_key
    assert load_log_key(path).key == old
    assert "+ log key" in _hand_over(changsha, wuhan)
    well(key, "rotate", "--log", "--finish", "--node", changsha)
    new = load_log_key(path).key
    assert new != old
    assert _log_keys(wuhan, "changsha") == _log_keys(changsha, "changsha") == (old, new)
    well(federation, "check", "--node", changsha)


def test_a_certificate_rotates_in_two_steps_and_the_old_goes(two: tuple[Path, Path]) -> None:
    changsha, wuhan = two
    _hand_over(changsha, wuhan)
    config = load_config(changsha)
    old = load_tls_identity(config.tls_identity).certificate
    well(key, "rotate", "--tls", "--node", changsha)
    assert load_tls_identity(config.tls_identity).certificate == old
    well(federation, "check", "--node", changsha)
    _hand_over(changsha, wuhan)
    well(key, "rotate", "--tls", "--finish", "--node", changsha)
    new = load_tls_identity(config.tls_identity).certificate
    assert load_federation(config.federation).member("changsha").tls_certs == (new,)
    assert load_federation(load_config(wuhan).federation).member("changsha").tls_certs == (old, new)
    assert "- certificate" in _hand_over(changsha, wuhan)
    with pytest.raises(NodeError, match="no new key is prepared"):
        run(key, "rotate", "--tls", "--finish", "--node", changsha)
    assert run(key, "rotate", "--node", changsha).exit_code == 2


@pytest.mark.parametrize("days", [725, 731])
def test_the_end_of_a_certificate_is_a_day_in_shanghai(two: tuple[Path, Path], days: int) -> None:
    """As `status` and `doctor` say it: 20:00 UTC is four in the morning of the next day there."""
    config = load_config(two[0])
    issued = (datetime.now(UTC) - timedelta(days=days)).replace(hour=20, minute=0)
    prepare_tls(config, issued)
    finish_tls(config)
    day = legal_date(load_tls_identity(config.tls_identity).certificate.not_after).isoformat()
    assert day != load_tls_identity(config.tls_identity).certificate.not_after.date().isoformat()
    for command in ("check", "list"):
        assert day in run(federation, command, "--node", two[0]).output


def test_check_tells_a_key_that_is_not_on_the_card(two: tuple[Path, Path]) -> None:
    changsha, wuhan = two
    (wuhan / "keys" / "log.key").rename(changsha / "keys" / "log.key")
    result = run(federation, "check", "--node", changsha)
    assert result.exit_code == 1
    assert "keys/log.key is not one of the log keys on the card" in result.output


def test_check_connect_tells_who_is_not_there(two: tuple[Path, Path]) -> None:
    changsha, wuhan = two
    card = wuhan.with_suffix(".card.yaml")
    text = well(federation, "card", "--node", wuhan)
    card.write_text(text.replace("wuhan.example:7100", "127.0.0.1:1"))
    assert parse_card(card.read_text()).address == "127.0.0.1:1"
    well(federation, "add", card, "--yes", "--node", changsha)
    result = run(federation, "check", "--connect", "--node", changsha)
    assert result.exit_code == 1
    assert "wuhan: " in result.output


def test_clients_come_renew_and_go(two: tuple[Path, Path], tmp_path: Path) -> None:
    folder = two[0]
    well(client, "add", "registry", "--kind", "adapter", "--out", tmp_path / "r", "--node", folder)
    identity = load_identity(tmp_path / "r")
    assert set(identity.addresses) == {"intake", "query"}
    with pytest.raises(NodeError, match="already exists"):
        run(client, "add", "registry", "--kind", "adapter", "--out", tmp_path / "r", "--node", folder)
    with pytest.raises(NodeError, match="already a client of kind adapter"):
        run(client, "add", "registry", "--kind", "officer", "--out", tmp_path / "o", "--node", folder)
    assert not list((tmp_path / "o").iterdir())
    well(client, "add", "registry", "--kind", "adapter", "--out", tmp_path / "r2", "--node", folder)
    assert well(client, "list", "--node", folder).count("registry") == 2
    assert well(client, "server-cert", "--node", folder) == (tmp_path / "r" / "server.crt").read_text()
    well(client, "remove", "registry", "--node", folder)
    assert [each.name for each in load_clients(load_config(folder).clients).clients] == ["officer"]


def test_demo_makes_six_members_of_one_federation(tmp_path: Path) -> None:
    assert len(well(federation, "demo", "--dir", tmp_path / "six", "--interval", 2).splitlines()) == 6
    configs = [load_config(tmp_path / "six" / city) for city in CAPITALS]
    assert {config.federation.resolve() for config in configs} == {tmp_path / "six" / "federation.yaml"}
    assert len({address for config in configs for address in config.listen.model_dump().values()}) == 30
    assert {config.sync.interval_s for config in configs} == {2}
    for city in CAPITALS:
        well(federation, "check", "--node", tmp_path / "six" / city)
