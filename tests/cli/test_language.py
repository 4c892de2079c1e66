"""The command line speaks the language it is told to, in help, in Click's own words, in tables and in errors."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from rich.cells import cell_len

from adapters.cli import main as gongzhi_adapter
from node.cli.main import gongzhi, main
from tests.kit.commands import invoke

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ZH = {"GONGZHI_LANG": "zh"}


def groups(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[click.Command, tuple[str, ...]]]:
    """Every command with commands below it, and the words that are typed."""
    if isinstance(command, click.Group):
        yield command, path
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from groups(below, (*path, name))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("program", [gongzhi, gongzhi_adapter], ids=lambda program: str(program.name))
def test_no_short_help_is_cut_off(program: click.Command, lang: str) -> None:
    for _group, path in groups(program):
        help_text = invoke(program, "--lang", lang, *path, "--help").output
        listed = help_text.partition("Commands:" if lang == "en" else "命令:")[2]
        assert listed, path
        assert "..." not in listed, path


def test_help_is_in_the_language_that_is_asked_for() -> None:
    assert "办理案件：移送、投诉" in invoke(gongzhi, "--lang", "zh", "case", "--help").output
    assert not _CHINESE.search(invoke(gongzhi, "case", "--help").output)
    assert "办理案件：移送、投诉" in invoke(gongzhi, "case", "--help", env=_ZH).output
    # The option outweighs the environment, and no run changes the next one's.
    assert "Work on cases" in invoke(gongzhi, "--lang", "en", "case", "--help", env=_ZH).output
    assert "将本市的数据表导入节点" in invoke(gongzhi_adapter, "--help", env=_ZH).output


@pytest.mark.parametrize("path", [(), ("load",)])
@pytest.mark.parametrize("program", [gongzhi, gongzhi_adapter], ids=lambda program: str(program.name))
def test_the_short_option_shows_the_same_help(program: click.Command, path: tuple[str, ...]) -> None:
    assert invoke(program, *path, "-h").output == invoke(program, *path, "--help").output


def test_chinese_help_fits_the_terminal() -> None:
    for path in ((), ("case",), ("init",), ("operator", "verify")):
        for line in invoke(gongzhi, *path, "--help", env={**_ZH, "COLUMNS": "100"}).output.splitlines():
            assert cell_len(line) <= 112, line  # an example keeps its line; texts are wrapped at 98


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("cas",), "没有命令 'cas'"),
        (("case", "--lng"), "没有选项 '--lng'"),
        (("case", "list"), "缺少选项 '--as'"),
        (("deadline", "due", "x", "--from", "5 March"), "5 March 不是日期"),
        (("retract",), "请给出记录编号，或 --load 批次号"),
    ],
)
def test_errors_of_usage_are_in_chinese(words: tuple[str, ...], text: str) -> None:
    result = invoke(gongzhi, *words, env=_ZH)
    assert result.exit_code == 2
    assert text in result.output
    assert "Error" not in result.output
    assert "Usage" not in result.output


def test_tables_are_in_chinese() -> None:
    assert "60日" in invoke(gongzhi, "deadline", "list", "--on", "2026-05-01", env=_ZH).output
    shown = invoke(gongzhi, "errors", "show", "storage_full", env=_ZH).output
    assert shown.startswith("storage_full: 磁盘已满")


def test_json_is_the_same_in_both_languages() -> None:
    words = ("deadline", "list", "--on", "2026-05-01", "--json")
    assert invoke(gongzhi, *words, env=_ZH).output == invoke(gongzhi, *words).output


def test_a_failure_says_what_and_what_to_do_in_chinese(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gongzhi", "--lang", "zh", "records", "show", "x", "--as", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    line, advice = capsys.readouterr().err.splitlines()
    assert line.startswith("共织：")
    assert _CHINESE.search(advice)
