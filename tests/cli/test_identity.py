"""Who asks: every command that opens a channel takes the caller's own identity, and usage records say who it was."""

import ast
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import click
import pytest
from click.testing import Result

from node.bootstrap.query_role import QueryRole
from node.cli.main import gongzhi
from node.core.law.calendar import legal_date
from node.core.members.clients import Kind
from node.core.members.federation import format_fingerprint
from node.core.members.officers import Account, OfficerRole
from node.demo.founding import found_federation
from node.errors import NodeError, Reason
from node.folder.identity import add_client
from node.folder.keyfile import load_log_key
from node.storage.sqlite.schema import open_reader
from tests.kit.commands import invoke
from tests.kit.stores.city import City, operator

USCC = "914300007121944054"
CLI = Path(__file__).parents[2] / "node" / "cli"
_OPENERS = {"NodeClient"}
# They look after the node beside them: is it there, and how does it stand? They ask nothing about anybody.
_OF_THE_NODE = {"status", "health", "doctor"}
_PLAYS = {"demo", "story"}


class World:
    """A node that answers questions; on other machines an officer and a platform, with nothing of the node's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = found_federation(folder / "node", datetime.now(UTC), ("changsha", "wuhan"))[0]
        self.config.data_dir.mkdir(exist_ok=True)
        now_ms = time.time_ns() // 1_000_000
        self.own = City(folder, "changsha", self.config.node_db, load_log_key(self.config.log_key), now_ms)
        self.record = self.own.register(operator(USCC, name="齐联某某公司"))
        self.zhang, self.shop = folder / "zhang", folder / "shop"
        account = Account("张某", (OfficerRole.CASE_OFFICER,))
        add_client(self.config, "zhang", Kind.OFFICER, self.zhang, datetime.now(UTC), account=account)
        add_client(self.config, "shop", Kind.PLATFORM, self.shop, datetime.now(UTC))
        self.role = QueryRole(self.config)
        self.role.start()

    def run(self, who: Path, *arguments: str) -> Result:
        """A command on a machine that has nothing but the identity of `who`."""
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        return invoke(gongzhi, *arguments, env={"GONGZHI_OFFICER": str(who), "GONGZHI_NODE": str(elsewhere)})

    def last_asked(self) -> tuple[str, str, str]:
        """Kind and name of who asked last, and the call."""
        time.sleep(0.2)
        rows = open_reader(self.config.usage_db).execute("SELECT kind, name, rpc FROM usage ORDER BY number DESC")
        kind, name, rpc = next(iter(rows))
        return str(kind), str(name), str(rpc)

    def close(self) -> None:
        self.role.stop()
        self.own.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("arguments", "rpc"),
    [
        (("operator", "search", "齐联"), "Search"),
        (("operator", "show", USCC), "Show"),
        (("operator", "verify", USCC), "Verify"),
        (("operator", "verify", "--roster", "{roster}"), "VerifyRoster"),
        (("records", "list"), "ListRecords"),
        (("records", "show", "{record}"), "ListRecords"),
        (("prove", "{record}", "--out", "{out}"), "Prove"),
        (("screen", "{roster}"), "Screen"),
    ],
)
def test_an_officer_asks_from_a_machine_of_his_own(world: World, arguments: tuple[str, ...], rpc: str) -> None:
    roster = world.folder / "roster.csv"
    roster.write_text(f"统一社会信用代码\n{USCC}\n", "utf-8")
    told = {"roster": roster, "record": world.record, "out": world.folder / f"{rpc}.proof"}
    result = world.run(world.zhang, *(each.format(**told) for each in arguments))
    assert result.exit_code == 0, (result.output, result.exception)
    assert world.last_asked() == ("officer", "zhang", rpc)


@pytest.mark.parametrize(
    ("arguments", "rpc"), [(("operator", "verify", "--roster"), "VerifyRoster"), (("screen",), "Screen")]
)
def test_a_platform_asks_about_its_roster_with_its_own_identity(
    world: World, arguments: tuple[str, ...], rpc: str
) -> None:
    roster = world.folder / "shops.csv"
    roster.write_text(f"商家统一社会信用代码\n{USCC}\n", "utf-8")
    result = world.run(world.shop, *arguments, str(roster), "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    assert world.last_asked() == ("platform", "shop", rpc)
    rows = open_reader(world.config.usage_db).execute("SELECT legal_basis FROM usage ORDER BY number DESC LIMIT 1")
    assert list(rows) == [("电子商务法 第二十七条",)]


def test_without_an_identity_the_node_asks_with_its_own_account(world: World) -> None:
    result = invoke(gongzhi, "operator", "search", "齐联", "--node", world.config.keys.parent)
    assert result.exit_code == 0, result.output
    assert world.last_asked() == ("officer", "officer", "Search")


def searched(world: World, text: str | bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """`gongzhi operator search` as a program of its own, in a locale of its own."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHON"))}
    node = str(world.config.keys.parent)
    run = [sys.executable, "-m", "node.cli.main", "operator", "search", text, "--node", node]
    env = {**inherited, "COLUMNS": "200", **environment}
    return subprocess.run(run, check=False, capture_output=True, env=env, cwd=CLI.parents[1], timeout=60)


