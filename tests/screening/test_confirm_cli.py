"""`gongzhi screen confirm` against a real node: an officer's three acts, and a refusal of what is no hit."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from node.bootstrap.node_role import NodeRole
from node.bootstrap.query_role import QueryRole
from node.cli.main import gongzhi
from node.config import Config
from node.core.members.clients import Kind
from node.core.members.officers import Account, OfficerRole
from node.core.members.platforms import Connections
from node.demo.founding import found_federation
from node.errors import NodeError, Reason
from node.folder.identity import add_client
from node.folder.keyfile import load_log_key
from node.storage.sqlite.reader import Reader
from node.usecases.casework.case_file import CaseRepository
from tests.kit.commands import invoke
from tests.kit.stores.city import City
from tests.kit.stores.listings import OTHER, USCC, listing, publish


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Config]:
    made = found_federation(tmp_path, datetime.now(UTC), ("changsha", "wuhan"))[0]
    made.data_dir.mkdir(exist_ok=True)
    now_ms = time.time_ns() // 1_000_000
    city = City(tmp_path, "changsha", made.node_db, load_log_key(made.log_key), now_ms)
    publish(city, "listing.serious", listing("listing.serious", until="2099-01-01"))
    city.close()
    account = Account("张三", (OfficerRole.CASE_OFFICER,), "430100001")
    add_client(made, "zhang", Kind.OFFICER, tmp_path / "zhang", datetime.now(UTC), account=account)
    roles: list[NodeRole | QueryRole] = [NodeRole(made), QueryRole(made)]
    for role in roles:
        role.start()
    yield made
    for role in reversed(roles):
        role.stop()


def confirm(config: Config, uscc: str) -> Result:
    folder = config.keys.parent
    words = ["screen", "confirm", "changsha-0", "--uscc", uscc, "--screened-at", "某平台入驻名单", "--json"]
    return invoke(gongzhi, *words, "--as", folder.parent / "zhang", "--node", folder)


def test_a_hit_is_confirmed_and_told_by_a_named_officer(config: Config) -> None:
    done = confirm(config, USCC)
    assert done.exit_code == 0, done.output + str(done.exception)
    told = json.loads(done.stdout)
    case = CaseRepository(Reader(config.node_db), lambda: Connections({})).open(told["case"]).case
    assert case.state == "told"
    assert [each.fact.act for each in case.history()] == ["screen", "confirm", "tell"]
    assert {each.fact.maker.name for each in case.history() if each.fact.maker} == {"张三"}
    refused = confirm(config, OTHER)
    assert isinstance(refused.exception, NodeError)
    assert refused.exception.reason is Reason.NOT_FOUND
