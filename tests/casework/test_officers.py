"""Officers: accounts in the clients file, what their roles open, and who is turned away."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from node.cli.main import gongzhi
from node.config import Config, load_config
from node.core.members.clients import Clients, Kind, format_clients, parse_clients
from node.core.members.officers import Account, OfficerRole, check_approver, making_role
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.model import Role
from node.errors import NodeError, Reason
from node.folder.files import load_clients
from node.folder.identity import add_client, load_identity
from tests.kit.commands import invoke, output_of
from tests.kit.nodes.listener import found


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A federation's folder, founded once; each test has a copy."""
    return found(tmp_path_factory.mktemp("founded"))["changsha"].keys.parents[1]


@pytest.fixture
def config(founded: Path, tmp_path: Path) -> Config:
    shutil.copytree(founded, tmp_path, dirs_exist_ok=True)
    return load_config(tmp_path / "changsha")


ZHANG = Account("张三", (OfficerRole.CASE_OFFICER,), "湘A01")


def test_added_listed_removed(config: Config, tmp_path: Path) -> None:
    at = ("--node", str(config.keys.parent))
    words = ("--name", "张三", "--role", "clerk", "--role", "case_officer", "--certificate-number", "湘A01")
    output_of("officer", "add", "zhang", *words, "--out", str(tmp_path / "zhang"), *at)
    listed = {each["account"]: each for each in json.loads(output_of("officer", "list", "--json", *at))}
    assert listed["zhang"]["roles"] == ["clerk", "case_officer"]
    assert (listed["zhang"]["name"], listed["zhang"]["certificate_number"]) == ("张三", "湘A01")
    assert load_identity(tmp_path / "zhang").kind is Kind.OFFICER
    output_of("officer", "remove", "zhang", *at)
    assert load_clients(config.clients).find("zhang") is None


def test_the_nodes_own_officer_is_no_account_to_remove(config: Config) -> None:
    done = invoke(gongzhi, "officer", "remove", "officer", "--node", config.keys.parent)
    assert isinstance(done.exception, NodeError)
    assert done.exception.reason is Reason.NOT_FOUND


def test_the_clients_file_keeps_accounts_and_a_renewal_keeps_them_too(config: Config, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    add_client(config, "zhang", Kind.OFFICER, tmp_path / "a", now, account=ZHANG)
    add_client(config, "zhang", Kind.OFFICER, tmp_path / "b", now)
    clients = load_clients(config.clients)
    known = clients.find("zhang")
    assert known is not None
    assert (known.account, len(known.tls_certs)) == (ZHANG, 2)
    assert parse_clients(format_clients(clients)) == clients
    assert parse_clients(format_clients(Clients())) == Clients()


def test_an_auditor_makes_nothing_and_only_an_approver_approves() -> None:
    accept = WORKFLOWS["referral"].act["accept"]
    with pytest.raises(NodeError) as caught:
        making_role(Account("王五", (OfficerRole.AUDITOR, OfficerRole.ADMIN)), accept)
    assert caught.value.reason is Reason.WRONG_ACTOR
    assert making_role(ZHANG, accept) is Role.CASE_OFFICER
    assert making_role(Account("赵六", (OfficerRole.CLERK,)), accept) is Role.CLERK  # which the engine refuses
    with pytest.raises(NodeError):
        check_approver(ZHANG)
    check_approver(Account("李四", (OfficerRole.APPROVER,)))


@pytest.mark.parametrize("name", ["张三", "ZhangSan", "a b", "", "a" * 65, "../a"])
def test_a_name_that_the_clients_file_could_not_hold_is_refused_before_anything_is_made(
    config: Config, tmp_path: Path, name: str
) -> None:
    before = config.clients.read_text()
    with pytest.raises(NodeError, match="lower case") as caught:
        add_client(config, name, Kind.OFFICER, tmp_path / "identity", datetime.now(UTC), account=ZHANG)
    assert caught.value.reason is Reason.INVALID_ARGUMENT
    assert not (tmp_path / "identity").exists()
    assert config.clients.read_text() == before
