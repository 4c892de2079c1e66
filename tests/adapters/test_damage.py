"""Text that an earlier conversion destroyed never becomes a name; text that only may be damaged is told."""

from pathlib import Path

import pytest

from adapters.load import load
from node.tables.damage import find_damage, find_doubt
from tests.kit.samples.registry import COLUMNS, row, write_csv
from tests.kit.samples.reject_report import read_report

NAME = "长沙示例食品有限公司"


@pytest.mark.parametrize(
    "text",
    [
        "长沙\ufffd\ufffd示例商贸有限公司",
        "锟斤拷锟斤拷商贸有限公司",
        "????????????",
        "？？？？",
        "????有限公司",
        "\udcff\udcfe",
        NAME.encode().decode("gbk", "replace"),
        NAME.encode().decode("gbk", "replace").replace("\ufffd", "?"),
        "长沙".encode().decode("gbk"),
        NAME.encode().decode("latin-1"),
        NAME.encode().decode("cp1252", "replace"),
        NAME.encode("gbk").decode("latin-1"),
        NAME.encode("gbk").decode("utf-8", "replace"),
        "\ufffd\ufffd".encode().decode("gbk"),
        "\ufffd".encode().decode("latin-1"),
        "长沙市（岳麓区）".encode().decode("gbk", "replace"),
        "长沙示例商贸有限公司".encode().decode("gbk", "ignore"),
        "中国商贸".encode().decode("gbk", "ignore"),
        "个体工商户".encode().decode("gbk", "ignore"),
    ],
)
def test_destroyed_text_is_seen(text: str) -> None:
    assert find_damage(text)


@pytest.mark.parametrize(
    "text",
    [
        "", NAME, "联通", "吴**", "Café Größe naïve", "ÄÖÜ", "①②③④℃Ⅱ", "“”……——《》", "¥100", "是吗？", "https://a.cn/b?c=1",
        "王锟", "陈喆", "铻", "한국", "Московский", "ﾊﾝｶｸ", "№ 12", "50㎡",
        "一般项目：日用百货；许可项目：食品（含网络）？",
    ],
)  # fmt: skip
def test_whole_text_stays(text: str) -> None:
    assert not find_damage(text)


@pytest.mark.parametrize(
    ("text", "is_doubtful"),
    [("王?", True), ("?", True), ("长沙??商贸", True), ("烫烫烫火锅店", True), ("屯屯屯屯", True), ("张\ue000", True),
     ("甲_x000D_", True), ("A&amp;B", True), ("&#38271;沙", True), ("\\u957f沙", True), ("A&B 公司", False),
     ("a_x型", False), ("%E9%95%BF沙", True), ("100%涤纶", False), ("王□", True), ("〓山商贸", True),
     ("是吗？", False), (NAME, False), ("https://a.cn/b?c=1", False), ("烫烫面馆", False)],
)  # fmt: skip
def test_text_that_may_be_damaged(text: str, is_doubtful: bool) -> None:
    assert bool(find_doubt(text)) is is_doubtful
    assert not find_damage(text)


def test_a_destroyed_value_rejects_its_row_and_a_doubtful_one_is_told(tmp_path: Path) -> None:
    body = [
        row(1),
        row(2, 企业名称="武汉\ufffd商行"),
        row(3, 经营范围="锟斤拷锟斤拷"),
        row(4, 法人代表="王?"),
        row(5, 注册地址="????????"),
        row(6, 企业名称="长沙示例商行_x000D_"),
    ]
    path, rejects = write_csv(tmp_path / "f.csv", body, COLUMNS), tmp_path / "rejects.csv"
    report = load([path], Path("registry"), None, rejects=rejects)
    assert (report.accepted, report.rejected, report.reasons["text_doubtful"]) == (3, 3, 2)
    assert [(each["line"], each["field"], each["reason"]) for each in read_report(rejects)] == [
        ("3", "企业名称", "bad_encoding"),
        ("4", "经营范围", "bad_encoding"),
        ("6", "注册地址", "bad_encoding"),
    ]
