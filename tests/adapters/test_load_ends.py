"""How a load ends: broken off, refused, damaged, or whole; and what the command says."""

import gzip
import json
import socket
from pathlib import Path

import pytest
from click.testing import Result

from adapters.cli import main
from adapters.intake import Node
from adapters.load import load
from node.errors import FileError, NodeError, Reason, TransientError
from tests.kit.commands import invoke
from tests.kit.nodes.intake import Identities, Intake
from tests.kit.samples.registry import csv_text, row, rows, write_csv
from tests.kit.samples.reject_report import mend, read_report


def run(*arguments: object) -> Result:
    return invoke(main, "load", *arguments)


def to(node: Node) -> list[object]:
    return ["--mapping", "registry", "--identity", node.identity, "--to", node.address]


def test_a_node_that_goes_away_ends_the_load_and_the_next_one_goes_on(
    tmp_path: Path, node: Node, intake: Intake, registry: Path
) -> None:
    path, rejects = write_csv(tmp_path / "f.csv", [row(0, 注册日期="x"), *rows(9000)]), tmp_path / "r.csv"
    intake.breaks_after = 5
    with pytest.raises(TransientError, match="the node stops"):
        load([path], registry, node, rejects=rejects)
    assert len(read_report(rejects)) == 1
    intake.breaks_after = None
    report = load([path], registry, node)
    assert (report.accepted + report.duplicate, report.rejected) == (9000, 1)
    assert len(intake.bodies) == 9000


def test_a_load_that_breaks_off_leaves_the_report_it_loads(
    tmp_path: Path, node: Node, intake: Intake, registry: Path
) -> None:
    path, rejects = (
        write_csv(tmp_path / "f.csv", [row(number, 注册日期="x") for number in range(20)]),
        tmp_path / "r.csv",
    )
    load([path], registry, node, rejects=rejects)
    mend(rejects, {number + 2: row(number) for number in range(10)} | {n + 2: row(n, 地区="x") for n in range(10, 20)})
    mended = rejects.read_bytes()
    intake.breaks_after = 0
    with pytest.raises(TransientError):
        load([rejects], registry, node, rejects=rejects)
    assert rejects.read_bytes() == mended
    assert sorted(tmp_path.iterdir()) == [path, rejects]


def test_answers_that_do_not_fit_end_the_load(tmp_path: Path, node: Node, intake: Intake, registry: Path) -> None:
    intake.short = True
    with pytest.raises(NodeError) as error:
        load([write_csv(tmp_path / "f.csv", rows(3))], registry, node)
    assert error.value.reason is Reason.INTERNAL


def test_a_refusal_keeps_its_reason(tmp_path: Path, node: Node, intake: Intake, registry: Path) -> None:
    intake.refusal = NodeError(Reason.PURPOSE_REQUIRED, "say why")
    with pytest.raises(NodeError) as error:
        load([write_csv(tmp_path / "f.csv", rows(3))], registry, node)
    assert (error.value.reason, error.value.message) == (Reason.PURPOSE_REQUIRED, "say why")


def test_a_damaged_end_leaves_the_rows_before_it_in(tmp_path: Path, node: Node, intake: Intake, registry: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(gzip.compress(csv_text(rows(1500)).encode())[:-8])
    with pytest.raises(FileError, match=r"1501: .*damaged or cut short"):
        load([path], registry, node)
    assert len(intake.bodies) == 1500


@pytest.mark.parametrize("broken", ["client.pem", "server.crt", "client.yaml"])
def test_a_bundle_that_cannot_be_used(tmp_path: Path, node: Node, registry: Path, broken: str) -> None:
    identity = tmp_path / "identity"
    identity.mkdir()
    for file in node.identity.iterdir():
        (identity / file.name).write_bytes(file.read_bytes())
        (identity / file.name).chmod(0o600)
    path = write_csv(tmp_path / "f.csv", rows(1))
    assert load([path], registry, Node(identity, node.address)).accepted == 1
    (identity / "client.pem").chmod(0o644)
    with pytest.raises(FileError, match="others can read"):
        load([path], registry, Node(identity, node.address))
    (identity / "client.pem").chmod(0o600)
    (identity / broken).write_text("nothing of use")
    with pytest.raises(FileError, match=broken):
        load([path], registry, Node(identity, node.address))


def test_exit_codes_and_output(
    tmp_path: Path, node: Node, identities: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.intake.CONNECT_S", 2)
    good, bad = (
        write_csv(tmp_path / "g.csv", rows(3)),
        write_csv(tmp_path / "b.csv", [row(9, 法人代表="张三", 注册日期="x")]),
    )
    assert run(good, *to(node)).exit_code == 0
    rejected = run(bad, *to(node), "--rejects", tmp_path / "r.csv")
    assert rejected.exit_code == 3
    assert "date_unreadable" in rejected.output
    assert str(tmp_path / "r.csv") in rejected.output
    assert "张三" not in rejected.output
    as_json = run(good, *to(node), "--json", "--as-of", "2026-03-31")
    assert json.loads(as_json.stdout)["duplicate"] == 3
    assert run(tmp_path / "none.csv", *to(node)).exit_code == 2
    assert run(good, "--mapping", tmp_path / "none.yaml", *to(node)[2:]).exit_code == 2
    assert run(good, "--mapping", "registry").exit_code == 2
    assert run(good, "--mapping", "registry", "--offline").exit_code == 0
    assert run(good, *to(node), "--as-of", "yesterday").exit_code == 2
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"127.0.0.1:{unused.getsockname()[1]}"
        unreachable = run(good, *to(node)[:4], "--to", closed)
        unreachable_json = run(good, *to(node)[:4], "--to", closed, "--json")
    assert unreachable.exit_code == unreachable_json.exit_code == 4
    assert closed in unreachable.output
    error = json.loads(unreachable_json.stderr)
    assert (error["code"], error["rows"], unreachable_json.stdout) == ("unavailable", 0, "")
    assert closed in error["message"]
    assert closed in error["message_zh"]


def test_a_stranger_and_another_node_of_the_name_are_not_spoken_to(
    tmp_path: Path, node: Node, identities: Identities, intake: Intake, registry: Path
) -> None:
    path = write_csv(tmp_path / "f.csv", rows(1))
    with pytest.raises(TransientError) as error:
        load([path], registry, Node(identities.stranger, node.address))
    assert error.value.reason is Reason.TLS_REFUSED
    assert "this side refused" in error.value.message
    assert intake.requests == []


def test_the_moment_of_as_of_is_in_beijing(tmp_path: Path, node: Node, intake: Intake) -> None:
    path = write_csv(tmp_path / "f.csv", rows(1))
    run(path, *to(node), "--as-of", "2026-03-31")
    run(path, *to(node), "--as-of", "2026-03-31T00:00+00:00")
    assert [request.as_of_ms for request in intake.requests] == [1774886400000, 1774915200000]


@pytest.mark.parametrize("place", ["no/such/folder/rejects.csv", "file/rejects.csv"])
def test_a_report_that_cannot_be_written_is_told_before_any_row_is_sent(
    tmp_path: Path, node: Node, intake: Intake, place: str
) -> None:
    (tmp_path / "file").write_text("")
    path = write_csv(tmp_path / "a.csv", rows(3))
    done = run(path, *to(node), "--rejects", tmp_path / place)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "rejects.csv: the file cannot be written" in done.stderr
    assert not intake.requests
