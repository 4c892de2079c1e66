from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from adapters.cli import main
from adapters.mapping import parse_mapping, read_mapping
from adapters.rows import Body, Mapper, Problem
from node.core.standards.standard import get
from node.errors import FileError, Reason
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from tests.kit.commands import invoke
from tests.kit.samples.registry import COLUMNS, ENGLISH, row, uscc

MINIMAL = """\
standard: operator.registration
version: 1
source: test
key: [uscc]
audience: [all]
purpose: p
legal_basis: b
columns:
  代码: {to: uscc, transform: [code]}
  名称: {to: name}
"""


def refused(text: str) -> FileError:
    with pytest.raises(FileError) as error:
        parse_mapping(text, "m.yaml")
    assert error.value.reason is Reason.INVALID_MAPPING
    assert error.value.path == "m.yaml"
    return error.value


def mapped(text: str, columns: list[str], cells: list[str]) -> dict[str, object]:
    """The record of a row as plain data."""
    body = Mapper(parse_mapping(text, "m.yaml"), columns, "f.csv").map(cells)
    assert isinstance(body, Body), body
    message = get("operator.registration").parse(body.body)
    return {field.name: value for field, value in message.ListFields()}


@pytest.mark.parametrize(
    ("line", "wrong", "number", "said"),
    [
        ("  名称: {to: name}", "  名称: {to: nam}", 10, "no field 'nam'"),
        ("  名称: {to: name}", "  名称: {to: name, transfrom: [text]}", 10, "transfrom"),
        ("  名称: {to: name}", "  名称: {to: name, transform: [upper]}", 10, "unknown transform 'upper'"),
        ("  名称: {to: name}", "  名称: {to: name, transform: [capital]}", 10, "is a text"),
        ("  名称: {to: name}", "  名称: {to: capital}", 10, "no transform fills"),
        ("  名称: {to: name}", "  名称: {to: capital, transform: [capital, text]}", 10, "must be the last"),
        ("  名称: {to: name}", "  名称: {to: capital.stated, transform: [capital]}", 10, "is a text"),
        ("  名称: {to: name}", "  名称: {to: capital.amount_hundredths}", 10, "cannot feed"),
        ("  名称: {to: name}", "  名称: {to: licences}", 10, "cannot feed"),
        ("  名称: {to: name}", "  名称: {to: status, words: {好: 很好}}", 10, "stands for no code"),
        ("  名称: {to: name}", "  代码: {to: name}", 10, "twice"),
        ("  名称: {to: name}", "  名称: {to: name, titles: names}", 10, "unknown titles 'names'"),
        ("key: [uscc]", "key: [legacy_number]", 4, "no column feeds the key"),
        ("key: [uscc]", "key: []", 4, "at least 1"),
        ("version: 1", "version: 9", 1, "operator.registration"),
        ("version: 1", "version: one", 2, "integer"),
        ("purpose: p", "purpos: p", None, "purpos"),
        ("purpose: p", "constants: {stores: x}", None, ""),
        ("source: test", "source: [", None, ""),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_line(line: str, wrong: str, number: int | None, said: str) -> None:
    error = refused(MINIMAL.replace(line, wrong))
    assert said in error.message
    if number is not None:
        assert error.line == number


def test_a_mapping_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError) as error:
        read_mapping(tmp_path / "none.yaml")
    assert error.value.reason is Reason.INVALID_MAPPING


def test_a_shipped_mapping_is_found_beside_a_folder_and_never_taken_for_a_file_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "registry").mkdir()
    (tmp_path / "f.csv").write_text("a\n1\n")
    load = ["load", "f.csv", "--mapping", "registry", "--offline"]
    told = invoke(main, *load)
    assert "invalid_mapping" not in told.output
    assert "统一社会信用代码" in told.output  # the shipped mapping asks for its columns
    (tmp_path / "registry").rmdir()
    (tmp_path / "registry").write_text(MINIMAL, encoding="utf-8")
    told = invoke(main, *load)
    assert "registry: this names both a file here and a shipped mapping" in told.output
    assert read_mapping(tmp_path / "registry").source == "test"


def registration(body: Body | tuple[Problem, ...]) -> OperatorRegistration:
    assert isinstance(body, Body), body
    return OperatorRegistration.FromString(body.body)


def test_the_shipped_registry_mapping_takes_every_column_of_a_registrars_export() -> None:
    mapper = Mapper(read_mapping(Path("registry")), COLUMNS, "f.csv")
    assert mapper.unused == []
    body = mapper.map(row(1, 法人代表="吴**", 企业类型="N/A"))
    message = registration(body)
    assert body[0] == uscc(1)
    assert get("operator.registration").findings(message) == []
    assert {field.name for field, _ in message.ListFields()} == {
        "uscc", "name", "established_on", "registered_address", "capital", "scope", "legal_representative",
    }  # fmt: skip
    assert (message.capital.amount_hundredths, message.capital.stated) == (5088_0000_00, "5,088(万元人民币)")
    assert message.legal_representative == "吴**"
    assert message.registered_address.region6 == "420100"


