"""What a newcomer gets wrong first: no node's folder, and places where nothing can be written."""

import sys
from pathlib import Path

import pytest

from node.cli.main import main
from node.cli.shared.case_show import print_case
from node.stubs.casework.v1 import casework_pb2 as pb
from node.whole_file import write_file


def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What the command line says on standard error when it fails with exit code 2."""
    monkeypatch.setattr(sys, "argv", ["gongzhi", *map(str, words)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    return capsys.readouterr().err


def test_no_nodes_folder_is_named_and_how_to_name_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(monkeypatch, capsys, "status", "--node", tmp_path / "nowhere")
    assert told.startswith("gongzhi: invalid_config: ")
    assert str(tmp_path / "nowhere") in told
    assert "--node" in told
    assert "GONGZHI_NODE" in told


def test_where_nothing_can_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    told = said(monkeypatch, capsys, "init", "--city", "wuhan", "--dir", tmp_path / "file" / "wuhan")
    line, advice = told.splitlines()
    assert line == f"gongzhi: invalid_argument: {tmp_path / 'file' / 'wuhan'}: Not a directory"
    assert advice.startswith("The call or command has a value that cannot be used")


def test_frames_of_an_unexpected_error_are_shown_on_request_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("what was asked")

    monkeypatch.setattr("node.cli.status.load_config", fail)
    told = said(monkeypatch, capsys, "status", "--node", tmp_path)
    assert told.startswith("gongzhi: internal: RuntimeError\n")
    assert len(told.splitlines()) == 2
    monkeypatch.setenv("GONGZHI_DEBUG", "1")
    shown = said(monkeypatch, capsys, "status", "--node", tmp_path)
    assert "what was asked" in shown
    assert shown.endswith(told)


def test_a_file_that_cannot_be_written_has_its_own_name_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        write_file(tmp_path / "no" / "proof.json", b"")
    assert caught.value.filename == str(tmp_path / "no" / "proof.json")


def test_a_case_gives_the_terminal_no_orders(capsys: pytest.CaptureFixture[str]) -> None:
    party = pb.PartyView(party="platform", name="京\x1b[2J东\u202e")
    print_case(pb.Case(case="wuhan-1", workflow="measure.request", parties=[party]))
    shown = capsys.readouterr().out
    assert "京" in shown
    assert not {"\x1b", "\u202e"} & set(shown)
