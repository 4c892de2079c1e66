"""Every command is known to be an act of administration or not, and each act is noted: who, what, when, from where."""

import csv
import io
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from google.protobuf.descriptor_pool import Default

from node.cli.main import gongzhi
from node.cli.shared.note import noted
from node.cli.shared.noted import ACTS
from node.config import load_config
from node.rpc.auth_interceptor import ACTS as CALLS
from node.storage.sqlite.trail import Act, read_trail
from tests.kit.commands import invoke
from tests.kit.nodes.processes import Running, batch, found
from tests.kit.small_disk import fill, small_disk

# What changes nothing of a node, or is an act in a case: that stands in the log itself.
_OTHERS = frozenset(
    """
    audit|case act|case approve|case discard|case draft|case evidence|case list|case open|case show|case take-up
    check-fork|check-proof|client list|client server-cert|complaint evidence pack|complaint route|config check
    config page|config show|deadline calendar|deadline due|deadline list|deadlines|demo|doctor|errors list
    errors page|errors rules|errors show|evidence get|evidence list|evidence pack|evidence put|evidence verify
    federation card|federation check|federation demo|federation list|health|inbox|officer list|operator search
    operator show|operator verify|outbox|policy check|policy explain|policy matrix
    policy test|prove|records list|records show|scorecard|screen confirm|screen file|standard guide
    standard list|standard show|status|story|sync|trail export|trail list|trail verify|workflow docs|workflow list
    workflow rules|workflow show|usage list|usage export|load list
    """.replace("\n", "|").split("|")
)


def _leaves(command: click.Command, path: str) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield path.strip()
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        yield from _leaves(below, f"{path} {name}")


def test_every_command_is_an_act_or_is_not() -> None:
    """A new command goes into `ACTS` of node/cli/shared/noted.py where it changes a node, else into the list above."""
    others = {each.strip() for each in _OTHERS}
    assert set(_leaves(gongzhi, "")) - others - ACTS.keys() == set()
    assert ACTS.keys() <= set(_leaves(gongzhi, ""))
    assert not ACTS.keys() & others


def test_the_calls_that_are_acts_exist_and_say_what_they_are_about() -> None:
    for method, field in CALLS.items():
        service, _, name = method.strip("/").partition("/")
        found_method = Default().FindServiceByName(service).FindMethodByName(name)
        assert field in found_method.input_type.fields_by_name, method


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert invoke(gongzhi, "init", "--city", "hefei", "--dir", tmp_path / "hefei").exit_code == 0
    return tmp_path / "hefei"


def acts(folder: Path) -> list[Act]:
    return [each.act for each in read_trail(load_config(folder).data_dir)]


def test_acts_are_noted_with_their_result(folder: Path, tmp_path: Path) -> None:
    invoke(gongzhi, "client", "add", "erp", "--kind", "adapter", "--out", tmp_path / "erp", "--node", folder)
    invoke(gongzhi, "client", "remove", "nobody", "--node", folder)
    invoke(gongzhi, "key", "rotate", "--tls", "--node", folder)
    invoke(gongzhi, "federation", "remove", "hefei", "--node", folder)
    invoke(gongzhi, "client", "list", "--node", folder)
    told = [(each.what, each.about, each.result) for each in acts(folder)]
    assert told == [
        ("gongzhi init", "hefei", "done"),
        ("gongzhi client add", "erp adapter", "begun"),
        ("gongzhi client add", "erp adapter", "done"),
        ("gongzhi client remove", "nobody", "begun"),
        ("gongzhi client remove", "nobody", "not_found"),
        ("gongzhi key rotate", "tls", "begun"),
        ("gongzhi key rotate", "tls", "done"),
        ("gongzhi federation remove", "hefei", "begun"),
        ("gongzhi federation remove", "hefei", "invalid_argument"),
    ]
    user = pwd.getpwuid(os.getuid()).pw_name
    assert {each.who for each in acts(folder)} == {f"os:{user}({os.getuid()})"}


def test_sudo_and_ssh_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "zhang3")
    monkeypatch.setenv("SSH_CONNECTION", "10.1.2.3 51000 10.0.0.1 22")
    invoke(gongzhi, "client", "remove", "nobody", "--node", folder)
    newest = acts(folder)[-1]
    assert newest.who.endswith(" by zhang3")
    assert "from 10.1.2.3" in newest.place


def test_what_cannot_be_noted_is_not_done(folder: Path, tmp_path: Path) -> None:
    (folder / "data" / "trail.db").write_bytes(b"no database " * 1000)
    before = (folder / "clients.yaml").read_bytes()
    refused = invoke(gongzhi, "client", "add", "erp", "--kind", "adapter", "--out", tmp_path / "erp", "--node", folder)
    assert refused.exit_code != 0
    assert (folder / "clients.yaml").read_bytes() == before


_KILLED = """
import os, signal, sys
from node.cli.main import gongzhi
from node.storage.sqlite.trail import Trail

add = Trail.add

def add_or_die(self, act):
    if act.result != "begun":
        os.kill(os.getpid(), signal.SIGKILL)
    add(self, act)

Trail.add = add_or_die
gongzhi(sys.argv[1:])
"""
"""A command that is killed once it has done its work."""


