"""`gongzhi screen` as an officer runs it, and the stream as a platform asks it, against a real query process."""

import csv
import io
import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from node.bootstrap.query_role import QueryRole
from node.cli.main import gongzhi
from node.client.channel import identity_channel
from node.client.errors import error_from_rpc
from node.config import Config
from node.core.members.clients import Kind
from node.core.members.platforms import Connected
from node.core.screening import person_hmac
from node.demo.founding import found_federation
from node.errors import FileError, NodeError, Reason
from node.folder.identity import add_client, connect_platform
from node.folder.keyfile import load_log_key
from node.folder.person_key import create_person_key, load_person_key
from node.stubs.query.v1.query_pb2 import Reason as Why
from node.stubs.screening.v1.screening_pb2 import RESULT_DOUBTFUL, RESULT_HIT, RESULT_NO_HIT, Entry, ScreenRequest
from node.stubs.screening.v1.screening_pb2_grpc import ScreeningServiceStub
from node.stubs.standard.v1 import party_pb2
from tests.kit.commands import invoke
from tests.kit.samples.standards import PLATFORM, RESIDENT_ID
from tests.kit.stores.city import City
from tests.kit.stores.listings import LICENCE, OTHER, USCC, listing, publish

NAME = "某某食品有限公司"


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config: Config = found_federation(folder, datetime.now(UTC), ("changsha", "wuhan"))[0]
        self.config.data_dir.mkdir(exist_ok=True)
        connect_platform(self.config, Connected(PLATFORM.name))
        create_person_key(self.config.keys / "person.key")
        key = load_person_key(self.config.keys / "person.key")
        now_ms = time.time_ns() // 1_000_000
        self.city = City(folder, "changsha", self.config.node_db, load_log_key(self.config.log_key), now_ms)
        party = party_pb2.Party(uscc=USCC, name=NAME)
        until = "2099-01-01"
        hmac = person_hmac(key, RESIDENT_ID)
        self.serious = publish(self.city, "listing.serious", listing("listing.serious", party=party, until=until))
        person = listing("listing.platform", party=party_pb2.Party(licence_number=LICENCE), until=until, id_hmac=hmac)
        self.person = publish(self.city, "listing.platform", person)
        self.role = QueryRole(self.config)
        self.role.start()

    def screen(self, text: str, *options: str) -> Result:
        path = self.folder / "roster.csv"
        path.write_text(text, encoding="utf-8")
        return invoke(gongzhi, "screen", path, "--node", self.config.keys.parent, *options)

    def close(self) -> None:
        self.role.stop()
        self.city.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


