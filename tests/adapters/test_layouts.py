"""Layouts as they are published: forms of 双公示, exports of the publicity system, registers of sole traders."""

from pathlib import Path

import pytest
from google.protobuf.message import Message

from adapters.fines import fine_in_words
from adapters.mapping import read_mapping, shipped_mappings
from adapters.rows import Body, Mapper
from node.stubs.standard.v1.listing_pb2 import ListingAbnormal
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from node.stubs.standard.v1.penalty_pb2 import Penalty
from tests.kit.samples.published import FORM_2018
from tests.kit.samples.registry import uscc

FORM_2015 = {
    "行政处罚决定书文号": "长市监罚字〔2016〕12号",
    "处罚名称": "销售不合格食品案",
    "处罚类别1": "罚款",
    "处罚类别2": "没收违法所得",
    "处罚事由": "销售不合格食品",
    "处罚依据": "食品安全法",
    "行政相对人名称": "长沙示例食品有限公司",
    "行政相对人代码_1(统一社会信用代码)": uscc(1),
    "行政相对人代码_2(组织机构代码)": "12345678-9",
    "行政相对人代码_3(工商登记码)": "430100000012345",
    "行政相对人代码_4(税务登记号)": "",
    "行政相对人代码_5 (居民身份证号)": "430102190001010015",
    "法定代表人姓名": "张某",
    "处罚结果": "没收违法所得30元，罚款5000元",
    "处罚决定日期": "2016/3/2",
    "处罚机关": "长沙市工商行政管理局",
    "备注": "",
}
_CODES = "WSH CFMC CFLB1 CFLB2 SY YJ XDR_MC XDR_SHXYM XDR_ZDM XDR_GSDJ XDR_SWDJ XDR_SFZ FR JG JDRQ XZJG BZ"
CODES_2015 = {
    code if code == "BZ" else f"CF_{code}": cell for code, cell in zip(_CODES.split(), FORM_2015.values(), strict=True)
}
PENALTY_GSXT = {
    "entName": "武汉示例商贸有限公司",
    "uniscId": uscc(2),
    "regNo": "",
    "penDecNo": "武市监处罚〔2024〕5号",
    "illegActType": "虚假宣传",
    "illegFact": "网页宣传与实际不符。",
    "penBasis": "反不正当竞争法 第二十条",
    "penType_CN": "罚款",
    "penContent": "处二万元罚款",
    "penAm": "2",
    "forfAm": "",
    "penAuth_CN": "武汉市市场监督管理局",
    "penDecIssDate": "2024年5月6日",
}
ABNORMAL_GSXT = {
    "企业名称": "合肥示例商贸有限公司",
    "统一社会信用代码/注册号": uscc(3),
    "列入文号": "合市监异列字〔2025〕7号",
    "列入日期": "2025-07-08",
    "列入经营异常名录原因": "未依照《企业信息公示暂行条例》第八条规定的期限公示年度报告的",
    "作出决定机关(列入)": "合肥市市场监督管理局",
    "移出日期": "",
}
SOLE_TRADERS = {
    "字号名称": "无字号",
    "统一社会信用代码": "92430102MA00TEXT0T",
    "经营者姓名": "王某",
    "经营场所": "长沙市岳麓区示例路1号",
    "所属区县": "岳麓区",
    "经营范围及方式": "小吃服务",
    "资金数额（万元）": "3",
    "成立日期": "20190506",
    "登记机关": "长沙市岳麓区市场监督管理局",
    "经营状态": "开业",
    "联系电话": "13800001234（王）",
}


def made(mapping: str, row: dict[str, str], message_type: type[Message]) -> Message:
    """The record of a row of which every column is read and nothing is to mend."""
    agreed = read_mapping(Path(mapping))
    mapper = Mapper(agreed, list(row), "f.csv")
    assert mapper.unused == []
    body = mapper.map(list(row.values()))
    assert isinstance(body, Body), body
    message = agreed.standard.parse(body.body)
    assert [each for each in agreed.standard.findings(message) if not each.warning] == []
    assert isinstance(message, message_type)
    return message


@pytest.mark.parametrize("row", [FORM_2015, CODES_2015], ids=["titles", "codes"])
def test_the_form_of_2015_by_its_titles_and_codes(row: dict[str, str]) -> None:
    message = made("penalty_2015", row, Penalty)
    assert isinstance(message, Penalty)
    assert (message.party.uscc, message.party.legacy_number) == (uscc(1), "430100000012345")
    assert message.organisation_code == "12345678-9"
    assert message.party_id.number == "430102190001010015"
    assert not message.institution_number
    assert list(message.kinds) == [3, 4]
    assert (message.violation, message.facts) == ("销售不合格食品案", "销售不合格食品")
    assert (message.fine.amount_hundredths, message.content) == (5_000_00, "没收违法所得30元，罚款5000元")
    assert message.decided_on == "2016-03-02"


