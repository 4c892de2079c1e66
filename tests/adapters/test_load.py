import os
import random
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from adapters.intake import Node
from adapters.load import load
from adapters.report import Report
from node.demo.sample import write_sample
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from tests.kit.nodes.intake import Intake
from tests.kit.samples.registry import COLUMNS, row, rows, uscc, write_csv
from tests.kit.samples.reject_report import mend, read_report


def spoiled(body: list[list[str]], share: float) -> tuple[list[list[str]], dict[int, list[str]]]:
    """Rows of which a share is bad in one of many ways, and the bad ones' right versions by line."""
    ways = {"注册日期": "2019-02-30", "注册资金": "很多", "统一社会信用代码": "91420100MA00TEXT00",
            "企业名称": "名" * 201, "地区": "长安", "经营范围": "=货" * 5000}  # fmt: skip
    bad, right = [list(cells) for cells in body], {}
    for index in random.Random(7).sample(range(len(body)), round(len(body) * share)):
        right[index + 2] = list(bad[index])
        column = list(ways)[index % len(ways)]
        bad[index][COLUMNS.index(column)] = ways[column]
    return bad, right


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.accepted, report.superseded, report.duplicate, report.rejected


def test_the_good_rows_of_a_bad_file_are_in_and_the_mended_ones_follow(
    tmp_path: Path, node: Node, intake: Intake, registry: Path
) -> None:
    body, right = spoiled(rows(2000), 0.3)
    path, rejects = write_csv(tmp_path / "f.csv", body), tmp_path / "rejects.csv"
    first = load([path], registry, node, rejects=rejects)
    assert counts(first) == (1400, 0, 0, 600)
    assert len(intake.bodies) == 1400

    lines = read_report(rejects)
    assert [int(line["line"]) for line in lines] == sorted(right)
    assert {line["file"] for line in lines} == {str(path)}
    for line in lines:
        cells = body[int(line["line"]) - 2]
        assert line["field"] in COLUMNS, line
        assert line["value"].removeprefix("'") == cells[COLUMNS.index(line["field"])]
        assert line["reason"]
        assert line["message"]

    mend(rejects, right)
    second = load([rejects], registry, node, rejects=rejects)
    assert counts(second) == (600, 0, 0, 0)
    assert {key for _, key in intake.bodies} == {uscc(number) for number in range(1, 2001)}
    assert read_report(rejects) == []


def test_a_report_half_mended_still_names_the_first_source(tmp_path: Path, node: Node, registry: Path) -> None:
    path, rejects = write_csv(tmp_path / "f.csv", [row(1), row(2, 注册日期="x")]), tmp_path / "r.csv"
    load([path], registry, node, rejects=rejects)
    load([rejects], registry, node, rejects=rejects)
    [line] = read_report(rejects)
    assert (line["file"], line["line"], line["field"], line["value"]) == (str(path), "3", "注册日期", "x")


def test_the_same_file_twice_adds_nothing_and_a_corrected_row_supersedes(
    tmp_path: Path, node: Node, intake: Intake, registry: Path
) -> None:
    path = write_csv(tmp_path / "f.csv", rows(700))
    assert counts(load([path], registry, node)) == (700, 0, 0, 0)
    assert counts(load([path], registry, node)) == (0, 0, 700, 0)
    body = rows(700)
    body[3][0] = "武汉市改名商行"
    assert counts(load([write_csv(path, body)], registry, node)) == (0, 1, 699, 0)
    assert len(intake.bodies) == 700


def test_requests_stay_in_their_limits_and_say_where_rows_come_from(
    tmp_path: Path, node: Node, intake: Intake, registry: Path
) -> None:
    wide = [row(number, 经营范围="货" * 2000) for number in range(1, 1201)]
    one, two = write_csv(tmp_path / "1.csv", wide), write_csv(tmp_path / "2.csv", [row(5000)])
    os.utime(one, (1_000_000_000, 1_000_000_000))
    load([one, two], registry, node, source="wuhan-registry")
    assert [request.seq for request in intake.requests] == list(range(1, len(intake.requests) + 1))
    assert all(len(request.rows) <= 1000 and request.ByteSize() <= 4 << 20 for request in intake.requests)
    assert {request.source for request in intake.requests} == {"wuhan-registry"}
    assert intake.requests[0].as_of_ms == 1_000_000_000_000
    assert intake.requests[-1].as_of_ms == two.stat().st_mtime_ns // 1_000_000
    assert list(intake.requests[0].audience) == ["all"]
    assert intake.requests[0].purpose
    assert intake.requests[0].legal_basis