def test_an_act_that_is_killed_is_in_the_trail(folder: Path, tmp_path: Path) -> None:
    words = ["client", "add", "erp", "--kind", "adapter", "--out", tmp_path / "erp", "--node", folder]
    killed = subprocess.run([sys.executable, "-c", _KILLED, *map(str, words)], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert "erp" in (folder / "clients.yaml").read_text()
    newest = acts(folder)[-1]
    assert (newest.what, newest.about, newest.result) == ("gongzhi client add", "erp adapter", "begun")


@pytest.fixture
def small(folder: Path, tmp_path: Path) -> Iterator[Path]:
    """The node with its data on a file system that a test can fill."""
    data = load_config(folder).data_dir
    shutil.copytree(data, tmp_path / "data")
    with small_disk(data, 8 * 2**20):
        shutil.copytree(tmp_path / "data", data, dirs_exist_ok=True)
        yield folder


def test_on_a_full_disk_nothing_is_done(small: Path, tmp_path: Path) -> None:
    before, ballast = (small / "clients.yaml").read_bytes(), load_config(small).data_dir / "ballast"
    fill(ballast)
    refused = invoke(gongzhi, "client", "add", "erp", "--kind", "adapter", "--out", tmp_path / "erp", "--node", small)
    assert refused.exit_code != 0
    assert (small / "clients.yaml").read_bytes() == before
    assert not (tmp_path / "erp").exists()
    ballast.unlink()
    assert [each.what for each in acts(small)] == ["gongzhi init"]


def test_an_act_during_which_the_disk_fills_is_in_the_trail(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ballast = load_config(small).data_dir / "ballast"
    noted("client add", ("name",), lambda **_: fill(ballast), {"name": "erp", "node_dir": small})
    assert "(storage_full)" in capsys.readouterr().err
    ballast.unlink()
    newest = acts(small)[-1]
    assert (newest.what, newest.about, newest.result) == ("gongzhi client add", "erp", "begun")


def test_what_takes_secrets_or_bytes_out_of_a_node_is_noted(folder: Path, tmp_path: Path) -> None:
    """The key for ID numbers, and what a peer sent, under both names of the command."""
    invoke(gongzhi, "screen", "key", "--node", folder)
    for name in ("payload", "evidence"):
        invoke(gongzhi, "peer", name, "1", "--out", tmp_path / name, "--node", folder)
    out = tmp_path / "payload"
    assert [(each.what, each.about, each.result) for each in acts(folder)[1:]] == [
        ("gongzhi screen key", "", "begun"),
        ("gongzhi screen key", "", "done"),
        ("gongzhi peer payload", f"1 {out}", "begun"),
        ("gongzhi peer payload", f"1 {out}", "not_found"),
        ("gongzhi peer evidence", f"1 {tmp_path / 'evidence'}", "begun"),
        ("gongzhi peer evidence", f"1 {tmp_path / 'evidence'}", "not_found"),
    ]


def test_the_trail_is_listed_exported_and_verified(folder: Path) -> None:
    invoke(gongzhi, "client", "remove", "nobody", "--node", folder)
    [made, begun, removed] = json.loads(invoke(gongzhi, "trail", "list", "--json", "--node", folder).output)
    assert (made["what"], begun["result"], removed["result"]) == ("gongzhi init", "begun", "not_found")
    rows = list(csv.DictReader(io.StringIO(invoke(gongzhi, "trail", "export", "--node", folder).output)))
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    verified = invoke(gongzhi, "trail", "verify", "--node", folder)
    assert verified.exit_code == 0
    assert rows[-1]["link"] in verified.output


def test_calls_are_noted_by_certificate_and_the_log_tells_without_bodies(tmp_path: Path) -> None:
    """An officer takes a record back; loads, calls and the act are told, and nothing of the rows."""
    marked = {"phone": "13800001234", "legal_representative": "标记王五"}
    settings = {"log_level": "debug"}
    [config] = found(tmp_path, "hefei", settings=settings)
    with Running(config) as node:
        list(node.submit(iter([batch(1, 3, **marked)])))
        taken = ["retract", "hefei-1", "--purpose", "correction", "--legal-basis", "x", "--yes", "--node", node.folder]
        assert invoke(gongzhi, *taken).exit_code == 0
        told = node.log.read_text()
        events = node.events()
    by_command = [(each.about, each.result) for each in acts(node.folder) if each.what == "gongzhi retract"]
    assert by_command == [("hefei-1", "begun"), ("hefei-1", "done")]
    by_call = next(each for each in acts(node.folder) if each.what.endswith("/Retract"))
    assert (by_call.who, by_call.about, by_call.result) == ("officer:officer", "hefei-1", "done")
    assert by_call.place.startswith(("ipv4:127.0.0.1:", "ipv4:127.0.0.1%3A"))
    [load] = [each for each in events if each["event"] == "rows_taken_in"]
    assert (load["accepted"], load["caller"], load["level"]) == (3, "officer:officer", "info")
    calls = [each for each in events if each["event"] == "call"]
    assert {"method", "caller", "code", "ms"} <= calls[0].keys()
    assert any(each["event"] == "administered" for each in events)
    assert not any(secret in told for secret in marked.values())