def test_the_province_stands_in_for_a_city_that_is_not_stated() -> None:
    mapper = Mapper(read_mapping(Path("registry")), COLUMNS, "f.csv")
    assert registration(mapper.map(row(1, 地区="N/A"))).registered_address.region6 == "420000"


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("存续", 1),
        ("在营（开业）企业", 1),
        ("吊销，未注销", 2),
        ("注销", 4),
        ("迁出", 6),
        ("其他", 9),
        ("", 0),
        ("N/A", 0),
    ],
)
def test_words_for_the_status(word: str, number: int) -> None:
    mapper = Mapper(read_mapping(Path("registry")), [*COLUMNS, "登记状态"], "f.csv")
    assert registration(mapper.map([*row(1), word])).status == number


def test_every_problem_of_a_row_is_told_with_column_and_value() -> None:
    mapper = Mapper(read_mapping(Path("registry")), [*COLUMNS, "登记状态"], "f.csv")
    problems = mapper.map([*row(1, 注册日期="2019-02-30", 注册资金="很多", 地区="长安"), "挺好"])
    assert not isinstance(problems, Body)
    assert {(each.column, each.value, each.reason) for each in problems} == {
        ("注册日期", "2019-02-30", "date_invalid"),
        ("注册资金", "很多", "capital_currency"),
        ("地区", "长安", "region_unknown"),
        ("登记状态", "挺好", "unknown_word"),
    }


def test_a_row_without_its_key_is_rejected() -> None:
    problems = Mapper(read_mapping(Path("registry")), COLUMNS, "f.csv").map(row(1, 统一社会信用代码="N/A"))
    assert problems == (
        Problem("统一社会信用代码", "N/A", "key_missing", "without it the row cannot be told from others"),
    )


def test_missing_columns_are_named_and_others_told() -> None:
    mapping = read_mapping(Path("registry"))
    with pytest.raises(FileError, match="no column 注册资金, 地区"):
        Mapper(mapping, [name for name in COLUMNS if name not in ("注册资金", "地区")], "f.csv")
    with pytest.raises(FileError, match="several columns for 企业名称"):
        Mapper(mapping, [*COLUMNS, "企业 名称"], "f.csv")
    assert Mapper(mapping, [*COLUMNS, "备注"], "f.csv").unused == ["备注"]


def test_of_two_names_for_one_thing_the_mappings_first_is_read_and_the_other_told() -> None:
    mapper = Mapper(read_mapping(Path("registry")), ["经营场所", *COLUMNS], "f.csv")
    assert mapper.unused == ["经营场所"]
    made = mapper.map(["别处", *row(1)])
    assert isinstance(made, Body)
    assert OperatorRegistration.FromString(made.body).registered_address.text == row(1)[-1]


@pytest.mark.parametrize(
    "spell",
    [
        "*{}".format,
        "{}（必填）".format,
        "{}：".format,
        "\ufeff{}".format,
        " ".join,
        "\n".join,
        lambda name: name.replace("企业名称", "企业(机构)名称"),
        lambda name: ENGLISH[name],
        lambda name: ENGLISH[name].upper().replace(" ", "_"),
    ],
)
def test_a_columns_name_in_any_spelling(spell: Callable[[str], str]) -> None:
    columns = list(map(spell, COLUMNS))
    assert isinstance(Mapper(read_mapping(Path("registry")), columns, "f.csv").map(row(1)), Body)


def test_an_amount_takes_its_unit_from_the_columns_name() -> None:
    columns = ["注册资本(万元)" if name == "注册资金" else name for name in COLUMNS]
    made = Mapper(read_mapping(Path("registry")), columns, "f.csv").map(row(1, 注册资金="500"))
    assert isinstance(made, Body)
    assert OperatorRegistration.FromString(made.body).capital.amount_hundredths == 500_0000_00


def test_a_province_is_no_city() -> None:
    """A column that is only a fallback does not stand for the one that is missing."""
    with pytest.raises(FileError, match="no column 地区"):
        Mapper(read_mapping(Path("registry")), [name for name in COLUMNS if name != "地区"], "f.csv")


@pytest.mark.parametrize("name", ["registry", "gsxt", "penalty_cf"])
def test_no_name_stands_for_two_columns(name: str) -> None:
    names = [each for source in read_mapping(Path(name)).sources for each in source.names]
    assert len(names) == len(set(names))


def test_a_header_gives_the_terminal_no_orders_and_is_not_printed_by_the_megabyte() -> None:
    with pytest.raises(FileError) as refused:
        Mapper(read_mapping(Path("registry")), ["\x1b[2J", "x" * 10**6], "f.csv")
    assert "\x1b" not in refused.value.message
    assert len(refused.value.message) < 1000