def test_a_dry_run_stores_nothing(tmp_path: Path, node: Node, intake: Intake, registry: Path) -> None:
    path = write_csv(tmp_path / "f.csv", [*rows(3), row(4, 企业名称="名" * 201)])
    assert counts(load([path], registry, node, dry_run=True)) == (3, 0, 0, 1)
    assert intake.bodies == {}


def test_a_control_character_refuses_its_row_with_file_line_field_and_reason(
    tmp_path: Path, node: Node, registry: Path
) -> None:
    """A NUL byte too: the rows around it come in."""
    bad = [row(2, 企业名称="武汉\x1b[31m商行"), row(3), row(4, 注册地址="江岸区\x00胜利街")]
    path, rejects = write_csv(tmp_path / "f.csv", [row(1), *bad]), tmp_path / "rejects.csv"
    assert counts(load([path], registry, node, rejects=rejects)) == (2, 0, 0, 2)
    told = [tuple(each[name] for name in ("file", "line", "field", "reason")) for each in read_report(rejects)]
    assert told == [
        (str(path), "3", "企业名称", "control_character"),
        (str(path), "5", "注册地址", "control_character"),
    ]


def test_a_registration_number_in_the_column_of_codes_is_one(
    tmp_path: Path, node: Node, intake: Intake, registry: Path
) -> None:
    path = write_csv(tmp_path / "f.csv", [row(1), row(2, 统一社会信用代码="420100000012345")])
    assert counts(load([path], registry, node)) == (2, 0, 0, 0)
    found = [OperatorRegistration.FromString(body) for body in intake.bodies.values()]
    assert [(each.uscc, each.legacy_number) for each in found] == [(uscc(1), ""), ("", "420100000012345")]
    wrong = write_csv(tmp_path / "g.csv", [row(3, 统一社会信用代码="4201000000123456")])
    assert counts(load([wrong], registry, node)) == (0, 0, 0, 1)


def test_offline_finds_what_the_node_would(tmp_path: Path, node: Node, registry: Path) -> None:
    path = write_csv(tmp_path / "f.csv", spoiled(rows(300), 0.3)[0])
    here, there = tmp_path / "here.csv", tmp_path / "there.csv"
    load([path], registry, None, rejects=here)
    load([path], registry, node, rejects=there, dry_run=True)
    assert here.read_text("utf-8") == there.read_text("utf-8")
    assert len(read_report(here)) == 90


def test_a_file_of_bad_rows_alone_does_not_wait_for_answers(tmp_path: Path, node: Node, registry: Path) -> None:
    path = write_csv(tmp_path / "f.csv", [row(number, 注册日期="x") for number in range(1, 6001)])
    assert counts(load([path], registry, node)) == (0, 0, 0, 6000)


def test_a_workbook_loads_as_its_csv(tmp_path: Path, node: Node, intake: Intake, registry: Path) -> None:
    load([write_csv(tmp_path / "f.csv", rows(30))], registry, node)
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(COLUMNS)
    for cells in rows(30):
        dated: list[object] = [*cells[:2], date(2019, 10, 1), *cells[3:]]
        sheet.append(dated)
    sheet.append([*row(31)[:2], 43739, *row(31)[3:]])
    book.save(tmp_path / "f.xlsx")
    assert counts(load([tmp_path / "f.xlsx"], registry, node)) == (1, 0, 30, 0)


def test_a_warning_is_counted_and_told_without_the_value(tmp_path: Path, node: Node, registry: Path) -> None:
    path = write_csv(tmp_path / "f.csv", [row(1, 统一社会信用代码="91430100MA00TEXT14")])
    report = load([path], registry, node)
    assert (report.accepted, report.warnings, report.rejected) == (1, 1, 0)
    [told] = report.warned
    assert told.startswith(f"{path}:2: 统一社会信用代码: uscc_organisation_code")
    assert "MA00TEXT14" not in told


def test_progress_grows_to_the_end(tmp_path: Path, node: Node, registry: Path) -> None:
    seen: list[tuple[int, float]] = []
    path = write_csv(tmp_path / "f.csv", rows(3000))
    report = load([path], registry, node, on_progress=lambda now: seen.append((now.rows, now.fraction)))
    assert seen == sorted(seen)
    assert seen[-1][0] == 3000 == report.rows
    assert (report.fraction, report.rows_per_s > 0) == (1.0, True)


@pytest.mark.parametrize("city", ["wuhan", "taiyuan"])
def test_the_shipped_sample_loads_whole_and_its_bad_rows_do_not(tmp_path: Path, registry: Path, city: str) -> None:
    for bad_share in (0.0, 1.0):
        path = tmp_path / f"{bad_share}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            write_sample(file, city, 500, seed=3, bad_share=bad_share)
        report = load([path], registry, None)
        assert (report.rows, report.rejected) == (500, 500 * bad_share), report.examples
