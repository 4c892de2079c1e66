"""Where the package's service has a node, and whose its files are."""

import os
import pwd
from datetime import UTC, datetime
from pathlib import Path

import pytest

from node.cli.main import gongzhi
from node.config import load_config
from node.errors import FileError, NodeError, Reason
from node.folder import service
from node.folder.founding import CAPITALS, Plan, shipped_policy
from node.storage.founding import found_node
from node.whole_file import write_file
from tests.kit.commands import invoke

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: who else gives files away?")
SOMEBODY = 12345


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`etc` and `var` in a folder of the test, and its own user as the service's."""
    for name in ("etc", "var", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(service, "SETTINGS", tmp_path / "etc")
    monkeypatch.setattr(service, "DATA", tmp_path / "var")
    monkeypatch.setattr(service, "USER", pwd.getpwuid(os.geteuid()).pw_name)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def found(folder: Path, city: str = "changsha") -> Path:
    plan = Plan(city, *CAPITALS[city], "127.0.0.1:7100", shipped_policy(city))
    found_node(folder, plan, datetime.now(UTC))
    return folder


def test_a_node_of_the_service_has_its_data_elsewhere(places: Path) -> None:
    folder = found(places / "etc/changsha")
    service.settle(folder)
    assert load_config(folder).data_dir == places / "var/changsha"
    assert (places / "var/changsha").stat().st_mode & 0o777 == 0o700
    assert not (folder / "data").exists()


def test_a_restored_node_is_settled_in_the_same_way_though_its_settings_name_a_folder(places: Path) -> None:
    folder = found(places / "etc/changsha")
    write_file(folder / "node.yaml", b"city: changsha\ndata_dir: data\nlog_level: info\n")
    (folder / "data/restored").write_text("held back", "utf-8")
    service.settle(folder)
    assert load_config(folder).data_dir == places / "var/changsha"
    assert (places / "var/changsha/restored").read_text("utf-8") == "held back"


def test_any_other_node_stays_as_it_is(places: Path) -> None:
    folder = found(places / "here/changsha")
    service.check_place(folder)
    service.settle(folder)
    assert load_config(folder).data_dir == folder / "data"


@as_root
def test_data_that_are_there_are_not_mixed_with_a_new_nodes(places: Path) -> None:
    (places / "var/changsha").mkdir()
    (places / "var/changsha/node.db").write_bytes(b"of an earlier node")
    with pytest.raises(FileError, match="already holds data") as refused:
        service.check_place(places / "etc/changsha")
    assert refused.value.reason is Reason.INVALID_ARGUMENT


def test_somebody_else_than_root_is_told_to_be_root(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    with pytest.raises(NodeError, match="sudo") as refused:
        service.check_place(places / "etc/changsha")
    assert refused.value.reason is Reason.PERMISSION_DENIED


def test_without_the_package_there_is_no_user(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(service, "USER", "nobody-of-this-name")
    with pytest.raises(NodeError, match="the Debian package creates it"):
        service.check_place(places / "etc/changsha")


def test_the_only_node_of_the_service_needs_no_name(places: Path) -> None:
    assert service.default_folder() == Path()
    found(places / "etc/changsha")
    assert service.default_folder() == places / "etc/changsha"
    found(places / "here")
    assert service.default_folder() == Path()


def test_of_several_none_is_taken_and_all_are_named(places: Path) -> None:
    for city in ("changsha", "wuhan"):
        found(places / "etc" / city, city)
    refused = invoke(gongzhi, "federation", "list")
    assert isinstance(refused.exception, FileError)
    assert f"--node {places}/etc/changsha, --node {places}/etc/wuhan" in refused.exception.message


@as_root
def test_what_root_writes_into_anothers_folder_is_that_users(places: Path) -> None:
    folder = found(places / "here/changsha")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY)
    for words in (["client", "add", "registry", "--kind", "adapter", "--out", str(folder / "identity")],
                  ["key", "rotate", "--tls"]):  # fmt: skip
        assert invoke(gongzhi, *words, "--node", folder).exit_code == 0
    assert {path.stat().st_uid for path in (folder, *folder.rglob("*"))} == {SOMEBODY}
    assert (folder / "identity/client.pem").stat().st_mode & 0o777 == 0o600


@as_root
def test_root_does_not_run_anothers_node(places: Path) -> None:
    folder = found(places / "here/changsha")
    os.chown(folder / "data", SOMEBODY, SOMEBODY)
    refused = invoke(gongzhi, "run", "--node", folder)
    assert isinstance(refused.exception, NodeError)
    assert str(SOMEBODY) in refused.exception.message
