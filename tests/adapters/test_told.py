"""What a load says of rows, in both languages, and what it hides."""

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.cli import main
from adapters.intake import Node
from adapters.load import load
from node.core.reason_texts import explained
from node.core.standards.standard import get
from node.errors import FileError
from node.messages import render, set_language
from node.stubs.intake.v1 import intake_pb2
from node.stubs.standard.v1.penalty_pb2 import Penalty
from tests.kit.commands import invoke
from tests.kit.nodes.intake import Intake
from tests.kit.samples.published import PENALTY
from tests.kit.samples.registry import row, write_csv
from tests.kit.samples.reject_report import read_report

ID_NUMBER = "430102190001010015"


def test_the_report_says_why_in_chinese_and_is_loaded_again(tmp_path: Path, registry: Path) -> None:
    set_language("zh")
    bad = [row(1, 地区="朝阳区"), row(2, 企业名称="名" * 201), row(3, 注册日期="2015-03-31 16:00:00")]
    rejects = tmp_path / "rejects.csv"
    load([write_csv(tmp_path / "f.csv", bad)], registry, None, rejects=rejects)
    lines = read_report(rejects)
    assert [line["原因"] for line in lines] == [
        "有多个同名的地方：110105 北京市朝阳区、220104 吉林省长春市朝阳区；请在前面写明所在市，或者填写代码",
        "不得超过200个字",
        "时间没有写明时区，可能指当天，也可能指北京时间次日零点；请只导出日期，或者在时间后写明时区（+08:00）",
    ]
    assert [line["原因代码"] for line in lines] == ["region_ambiguous", "too_long", "date_ambiguous"]
    again = load([rejects], registry, None)
    assert (again.rows, again.rejected) == (3, 3)
    assert render(again.examples[0]).startswith(f"{tmp_path / 'f.csv'}:2: 地区: region_ambiguous：有多个同名的地方")