def told(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_roster_with_chinese_headers(world: World) -> None:
    rows = f"{USCC},,,{NAME}\n{OTHER},,,别家\n,{LICENCE},,\n,,{RESIDENT_ID},张某\n"
    text = f"统一社会信用代码,许可证编号,身份证号,企业名称\n{rows}"
    result = world.screen(text, "--json")
    assert result.exit_code == 1, result.output
    hits = [(each["line"], each["list"], each["record_id"], each["matched_on"]) for each in told(result)]
    assert hits == [
        (2, "listing.serious", world.serious, "uscc"),
        (4, "listing.platform", world.person, "licence"),
        (5, "listing.platform", world.person, "id_hmac"),
    ]
    assert told(result)[0]["grounds"] == ["用非食品原料生产食品等严重危害食品安全的生产经营"]
    assert "no_hit 1" in result.stderr


@pytest.mark.parametrize("title", ["name", "店铺名称", "colour"])
def test_a_roster_without_a_column_of_keys_is_an_error_in_words(world: World, title: str) -> None:
    result = world.screen(f"{title}\n{NAME}\n", "--json")
    assert isinstance(result.exception, FileError)
    assert result.stdout == ""
    assert "no column identifies the party" in str(result.exception)
    assert "uscc: 统一社会信用代码" in str(result.exception)
    assert NAME not in str(result.exception)


@pytest.mark.parametrize("rows", ["", f",{NAME}\n,别家\n", f"无,{NAME}\n"])
def test_a_roster_in_which_no_row_has_a_key_is_an_error(world: World, rows: str) -> None:
    result = world.screen(f"统一社会信用代码,名称\n{rows}", "--json")
    assert isinstance(result.exception, FileError)
    assert "no row has a key" in str(result.exception)
    assert [each["result"] for each in told(result)] == ["no_key"] * rows.count("\n")


def test_rows_that_were_not_screened_are_no_clearance(world: World) -> None:
    result = world.screen(f"统一社会信用代码,名称\n{OTHER},别家\n,{NAME}\n", "--json")
    assert (result.exit_code, [each["result"] for each in told(result)]) == (3, ["no_key"])
    assert world.screen(f"统一社会信用代码,名称\n{OTHER},别家\n").exit_code == 0
    assert world.screen(f"统一社会信用代码,名称\n{USCC},别家\n,{NAME}\n").exit_code == 1


@pytest.mark.parametrize(
    ("title", "key", "matched_on"),
    [
        ("统一信用代码", USCC, "uscc"),
        ("统一社会信用代码（营业执照号）", USCC, "uscc"),
        ("商家统一社会信用代码", USCC, "uscc"),
        ("入驻企业社会信用代码（必填）", USCC, "uscc"),
        ("纳税人识别号", USCC, "uscc"),
        ("企业税号", USCC, "uscc"),
        ("营业执照号", USCC, "uscc"),
        ("店铺营业执照注册号", USCC, "uscc"),
        ("食品经营许可证编号", LICENCE, "licence"),
        ("主播身份证号", RESIDENT_ID, "id_hmac"),
        ("经营者身份证号码", RESIDENT_ID, "id_hmac"),
        ("有效证件号码", RESIDENT_ID, "id_hmac"),
    ],
)
def test_a_key_under_another_title_is_a_key(world: World, title: str, key: str, matched_on: str) -> None:
    result = world.screen(f"序号,{title},开店日期\n1,{key},2024-01-01\n", "--json")
    assert result.exit_code == 1, result.output
    assert [each["matched_on"] for each in told(result)] == [matched_on]
    assert "columns not read: 序号, 开店日期" in result.stderr


@pytest.mark.parametrize(
    "title", ["平台统一社会信用代码", "法定代表人身份证号", "处罚机关统一社会信用代码", "联系人证件号码"]
)
def test_a_key_of_somebody_else_is_none_of_the_row(world: World, title: str) -> None:
    assert isinstance(world.screen(f"{title},名称\n{USCC},{NAME}\n").exception, FileError)


@pytest.mark.parametrize(
    ("title", "value", "reason"),
    [
        ("纳税人识别号", "430100712194405", "old_tax_number"),
        ("纳税人识别号", f"{RESIDENT_ID}01", "old_tax_number"),
        ("纳税人识别号", RESIDENT_ID, "id_number_as_code"),
        ("身份证号", USCC, "code_as_id_number"),
        ("身份证号", f"{RESIDENT_ID[:6]}********{RESIDENT_ID[14:]}", "resident_id_format"),
        ("身份证号", "无照经营", "resident_id_format"),
        ("身份证号", RESIDENT_ID[:17], "resident_id_format"),
        ("身份证号", "3.60426E+17", "number_mangled"),
    ],
)
def test_a_key_that_is_none_is_in_doubt_and_never_clear(world: World, title: str, value: str, reason: str) -> None:
    result = world.screen(f"{title}\n{value}\n", "--json")
    assert result.exit_code == 3, result.output
    assert [(each["result"], each["reason"]) for each in told(result)] == [("doubtful", reason)]
    assert value not in result.output


def test_a_row_in_doubt_is_told_and_is_no_hit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    slip = USCC.replace("0", "O", 1)
    result = world.screen(f"名单\nuscc,name\n{slip},{NAME}\n{OTHER},别家\n", "--json")
    assert result.exit_code == 3, result.output
    (line,) = told(result)
    assert (line["line"], line["result"], line["name"]) == (3, "doubtful", NAME)
    assert line["reason"] == "uscc_character"
    assert str(line["advice"]).startswith("['uscc_character")
    assert world.screen(f"uscc,name\n{slip},{NAME}\n").stdout.count("uscc_character: ") == 1
    assert world.screen(f"uscc\n{slip}\n{USCC}\n").exit_code == 1
    assert "统一社会信用代码" in str(line["advice_zh"])
    monkeypatch.setenv("GONGZHI_LANG", "zh")
    (cells,) = csv.DictReader(io.StringIO(world.screen(f"uscc\n{slip}\n").stdout))
    assert cells["reason"] == "uscc_character"
    assert [cells["advice"]] == line["advice_zh"]


def test_a_result_is_its_owners_alone_and_runs_nothing_in_a_spreadsheet(world: World) -> None:
    out = world.folder / "hits.csv"
    world.screen(f'uscc,name\n{USCC},"=HYPERLINK(""http://x"")"\n', "--out", str(out))
    (line,) = csv.DictReader(out.open(encoding="utf-8"))
    assert (line["result"], line["name"]) == ("hit", '\'=HYPERLINK("http://x")')
    assert out.stat().st_mode & 0o777 == 0o600


def test_an_id_number_is_in_no_file_no_answer_and_no_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    result = world.screen(f"id_number,name\n{RESIDENT_ID},张某\n", "--out", str(world.folder / "out.csv"))
    assert result.exit_code == 1, result.output
    time.sleep(0.2)
    (world.folder / "roster.csv").unlink()
    files = [path for path in world.folder.rglob("*") if path.is_file() and path.name != "node.db"]
    # The listing's own identity facet holds it, in the city's own store alone.
    found = [path.name for path in files if RESIDENT_ID.encode() in path.read_bytes()]
    assert [name for name in found if not name.startswith("node.db")] == []
    assert RESIDENT_ID not in result.output + caplog.text
    assert world.person in (world.folder / "out.csv").read_text("utf-8")


def test_an_id_number_among_the_codes_leaves_nobodys_machine(world: World) -> None:
    """It is told, and goes neither to the node nor into its usage records."""
    result = world.screen(f"uscc,licence_number\n{RESIDENT_ID},\n,{RESIDENT_ID}\n{USCC},{RESIDENT_ID}\n", "--json")
    assert result.exit_code == 1, result.output
    assert [(each["result"], each["reason"]) for each in told(result)] == [
        ("doubtful", "id_number_as_code"), ("doubtful", "id_number_as_code"), ("hit", "id_number_as_code"),
    ]  # fmt: skip
    assert RESIDENT_ID not in result.output


def test_what_cannot_be_read_is_said_without_showing_it(world: World) -> None:
    wrong = world.screen(f"id_hmac\n{RESIDENT_ID}\n")
    assert isinstance(wrong.exception, FileError)
    assert RESIDENT_ID not in str(wrong.exception)
    assert isinstance(world.screen("colour\nred\n").exception, FileError)


def test_the_key_is_made_once_and_guarded(world: World, tmp_path: Path) -> None:
    path = world.config.keys / "person.key"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileError):
        create_person_key(path)
    open_key = tmp_path / "person.key"
    open_key.write_text(path.read_text())
    open_key.chmod(0o644)
    with pytest.raises(FileError, match="others can read it"):
        load_person_key(open_key)