def test_constants_lists_of_codes_words_and_several_steps() -> None:
    text = MINIMAL + (
        "  标记: {to: flags, words: {异常: 经营异常}}\n"
        "  期限: {to: term_to, words: {长期: null}, transform: [half_width, date]}\n"
        "constants: {authority: 武汉市市场监督管理局, status: 存续, actual_address.region6: '420100'}\n"
    )
    columns = ["代码", "名称", "标记", "期限"]
    found = mapped(text, columns, [uscc(1), "一", "异常、歇业", "长期"])
    assert found["flags"] == [1, 2]
    assert "term_to" not in found
    assert (found["authority"], found["status"]) == ("武汉市市场监督管理局", 1)
    assert mapped(text, columns, [uscc(1), "一", "N/A", "２０３０年１月２日"])["term_to"] == "2030-01-02"


def test_findings_of_a_message_are_told_of_the_column_that_feeds_it() -> None:
    mapper = Mapper(read_mapping(Path("registry")), COLUMNS, "f.csv")
    cells = row(1)
    assert mapper.problem(cells, "capital.currency", "r", "m") == Problem("注册资金", cells[5], "r", "m")
    assert mapper.problem(cells, "registered_address.region6", "r", "m") == Problem("地区", cells[8], "r", "m")
    assert mapper.problem(row(1, 地区=""), "registered_address.region6", "r", "m").column == "所在省份"
    assert mapper.problem(cells, "licences[0].number", "r", "m") == Problem("licences[0].number", "", "r", "m")
    assert mapper.problem(cells, "", "r", "m").column == ""


def test_bytes_that_are_no_text_name_their_column() -> None:
    problems = Mapper(read_mapping(Path("registry")), COLUMNS, "f.csv").map(row(1, 经营范围="a\udcff"))
    assert not isinstance(problems, Body)
    assert [(each.column, each.reason) for each in problems] == [("经营范围", "bad_encoding")]


def test_a_row_that_no_node_takes_is_rejected_here() -> None:
    problems = Mapper(read_mapping(Path("registry")), COLUMNS, "f.csv").map(row(1, 经营范围="货" * 100_000))
    assert not isinstance(problems, Body)
    assert problems[0].reason == "too_large"


def test_registry_yaml_is_plain_yaml() -> None:
    text = (Path(__file__).parents[2] / "adapters" / "mappings" / "registry.yaml").read_text("utf-8")
    assert set(yaml.safe_load(text)["columns"]) >= set(COLUMNS)


@pytest.mark.parametrize("order", [1, -1])
def test_two_columns_that_contradict_each_other_spoil_the_row(order: int) -> None:
    """Which of two numbers is the operator's, nobody guesses."""
    cells = dict(zip(COLUMNS, row(1, 统一社会信用代码="420100000000002"), strict=True)) | {"注册号": "420100000000001"}
    columns = list(cells)[::order]
    mapper = Mapper(read_mapping(Path("registry")), columns, "f.csv")
    assert mapper.map([cells[each] for each in columns]) == (
        Problem("注册号", "420100000000001", "contradiction", "another column says otherwise"),
    )
    cells["注册号"] = "420100000000002"
    assert registration(mapper.map([cells[each] for each in columns])).legacy_number == "420100000000002"


@pytest.mark.parametrize(
    ("mapping", "code", "number"), [("registry", "统一社会信用代码", "注册号"), ("gsxt", "uniscId", "regNo")]
)
def test_a_unified_code_in_the_column_of_registration_numbers_is_none_of_these(
    mapping: str, code: str, number: str
) -> None:
    """Since 2015 many exports repeat the code there."""
    agreed = read_mapping(Path(mapping))
    columns = [*(each.title for each in agreed.sources if not each.optional and each.title != code), code, number]
    mapper = Mapper(agreed, columns, "f.csv")
    for codes in ((uscc(1), uscc(1)), ("", uscc(1))):
        message = registration(mapper.map([*[""] * (len(columns) - 2), *codes]))
        assert (message.uscc, message.legacy_number) == (uscc(1), "")


def test_codes_within_a_part_of_a_record() -> None:
    """The kinds of a penalty stand in a message of a listing; of two columns with codes of one list both count."""
    text = """\
standard: listing.serious
version: 1
source: serious
key: [decision_number]
audience: [all]
purpose: p
legal_basis: b
columns:
  文号: {to: decision_number}
  处罚文号: {to: penalty.decision_number}
  处罚种类: {to: penalty.kinds}
  处罚种类2: {to: penalty.kinds, optional: true}
"""
    columns = ["文号", "处罚文号", "处罚种类", "处罚种类2"]
    body = Mapper(parse_mapping(text, "m.yaml"), columns, "f.csv").map(["1号", "2号", "罚款", "没收违法所得"])
    assert isinstance(body, Body), body
    penalty = get("listing.serious").parse(body.body).penalty  # type: ignore[attr-defined]
    assert (penalty.decision_number, len(penalty.kinds)) == ("2号", 2)
