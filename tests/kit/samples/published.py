"""Rows of the public sources that the shipped mappings read: 双公示 penalties, old and new."""

from pathlib import Path

from google.protobuf.message import Message

from adapters.mapping import read_mapping
from adapters.rows import Body, Mapper, Problem
from node.core.standards.standard import get
from node.stubs.standard.v1.penalty_pb2 import Penalty
from tests.kit.samples.registry import uscc

PENALTY = {
    "CF_XDR_MC": "某某食品有限公司", "CF_XDR_LB": "法人及非法人组织", "CF_XDR_SHXYM": uscc(7),
    "CF_XDR_GSZC": "430100000012345", "CF_XDR_ZZJG": "12345678-9", "CF_XDR_SWDJ": "430100123456789",
    "CF_XDR_SYDW": "", "CF_XDR_SHZZ": "", "CF_FRDB": "张**", "CF_FR_ZJLX": "身份证",
    "CF_FR_ZJHM": "360426199101010071", "CF_XDR_ZJLX": "", "CF_XDR_ZJHM": "", "CF_WSH": "长市监处罚〔2026〕 12号",
    "CF_WFXW": "经营超过保质期的食品", "CF_SY": "货架上有三袋过期饼干。", "CF_YJ": "食品安全法 第一百二十四条",
    "CF_CFLB": "警告、罚款；没收违法所得", "CF_NR": "警告，罚款五千元，没收违法所得三十元。", "CF_NR_FK": "0.5",
    "CF_NR_WFFF": "0.003", "CF_NR_ZKDX": "", "CF_JDRQ": "2026/03/02", "CF_YXQ": "2099-12-31", "CF_GSJZQ": "2029/03/02",
    "CF_CFJG": "长沙市市场监督管理局", "CF_CFJGDM": "91430100MA00TEXT01", "CF_SJLY": "长沙市市场监督管理局",
    "CF_SJLYDM": "91430100MA00TEXT01", "BZ": "已履行",
}  # fmt: skip


def mapped(name: str, row: dict[str, str]) -> Body | tuple[Problem, ...]:
    mapper = Mapper(read_mapping(Path(name)), list(row), "f.csv")
    assert mapper.unused == []
    return mapper.map(list(row.values()))


def record(name: str, standard: str, row: dict[str, str]) -> Message:
    """The record of a row in which nothing is to mend."""
    body = mapped(name, row)
    assert isinstance(body, Body), body
    message = get(standard).parse(body.body)
    assert get(standard).findings(message) == []
    return message


def penalty(**changed: str) -> Penalty:
    message = record("penalty_cf", "penalty", PENALTY | changed)
    assert isinstance(message, Penalty)
    return message


FORM_2018 = {
    "行政相对人名称": "长沙示例食品有限公司",
    "行政相对人类别": "法人及非法人组织",
    "行政相对人代码_1（统一社会信用代码）": uscc(1),
    "行政相对人代码_2（工商注册号）": "",
    "法定代表人": "张某",
    "行政处罚决定书文号": "长市监处罚〔2026〕12号",
    "违法行为类型": "经营超过保质期的食品",
    "违法事实": "货架上有过期饼干。",
    "处罚依据": "食品安全法 第一百二十四条",
    "处罚类别": "罚款",
    "处罚内容": "罚款五千元。",
    "罚款金额（万元）": "0.5",
    "处罚决定日期": "2026/03/02",
    "处罚有效期": "2099/12/31",
    "公示截止期": "2029/03/02",
    "处罚机关": "长沙市市场监督管理局",
}