def test_a_platform_asks_by_stream_with_purpose(world: World) -> None:
    identity = add_client(world.config, "jd", Kind.PLATFORM, world.folder / "jd", datetime.now(UTC))
    time.sleep(1.1)
    why = Why(purpose="verification", legal_basis="b")
    with identity_channel(identity, "query") as channel:
        stub = ScreeningServiceStub(channel)
        entries = [Entry(uscc=code) for code in (USCC, USCC.replace("0", "O", 1), "9.143E+17", OTHER)]
        (answer,) = stub.Screen(iter([ScreenRequest(seq=7, reason=why, entries=entries)]))
        assert (answer.seq, answer.screened[0].result) == (7, RESULT_HIT)
        told = [(each.result, each.reason) for each in answer.screened[1:]]
        assert told == [
            (RESULT_DOUBTFUL, "uscc_character"), (RESULT_DOUBTFUL, "number_mangled"), (RESULT_NO_HIT, ""),
        ]  # fmt: skip
        (hit,) = answer.screened[0].hits
        assert {field.name for field, _ in hit.ListFields()} == {"list", "grounds"}
        refused: NodeError | None = None
        try:
            list(stub.Screen(iter([ScreenRequest(entries=[Entry(uscc=USCC)])])))
        except Exception as error:  # noqa: BLE001
            refused = error_from_rpc(error)  # type: ignore[arg-type]
        assert refused is not None
        assert refused.reason is Reason.PURPOSE_REQUIRED
