"""An amount takes its unit from what stands around it, and is refused where nothing or two things do."""

from pathlib import Path

import pytest

from adapters.mapping import read_mapping
from adapters.rows import Body, Mapper
from adapters.units import split_title, unit_of_notes
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from node.stubs.standard.v1.penalty_pb2 import Penalty
from node.tables.cells import column_name
from tests.kit.samples.published import PENALTY
from tests.kit.samples.registry import COLUMNS, row


def read(title: str, cell: str, notes: tuple[str, ...] = (), **beside: str) -> tuple[int, str] | str:
    """Hundredths and currency of a capital, or the reason why its row is rejected."""
    columns = [title if name == "注册资金" else name for name in COLUMNS] + list(beside)
    mapper = Mapper(read_mapping(Path("registry")), columns, "f.csv", notes=notes)
    made = mapper.map([*row(1, 注册资金=cell), *beside.values()])
    if isinstance(made, Body):
        capital = OperatorRegistration.FromString(made.body).capital
        return capital.amount_hundredths, capital.currency
    [problem] = made
    return problem.reason


@pytest.mark.parametrize(
    ("title", "yuan"),
    [
        ("注册资本(万元)", 10_000),
        ("注册资金_万元", 10_000),
        ("注册资本(万)", 10_000),
        ("注册资本（单位：万元）", 10_000),
        ("注册资本万元", 10_000),
        ("注册资本（万元人民币）", 10_000),
        ("注册资本/万元", 10_000),
        ("注册资本[人民币万元]", 10_000),
        ("注册资本(元)", 1),
        ("注册资本（千元）", 1000),
        ("注册资本（百万元）", 10**6),
        ("注册资本（亿元）", 10**8),
    ],
)
def test_a_unit_in_the_title_counts_in_any_wording(title: str, yuan: int) -> None:
    assert read(title, "50.000000") == (50_00 * yuan, "CNY")


def test_a_currency_in_the_title_counts() -> None:
    assert read("注册资本（万美元）", "50") == (50_0000_00, "USD")
    assert read("注册资本（人民币）", "50") == "capital_unit_missing"


@pytest.mark.parametrize("name", ["币种", "注册资本币种"])
@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("人民币元", "capital_unit_missing"),  # the name of a currency: the amount may be in 万元
        ("人民币", "capital_unit_missing"),
        ("156", "capital_unit_missing"),
        ("", "capital_unit_missing"),
        ("万人民币元", (50_0000_00, "CNY")),
        ("万元", (50_0000_00, "CNY")),
        ("万美元", (50_0000_00, "USD")),
        ("贝壳", "capital_currency"),
    ],
)
def test_a_column_of_currencies_says_no_more_than_it_says(name: str, word: str, found: object) -> None:
    assert read("注册资本", "50.000000", **{name: word}) == found  # type: ignore[arg-type]


def test_a_column_of_currencies_beside_a_title_with_the_unit() -> None:
    assert read("注册资本（万元）", "50", 币种="人民币元") == (50_0000_00, "CNY")
    assert read("注册资本（万元）", "50", 币种="美元") == (50_0000_00, "USD")
    assert read("注册资本（万元人民币）", "50", 币种="美元") == "capital_unit_conflict"
    assert read("注册资本", "50万美元", 币种="人民币") == "capital_unit_conflict"
    assert read("注册资本", "50", 货币单位="万元") == (50_0000_00, "CNY")
    assert read("注册资本（元）", "50", 货币单位="万元") == "capital_unit_conflict"


def test_a_note_above_the_table_counts() -> None:
    assert read("注册资本", "50", ("长沙市经营主体名录", "单位：万元")) == (50_0000_00, "CNY")
    assert read("注册资本", "50", ("注册资本情况表（万元）",)) == (50_0000_00, "CNY")
    assert read("注册资本（元）", "50", ("单位：万元",)) == "capital_unit_conflict"
    assert read("注册资本", "50", ("填报单位：万达公司",)) == "capital_unit_missing"
    assert unit_of_notes(["金额单位：千元"]).scale == 1000


def test_an_amount_with_another_unit_than_its_column_is_read_and_noted() -> None:
    mapper = Mapper(read_mapping(Path("registry")), [*COLUMNS[:5], "注册资本（元）", *COLUMNS[6:]], "f.csv")
    made = mapper.map(row(1, 注册资金="50万元"))
    assert isinstance(made, Body)
    assert [note.reason for note in made.notes] == ["capital_unit_differs"]
    assert OperatorRegistration.FromString(made.body).capital.amount_hundredths == 50_0000_00


def test_only_titles_with_a_unit_are_taken_apart() -> None:
    for title in ("注册资本", "币种", "法人代表", "地区", "住所"):
        assert split_title(column_name(title)) is None, title


def test_a_title_too_long_to_be_one_is_not_searched_for_a_unit() -> None:
    assert split_title("注册资本" * 25 + "(万元)") is not None
    assert split_title("注册资本" * 50 + "(万元)") is None


@pytest.mark.parametrize(
    ("title", "cell", "found"),
    [
        ("罚款金额（万元）", "0.5", 5_000_00),
        ("罚款金额（元）", "5000", 5_000_00),
        ("罚款金额(千元)", "5", 5_000_00),
        ("罚款金额", "5000元", 5_000_00),
        ("罚款金额", "5000", "capital_unit_missing"),
        ("CF_NR_FK", "0.5", 5_000_00),
    ],
)
def test_a_fine_takes_its_unit_from_its_title(title: str, cell: str, found: int | str) -> None:
    cells = {title if name == "CF_NR_FK" else name: value for name, value in PENALTY.items()} | {title: cell}
    made = Mapper(read_mapping(Path("penalty_cf")), list(cells), "f.csv").map(list(cells.values()))
    if isinstance(made, Body):
        assert Penalty.FromString(made.body).fine.amount_hundredths == found
    else:
        assert [problem.reason for problem in made] == [found]


def test_a_note_against_the_standards_own_unit_refuses_the_amount() -> None:
    mapper = Mapper(read_mapping(Path("penalty_cf")), list(PENALTY), "f.csv", notes=("单位：元",))
    made = mapper.map(list(PENALTY.values()))
    assert not isinstance(made, Body)
    assert {problem.reason for problem in made} == {"capital_unit_conflict"}


@pytest.mark.parametrize(
    ("title", "cell", "currency"),
    [
        ("货币代码", "840", "USD"),
        ("币种代码", "USD", "USD"),
        ("注册资本（币种）", "美元", "USD"),
        ("计量单位", "万美元", "USD"),
    ],
)
def test_a_column_beside_the_amounts_names_their_currency(title: str, cell: str, currency: str) -> None:
    columns = [*COLUMNS[:5], "注册资本（万元）" if title != "计量单位" else "注册资本", *COLUMNS[6:], title]
    made = Mapper(read_mapping(Path("registry")), columns, "f.csv").map([*row(1, 注册资金="50"), cell])
    assert isinstance(made, Body)
    assert OperatorRegistration.FromString(made.body).capital.currency == currency


@pytest.mark.parametrize("text", ["50万元（认缴）", "认缴50万元", "认缴出资额50万元人民币"])
def test_what_is_subscribed_is_the_registered_capital(text: str) -> None:
    assert read("注册资本", text) == (50_000_000, "CNY")
    assert read("注册资本", text.replace("认缴出资额", "认缴").replace("认缴", "实缴")) == "capital_currency"