def test_the_report_says_why_in_english_too(tmp_path: Path, registry: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    load([write_csv(tmp_path / "f.csv", [row(2, 企业名称="名" * 201)])], registry, None, rejects=rejects)
    assert [(line["reason"], line["message"]) for line in read_report(rejects)] == [
        ("too_long", "at most 200 characters")
    ]


def test_a_report_in_one_language_is_loaded_in_the_other(tmp_path: Path, registry: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    load([write_csv(tmp_path / "f.csv", [row(1, 地区="朝阳区", 经营范围="=1+1")])], registry, None, rejects=rejects)
    set_language("zh")
    load([rejects], registry, None, rejects=rejects)
    [line] = read_report(rejects)
    assert (line["文件"], line["行号"], line["经营范围"]) == (str(tmp_path / "f.csv"), "2", "'=1+1")
    assert "file" not in line


def test_a_reason_without_a_text_keeps_its_message() -> None:
    assert render(explained("of_a_later_node", "what it says"), "zh") == "what it says"
    stated = explained("r", "须载明 · must be stated")
    assert (render(stated, "en"), render(stated, "zh")) == ("must be stated", "须载明")


def test_what_a_node_says_in_english_is_explained_in_chinese_by_its_code() -> None:
    of_node = explained("date_invalid", "no such day")
    assert (render(of_node, "en"), render(of_node, "zh")) == ("no such day", "日历上没有这一天。核实后改正。")


def test_personal_numbers_in_facts_are_warned_of_and_hidden_on_request(
    tmp_path: Path, node: Node, intake: Intake
) -> None:
    facts = f"当事人王某（身份证号{ID_NUMBER}，手机13800001234）销售过期饼干。"
    cells = PENALTY | {"CF_SY": facts}
    path = write_csv(tmp_path / "f.csv", [list(cells.values())], list(cells))
    report = load([path], Path("penalty_cf"), node)
    assert report.reasons == {"personal_id_number": 1, "personal_mobile": 1}
    assert (report.accepted, report.warnings) == (1, 2)
    assert ID_NUMBER not in "".join(report.warned)
    masked = load([path], Path("penalty_cf"), node, mask_personal=True)
    assert (masked.superseded, masked.warnings) == (1, 0)
    [body] = intake.bodies.values()
    message = Penalty.FromString(body)
    assert message.facts == "当事人王某（身份证号430**************5，手机138****1234）销售过期饼干。"
    assert ID_NUMBER.encode() not in get("penalty").split(body)[0]


@pytest.mark.parametrize(
    "column", ["CF_XDR_SYDW", "CF_XDR_SHZZ", "CF_XDR_ZZJG", "CF_XDR_SWDJ", "CF_XDR_GSZC", "CF_CFJG"]
)
def test_an_id_number_in_a_field_that_is_not_for_it_is_refused(tmp_path: Path, column: str) -> None:
    cells = PENALTY | {column: ID_NUMBER}
    path = write_csv(tmp_path / "f.csv", [list(cells.values())], list(cells))
    report = load([path], Path("penalty_cf"), None, mask_personal=True)
    assert (report.rejected, report.reasons["personal_id_number"]) == (1, 1)
    assert ID_NUMBER not in "".join(report.examples)


def test_the_command_masks_and_names_every_shipped_mapping(tmp_path: Path) -> None:
    told = invoke(main, "load", "--help").output
    assert "--mask-personal" in told
    for name in ("penalty_2015", "penalty_gsxt", "abnormal_gsxt", "sole_traders"):
        assert name in told


def test_a_file_of_another_city_is_told_before_a_row_is_in(tmp_path: Path, node: Node, intake: Intake) -> None:
    """The node is Wuhan's. The code's own digits say nothing."""
    mine = [row(number) for number in range(1, 31)]
    others = [row(number, 地区="长沙", 所在省份="湖南") for number in range(31, 101)]
    path = write_csv(tmp_path / "f.csv", [*mine, *others])
    warned: list[str] = []

    def no(warning: str) -> bool:
        warned.append(warning)
        return False

    with pytest.raises(FileError, match="70 of the first 100 rows are of another city, most of 430100 湖南省长沙市"):
        load([path], Path("registry"), node, ask=no)
    assert intake.requests == []
    assert len(warned) == 1
    assert load([path], Path("registry"), node, ask=lambda _: True).accepted == 100
    few = load([write_csv(tmp_path / "g.csv", [*mine, *others[:10]])], Path("registry"), node)
    assert few.duplicate == 40
    assert any("10 of the first 40 rows are of another city" in notice for notice in few.notices)


@pytest.mark.parametrize("answer", ["y", "n", None])
def test_a_file_of_another_city_is_asked_about_on_a_terminal_alone(
    tmp_path: Path, node: Node, intake: Intake, answer: str | None
) -> None:
    """A load by a timer has nobody to ask: it warns, and goes on."""
    path = write_csv(tmp_path / "f.csv", [row(number, 地区="长沙", 所在省份="湖南") for number in range(1, 11)])
    command = [
        str(Path(sys.executable).with_name("gongzhi-adapter")),
        *("load", str(path), "--mapping", "registry", "--identity", str(node.identity), "--to", node.address),
    ]
    if answer is None:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60
        )
        code, told = done.returncode, done.stderr
    else:
        code, told = on_a_terminal(command, answer)
    assert told.count("10 of the first 10 rows are of another city") == (2 if answer == "n" else 1)
    assert ("Load it all the same?" in told) is (answer is not None)
    assert (code, bool(intake.requests)) == ((2, False) if answer == "n" else (0, True))


def on_a_terminal(command: list[str], answer: str) -> tuple[int, str]:
    """What a program says on a terminal on which `answer` is typed, and how it ends."""
    main_end, its_end = pty.openpty()
    with subprocess.Popen(command, stdin=its_end, stdout=its_end, stderr=its_end) as process:
        os.close(its_end)
        os.write(main_end, f"{answer}\n".encode())
        told = b""
        with suppress(OSError):  # EIO: the program has ended
            while piece := os.read(main_end, 4096):
                told += piece
        os.close(main_end)
        return process.wait(60), told.decode()


@pytest.mark.parametrize("stated", [None, 1_900_000_000_000])
def test_a_file_of_a_day_to_come_is_named_with_its_day(tmp_path: Path, registry: Path, stated: int | None) -> None:
    path = write_csv(tmp_path / "f.csv", [row(1)])
    os.utime(path, (1_900_000_000, 1_900_000_000))
    with pytest.raises(FileError, match=r"f\.csv: .*2030-03-18.*") as refused:
        load([path], registry, None, as_of_ms=stated)
    assert refused.value.path == str(path)
    assert "--as-of" in refused.value.message
    assert "数据时点" in render(refused.value.message, "zh")
    assert load([path], registry, None, as_of_ms=1_700_000_000_000).accepted == 1


def test_outdated_rows_are_told_and_do_not_end_as_if_all_were_in(
    tmp_path: Path, node: Node, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "_take", lambda request, each: intake_pb2.Outcome(status=intake_pb2.STATUS_OUTDATED))
    path = write_csv(tmp_path / "f.csv", [row(1), row(2)])
    command = ["load", str(path), "--mapping", "registry", "--identity", str(node.identity), "--to", node.address]
    ended = invoke(main, *command)
    assert ended.exit_code == 3
    assert "2 rows are not stored" in ended.output


def test_a_day_to_come_is_told_without_a_node_too(tmp_path: Path, registry: Path) -> None:
    files = [row(1, 注册日期="2099-01-01"), row(2)]
    report = load([write_csv(tmp_path / "f.csv", files)], registry, None)
    assert (report.accepted, report.rejected, dict(report.reasons)) == (1, 1, {"future_day": 1})
