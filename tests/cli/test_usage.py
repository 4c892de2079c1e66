"""Who asked what: an auditor reads it from a machine of his own, and leaves a trace by that."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from node.bootstrap.query_role import QueryRole
from node.cli.main import gongzhi
from node.core.members.clients import Kind
from node.core.members.officers import Account, OfficerRole
from node.demo.founding import found_federation
from node.errors import NodeError, Reason
from node.folder.identity import add_client
from node.folder.keyfile import load_log_key
from node.storage.sqlite.usage import Usage, UsageLog
from tests.kit.commands import invoke
from tests.kit.stores.city import City
from tests.kit.waiting import eventually

DAY_MS = 24 * 3600 * 1000
BASIS = "政务数据共享条例 第二十条"
EARLIER = 1_800_000_000_000  # 2027-01-15


def use(name: str, purpose: str, at_ms: int, subject: str | bytes = "uscc:914300007121944054") -> Usage:
    return Usage(at_ms, "officer", name, "Search", purpose, BASIS, 1, subject, "changsha", "records=1")


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = found_federation(folder / "node", datetime.now(UTC), ("changsha", "wuhan"))[0]
        self.config.data_dir.mkdir(exist_ok=True)
        City(folder, "changsha", self.config.node_db, load_log_key(self.config.log_key)).close()
        for name, role in (("wang", OfficerRole.AUDITOR), ("zhang", OfficerRole.CASE_OFFICER)):
            account = Account(name, (role,))
            add_client(self.config, name, Kind.OFFICER, folder / name, datetime.now(UTC), account=account)
        add_client(self.config, "shop", Kind.PLATFORM, folder / "shop", datetime.now(UTC))
        questions = UsageLog(self.config.usage_db)
        for number in range(1200):
            questions.note(use("zhang", "verification", EARLIER + number, b"\x0f" * 8))
        questions.note(use("=cmd|'/c calc'!A1", "enforcement", EARLIER + 2 * DAY_MS))
        questions.close()
        evidence = UsageLog(self.config.data_dir / "evidence_usage.db")
        evidence.note(use("li", "enforcement", EARLIER + DAY_MS, "changsha-7"))
        evidence.close()
        self.role = QueryRole(self.config)
        self.role.start()

    def run(self, who: str, *arguments: str) -> Result:
        return invoke(gongzhi, "usage", *arguments, "--as", self.folder / who)

    def close(self) -> None:
        self.role.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


def names(result: Result) -> list[str]:
    assert result.exit_code == 0, (result.output, result.exception)
    return [each["name"] for each in json.loads(result.stdout)]


def test_both_files_page_by_page_in_the_order_of_time(world: World) -> None:
    found = names(
        world.run("wang", "list", "--json", "--limit", "5000", "--until", "2027-02-01", "--since", "2027-01-01")
    )
    assert found == ["zhang"] * 1200 + ["li", "=cmd|'/c calc'!A1"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--who", "li"), ["li"]),
        (("--purpose", "enforcement"), ["li", "=cmd|'/c calc'!A1"]),
        (("--since", "2027-01-16T15:00", "--until", "2027-01-17"), ["li"]),
        (("--who", "nobody"), []),
    ],
)
def test_what_is_looked_for(world: World, options: tuple[str, ...], found: list[str]) -> None:
    assert names(world.run("wang", "list", "--json", *options)) == found


def test_a_table_says_who_what_why_and_when(world: World) -> None:
    shown = world.run("wang", "list", "--who", "li").stdout
    for word in ("officer li", "Search", "changsha-7", "enforcement", BASIS, "records=1", "2027-01-16"):
        assert word in shown


def test_an_export_runs_nothing_in_a_spreadsheet_and_is_its_owners_alone(world: World) -> None:
    out = world.folder / "usage.csv"
    result = world.run("wang", "export", "--purpose", "enforcement", "--out", str(out))
    assert "2 usage records" in result.output
    rows = list(csv.DictReader(out.open(encoding="utf-8-sig")))
    assert [row["name"] for row in rows] == ["li", "'=cmd|'/c calc'!A1"]
    assert out.stat().st_mode & 0o777 == 0o600


def test_who_looks_leaves_a_record_too(world: World) -> None:
    world.run("wang", "list", "--who", "li")
    shown: list[dict[str, str]] = []

    def written() -> bool:
        shown[:] = json.loads(world.run("wang", "list", "--json", "--who", "wang").stdout)
        return bool(shown)

    eventually(written)
    last = shown[-1]
    assert (last["rpc"], last["purpose"], last["kind"]) == ("ListUsage", "audit", "officer")


@pytest.mark.parametrize("who", ["zhang", "shop"])
def test_nobody_but_an_auditor_reads_it(world: World, who: str) -> None:
    refused = world.run(who, "list")
    assert isinstance(refused.exception, NodeError)
    assert refused.exception.reason is Reason.PERMISSION_DENIED
    own = invoke(gongzhi, "usage", "list", "--json", "--node", world.config.keys.parent)
    assert own.exit_code == 0, own.output