@pytest.mark.parametrize(
    ("status", "is_in"), [("0", True), ("正常", True), ("", True), ("1", False), ("撤销", False), ("2", False)]
)
def test_a_penalty_that_was_withdrawn_is_not_loaded_as_one_that_stands(status: str, is_in: bool) -> None:
    for title, row in (("当前状态", FORM_2015), ("CF_ZT", CODES_2015)):
        body = Mapper(read_mapping(Path("penalty_2015")), [*row, title], "f.csv").map([*row.values(), status])
        assert isinstance(body, Body) is is_in
        assert is_in or [each.reason for each in body] == ["not_in_force"]  # type: ignore[union-attr]


def test_the_form_of_2018_by_its_titles() -> None:
    message = made("penalty_cf", FORM_2018, Penalty)
    assert isinstance(message, Penalty)
    assert (message.fine.amount_hundredths, message.public_until) == (5_000_00, "2029-03-02")


def test_penalties_of_the_publicity_system() -> None:
    message = made("penalty_gsxt", PENALTY_GSXT, Penalty)
    assert isinstance(message, Penalty)
    assert (message.fine.amount_hundredths, message.decided_on, list(message.kinds)) == (20_000_00, "2024-05-06", [3])


def test_the_list_of_abnormal_operations_of_the_publicity_system() -> None:
    message = made("abnormal_gsxt", ABNORMAL_GSXT, ListingAbnormal)
    assert isinstance(message, ListingAbnormal)
    assert (list(message.grounds), message.decision_number) == ([1], "合市监异列字〔2025〕7号")
    assert message.facts == ABNORMAL_GSXT["列入经营异常名录原因"]


@pytest.mark.parametrize(
    ("words", "ground"),
    [
        ("通过登记的住所或者经营场所无法联系的", 4),
        ("公示企业信息隐瞒真实情况、弄虚作假的", 3),
        ("未在工商行政管理部门依照《企业信息公示暂行条例》第十条规定责令的期限内公示有关企业信息的", 2),
    ],
)
def test_grounds_as_the_system_words_them(words: str, ground: int) -> None:
    message = made("abnormal_gsxt", ABNORMAL_GSXT | {"列入经营异常名录原因": words}, ListingAbnormal)
    assert isinstance(message, ListingAbnormal)
    assert list(message.grounds) == [ground]


def test_a_register_of_sole_traders() -> None:
    message = made("sole_traders", SOLE_TRADERS, OperatorRegistration)
    assert isinstance(message, OperatorRegistration)
    assert (message.name, message.entity_type, message.phone) == ("", "个体工商户", "13800001234")
    assert (message.capital.amount_hundredths, message.registered_address.region6) == (3_0000_00, "430104")


def test_capital_of_the_publicity_system_is_in_ten_thousands_of_its_currency() -> None:
    row = {
        "uniscId": uscc(8),
        "entName": "某某商贸有限公司",
        "regState_CN": "存续",
        "dom": "武汉",
        "opScope": "百货",
        "estDate": "2015-04-01",
        "apprDate": "2015-04-01",
        "regOrg_CN": "武汉市市场监督管理局",
        "regCap": "50.000000",
        "regCapCur_CN": "美元",
    }
    message = made("gsxt", row, OperatorRegistration)
    assert isinstance(message, OperatorRegistration)
    assert (message.capital.amount_hundredths, message.capital.currency) == (50_0000_00, "USD")


@pytest.mark.parametrize(
    ("words", "hundredths"),
    [
        ("罚款5000元", 5_000_00),
        ("罚款人民币伍仟元整", 5_000_00),
        ("处以1.2万元罚款", 12_000_00),
        ("罚款壹拾万元", 100_000_00),
        ("处人民币一万二千元的罚款", 12_000_00),
        ("没收违法所得30元，罚款10,000.00元。", 10_000_00),
        ("罚款5000元、罚款300元", None),
        ("各罚款5000元", None),
        ("每人罚款5000元", None),
        ("警告", None),
        ("处货值三倍罚款", None),
        ("罚款五千余元", None),
    ],
)
def test_a_fine_in_words_is_read_only_where_it_is_one(words: str, hundredths: int | None) -> None:
    fine = fine_in_words(words)
    assert (fine["amount_hundredths"] if fine else None) == hundredths


@pytest.mark.parametrize("name", shipped_mappings())
def test_each_shipped_mapping_names_no_column_twice(name: str) -> None:
    names = [each for source in read_mapping(Path(name)).sources for each in source.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("row", [FORM_2015, CODES_2015], ids=["titles", "codes"])
def test_a_table_of_another_layout_is_told_which_mapping_it_looks_like(row: dict[str, str]) -> None:
    with pytest.raises(Exception, match="penalty_2015") as refused:
        Mapper(read_mapping(Path("penalty_cf")), list(row), "f.csv")
    assert "违法行为类型" in str(refused.value)


def test_bare_numbered_titles_are_no_names() -> None:
    """Their numbers mean other things in the two forms: in that of 2015 the fifth is an ID number."""
    bare = {title.partition("（")[0] if "代码_" in title else title: cell for title, cell in FORM_2018.items()}
    for mapping in ("penalty_cf", "penalty_2015"):
        with pytest.raises(Exception, match="行政相对人代码_1"):
            Mapper(read_mapping(Path(mapping)), list(bare), "f.csv")
