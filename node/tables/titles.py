"""What offices and platforms call the columns that say who a row is about: one table for mappings and rosters.

A roster's own words around a title count for nothing: 商家统一社会信用代码（营业执照号） is 统一社会信用代码. A title
that speaks of somebody else (法定代表人身份证号, 平台信用代码) is none of these.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from node.tables.cells import column_name

TITLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "uscc": (
            "uscc", "统一社会信用代码", "统一社会信用代码/注册号", "统一社会信用代码（注册号）", "社会信用代码",
            "统一信用代码", "信用代码", "统一社会信用代码/营业执照号", "统一代码", "社会统一信用代码",
            "统一社会信用代码证号", "统一社会信用代码号", "统一社会信用号", "统一社会信用码",
            "社会信用统一代码", "统一信用编码", "注册号/统一社会信用代码", "统一社会信用代码/身份证号",
            "统一社会信用代码或身份证号", "三证合一码", "营业执照统一社会信用代码",
            "Unified social credit code", "Social credit code", "Credit code", "Unified credit code",
        ),
        "legacy_number": (
            "注册号", "工商注册号", "工商登记号", "营业执照注册号", "营业执照号", "营业执照号码", "营业执照编号",
            "执照号", "执照编号", "执照注册号", "企业注册号", "legacy_number", "Registration number",
            "Business licence number",
        ),
        "tax_number": (
            "纳税人识别号", "纳税人识别码", "纳税识别号", "纳税人税号", "税号", "税务登记号", "税务登记证号",
            "tax_number", "Taxpayer number", "Taxpayer identification number", "Tax ID",
        ),
        "licence_number": (
            "licence_number", "licence", "许可证编号", "许可证号", "许可证号码", "许可证书编号", "许可证书号",
            "食品经营许可证编号", "食品经营许可证号", "食品生产许可证编号", "食品生产许可证号", "经营许可证编号",
            "经营许可证号", "生产许可证编号", "生产许可证号", "许可编号", "License number", "Permit number",
        ),
        "id_number": (
            "id_number", "证件号码", "证件号", "身份证号", "身份证号码", "身份证", "身份证编号", "身份证件号码",
            "身份证件号", "居民身份证号", "居民身份证号码", "公民身份号码", "公民身份证号码", "身份号码",
            "有效证件号码", "有效证件号", "ID card number", "ID card",
        ),
        "id_hmac": ("id_hmac", "证件号码密钥杂凑"),
        "name": ("name", "名称", "企业名称", "单位名称", "主体名称", "店铺名称", "姓名", "字号", "Company name"),
    }
)  # fmt: skip
"""Field -> titles of its column, the one that counts first before the others."""

# Whom a row of a roster is about, as its titles put it.
_PARTY = re.compile(
    "(?:商家|商户|店铺|网店|门店|店主|卖家|供应商|经营者|经营户|经营主体|市场主体|主体|企业|公司|单位|机构|个体户|个体工商户"
    "|入驻商家|入驻企业|入驻|平台内经营者|平台内|主播|达人|带货人|个人|本人|当事人|相对人|行政相对人|的)+"
)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_BY_TITLE = {column_name(title): field for field, titles in TITLES.items() for title in titles}


def columns_of(*fields: str) -> dict[str, str]:
    """The titles of some fields, each with its field."""
    return {title: field for field in fields for title in TITLES[field]}


def field_of_title(title: str) -> str:
    """The field that a column holds, whatever a roster puts around its title; empty where it is none of these."""
    name = column_name(title)
    for bare in (name, _BRACKETS.sub("", name)):
        for known in (bare, bare[party.end() :] if (party := _PARTY.match(bare)) else bare):
            if known in _BY_TITLE:
                return _BY_TITLE[known]
    return ""