@pytest.mark.parametrize("locale", ["POSIX", "C", "zh_CN.UTF-8", "C.UTF-8"])
def test_chinese_is_understood_and_shown_in_every_locale(world: World, locale: str) -> None:
    done = searched(world, "齐联", LC_ALL=locale)
    assert done.returncode == 0, done.stderr
    assert "齐联某某公司" in done.stdout.decode()


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("齐联".encode("gb18030"), {"LC_ALL": "C.UTF-8"}),
        ("齐联".encode(), {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    ],
    ids=["another encoding", "a terminal of ASCII alone"],
)
def test_an_argument_in_another_encoding_is_refused_in_words(
    world: World, text: bytes, environment: dict[str, str]
) -> None:
    done = searched(world, text, **environment)
    assert done.returncode == 2
    assert done.stderr.startswith(b"gongzhi: invalid_argument: an argument is not in the encoding of this terminal")


def test_an_officer_screens_by_id_number_with_the_key_beside_his_identity(world: World) -> None:
    roster = world.folder / "people.csv"
    roster.write_text("身份证号\nE12345678\n", "utf-8")
    lacking = world.run(world.zhang, "screen", str(roster))
    assert isinstance(lacking.exception, NodeError)
    assert lacking.exception.reason is Reason.INVALID_KEY
    invoke(gongzhi, "screen", "key", "--node", world.config.keys.parent)
    (world.zhang / "person.key").write_bytes((world.config.keys / "person.key").read_bytes())
    (world.zhang / "person.key").chmod(0o600)
    assert world.run(world.zhang, "screen", str(roster)).exit_code == 0


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command of the tree that does something, by its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


@cache
def _mentions() -> dict[str, set[str]]:
    """module.function of node/cli -> the functions it mentions by name, as module.function; "" where it opens one."""
    found = {}
    for file in CLI.rglob("*.py"):
        module = ".".join(("node", "cli", *file.relative_to(CLI).with_suffix("").parts))
        tree = ast.parse(file.read_text("utf-8"))
        known = {each.name: f"{module}.{each.name}" for each in tree.body if isinstance(each, ast.FunctionDef)}
        for each in ast.walk(tree):
            if isinstance(each, ast.ImportFrom):
                known |= {alias.asname or alias.name: f"{each.module}.{alias.name}" for alias in each.names}
        for each in tree.body:
            if isinstance(each, ast.FunctionDef):
                names = {name.id for name in ast.walk(each) if isinstance(name, ast.Name)}
                opens = names & _OPENERS or any(
                    isinstance(name, ast.Attribute) and name.attr == "connect" for name in ast.walk(each)
                )
                found[f"{module}.{each.name}"] = {known[name] for name in names if name in known}
                found[f"{module}.{each.name}"] |= {""} if opens else set()
    return found


def opens_a_channel(function: str) -> bool:
    """Whether a function of the command line comes to open a channel, by itself or by others there."""
    reached, new = {function}, {function}
    while new:
        new = {name for each in new for name in _mentions().get(each, ())} - reached
        reached |= new
    return "" in reached


def test_every_command_that_opens_a_channel_takes_an_identity() -> None:
    opening = [
        (path, command)
        for path, command in commands(gongzhi)
        if path[0] not in _PLAYS | _OF_THE_NODE
        and command.callback is not None
        and opens_a_channel(f"{command.callback.__module__}.{command.callback.__name__}")
    ]
    assert {("operator", "search"), ("case", "show"), ("evidence", "put"), ("screen", "confirm"), ("sync",)} <= {
        path for path, _ in opening
    }
    lacking = [path for path, command in opening if not any("--as" in each.opts for each in command.params)]
    assert lacking == []


@pytest.mark.parametrize(
    ("words", "meant"), [(["statu"], "status"), (["case", "shw"], "show"), (["operator", "serch"], "search")]
)
def test_a_mistyped_command_is_answered_with_the_one_it_is_like(words: list[str], meant: str) -> None:
    result = invoke(gongzhi, *words)
    assert result.exit_code == 2
    assert f"'{meant}'" in result.output


def test_sync_without_now_says_that_a_node_pulls_by_itself(world: World) -> None:
    result = invoke(gongzhi, "sync", "--node", world.config.keys.parent)
    assert result.exit_code == 2
    assert "pulls by itself" in result.output
    assert "--now" in result.output


def test_a_removed_client_is_named_with_its_certificates(world: World) -> None:
    node = str(world.config.keys.parent)
    for kind, command in (("adapter", "client"), ("officer", "officer")):
        name, out = f"gone-{kind}", world.folder / f"gone-{kind}"
        account = Account("某") if kind == "officer" else None
        identity = add_client(world.config, name, Kind(kind), out, datetime.now(UTC), account=account)
        told = invoke(gongzhi, command, "remove", name, "--node", node).output
        assert name in told
        assert format_fingerprint(identity.tls.certificate.fingerprint) in told
        assert str(legal_date(identity.tls.certificate.not_after)) in told
