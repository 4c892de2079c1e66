"""With `--json` an error is a JSON object on standard error, in both languages, with the same exit code."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from node.cli.main import main

_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What a command that fails with exit code 2 prints on standard error; it prints nothing else."""
    monkeypatch.setattr(sys, "argv", ["gongzhi", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert not printed.out
    return printed.err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_error_is_an_object_in_both_languages(
    lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = failure(monkeypatch, capsys, "--lang", lang, "status", "--node", tmp_path, "--json")
    error = json.loads(printed)
    assert list(error) == ["code", "message", "message_zh", "advice", "advice_zh"]
    assert error["code"] == "invalid_config"
    assert str(tmp_path) in error["message"]
    assert str(tmp_path) in error["message_zh"]
    assert not _CHINESE.search(error["message"] + error["advice"])
    assert _CHINESE.search(error["message_zh"])
    assert _CHINESE.search(error["advice_zh"])
    assert printed.count("\n") == 1


def test_without_json_it_stays_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failure(monkeypatch, capsys, "status", "--node", tmp_path).startswith("gongzhi: invalid_config: ")


@pytest.mark.parametrize(
    "words",
    [["status", "--no-such-option"], ["no-such-command"], ["policy", "check"], ["policy", "check", "no.yaml"]],
)
def test_a_command_line_that_does_not_parse_is_an_object_too(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Usage: " in failure(monkeypatch, capsys, *words)
    error = json.loads(failure(monkeypatch, capsys, *words, "--json"))
    assert error["code"] == "invalid_argument"
    assert error["message"]


def test_a_file_of_the_operator_that_is_wrong_keeps_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy.yaml").write_text("city: [")
    error = json.loads(failure(monkeypatch, capsys, "policy", "test", tmp_path / "policy.yaml", "--json"))
    assert error["code"] == "invalid_policy"
    assert "policy.yaml" in error["message"]


@pytest.mark.parametrize("program", ["gongzhi", "gongzhi-adapter"])
@pytest.mark.parametrize("words", [["--bad", "load", "--json"], ["load", "no.csv", "--json", "--nonsense"]])
def test_both_programs_convert_what_does_not_parse(program: str, words: list[str]) -> None:
    """The options of the program itself too."""
    path = Path(sys.executable).with_name(program)
    done = subprocess.run([str(path), *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert not done.stdout
    error = json.loads(done.stderr.splitlines()[-1])
    assert list(error) == ["code", "message", "message_zh", "advice", "advice_zh"]
    assert error["code"] == "invalid_argument"
