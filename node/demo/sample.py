"""Made-up operators in the columns and the mess of real registrars' exports; the same seed gives the same rows.

Nobody real: organisation codes begin with TXT and local telephone numbers with 0, which are given to no one.
"""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import NamedTuple, TextIO

from node.core.standards.identifiers import USCC_ALPHABET, organisation_check_character, uscc_check_character
from node.core.standards.regions import Region, regions

COLUMNS = (
    "企业名称", "统一社会信用代码", "注册日期", "企业类型", "法人代表",
    "注册资金", "经营范围", "所在省份", "地区", "注册地址",
)  # fmt: skip
EXTRA_COLUMNS = ("登记状态", "联系电话")
NOT_STATED = "N/A"


class City(NamedTuple):
    """A city's names, the first four digits of its divisions, and its telephone area code."""

    name: str
    province: str
    region4: str
    area: str


CITIES = {
    "changsha": City("长沙", "湖南", "4301", "0731"),
    "wuhan": City("武汉", "湖北", "4201", "027"),
    "zhengzhou": City("郑州", "河南", "4101", "0371"),
    "hefei": City("合肥", "安徽", "3401", "0551"),
    "taiyuan": City("太原", "山西", "1401", "0351"),
    "nanchang": City("南昌", "江西", "3601", "0791"),
}


class Kind(NamedTuple):
    """A kind of operator: how its code begins, the powers of ten its capital spans, its types, how its name ends."""

    prefix: str
    magnitude: float
    types: tuple[str, ...]
    endings: tuple[str, ...]


_COMPANY = Kind("91", 3.8, ("有限责任公司", "有限责任公司(自然人投资或控股)"), ("有限公司", "有限责任公司"))
_STATE = Kind("91", 3, ("国有企业", "集体所有制", "股份合作制"), ("总公司", "厂", "公司"))
_SHOP = Kind("92", 1, ("个体工商户", "个体"), ("店", "经营部", "商行", "超市"))
_FARM = Kind("93", 2, ("农民专业合作社",), ("农民专业合作社",))
_BRANCH = Kind("91", 2, ("分公司", "集体分支机构(非法人)"), ("有限公司分公司", "门市部"))
_KINDS = (_COMPANY,) * 9 + (_SHOP,) * 5 + (_STATE, _FARM, _BRANCH)

_SYLLABLES = (
    "安博昌诚春达德鼎东方丰福冠光广海汉和恒宏华汇佳嘉建江金锦景久聚凯康乐联隆美"
    "铭宁鹏启庆仁荣瑞润盛顺泰天通旺祥新鑫信兴旭雅亿益永裕源远云泽正志中众卓"
)
_TRADES = (
    "商贸", "科技", "建材", "餐饮管理", "电子商务", "食品", "物流", "装饰工程", "生物科技", "机电设备", "文化传媒",
    "医疗器械", "农业开发", "日用百货", "服饰", "信息技术",
)  # fmt: skip
_GOODS = (
    "食品销售", "日用百货销售", "五金交电零售", "软件开发", "信息技术咨询服务", "餐饮服务", "普通货物道路运输",
    "建筑装饰装修工程施工", "农副产品收购", "化妆品零售", "医疗器械销售（一类、二类）", "广告设计、代理", "物业管理",
    "互联网销售", "服装、鞋帽批发", "保健食品（预包装）销售",
)  # fmt: skip
_TAIL = "（依法须经批准的项目，经相关部门批准后方可开展经营活动）"
_ROADS = (
    "人民", "解放", "中山", "建设", "芙蓉", "长江", "黄河", "和平", "迎宾", "科技", "文化", "新华", "北京", "滨江",
    "五一", "工业", "团结", "朝阳",
)  # fmt: skip
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
_STATUSES = ("存续",) * 90 + ("注销",) * 6 + ("吊销未注销",) * 2 + ("迁出", "撤销")
# Spellings of so many 万.
_CAPITALS = (
    "{0:,}(万元人民币)", "{0:,}(万元)", "{0}(万)", "{0:,}.{1:04}(万)", "{0}万人民币",
    "{0}（万元人民币）", "{0}(万元(人民币))", NOT_STATED,
)  # fmt: skip
_FOREIGN = ("(万美元)", "(万港元)", "(万欧元)")
_TO_FULL_WIDTH = {ord(character): ord(character) + 0xFEE0 for character in "0123456789ABCDEFGHJKLMNPQRTUWXY()-"}
_FIRST_DAY, _DAYS = date(1985, 1, 1), 14_600
# Coprime to 31**5: steps through every serial once, in no visible order.
_STEP = 7_368_787


def sample_rows(city: str, n: int, seed: int = 0, bad_share: float = 0.0) -> Iterator[list[str]]:
    """`n` operators of a city, in COLUMNS then EXTRA_COLUMNS.

    Args:
        city: A slug of CITIES.
        n: Rows, at most 31**5; no code comes twice.
        seed: Another seed gives other operators.
        bad_share: 0..1, the share of rows that no node may take in.
    """
    rng = Random(f"{city}/{seed}")  # noqa: S311 - nothing secret: the rows must come again
    maker = _Maker(CITIES[city], rng)
    for number in range(n):
        row = maker.row(number)
        if rng.random() < bad_share:
            rng.choice(_SPOILS)(row)
        yield row


def write_sample(file: TextIO, city: str, n: int, seed: int = 0, bad_share: float = 0.0, extra: bool = True) -> None:
    """Writes `sample_rows` as CSV with a header; without EXTRA_COLUMNS unless `extra`."""
    width = len(COLUMNS) + (len(EXTRA_COLUMNS) if extra else 0)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow((COLUMNS + EXTRA_COLUMNS)[:width])
    writer.writerows(row[:width] for row in sample_rows(city, n, seed, bad_share))


class _Maker:
    """Makes one city's rows."""

    def __init__(self, city: City, rng: Random) -> None:
        self._city = city
        self._rng = rng
        self._districts = districts(city.region4)
        self._serial = rng.randrange(31**5)

    def row(self, number: int) -> list[str]:
        pick, chance, city = self._rng.choice, self._rng.random, self._city
        kind, district = pick(_KINDS), pick(self._districts)
        return [
            self._name(kind, district),
            self._messy_code(self._uscc(kind, district, number)),
            (_FIRST_DAY + timedelta(int(chance() * _DAYS))).isoformat(),
            pick(kind.types) if chance() < 0.4 else NOT_STATED,
            pick(_SURNAMES) + pick(("*", "**", "**")) if chance() < 0.85 else NOT_STATED,
            self._capital(kind),
            self._scope(),
            city.province,
            city.name,
            self._address(district),
            pick(_STATUSES),
            f"{city.area}-0{int(chance() * 10**7):07}",
        ]

    def _uscc(self, kind: Kind, district: Region, number: int) -> str:
        serial, digits = (self._serial + number * _STEP) % 31**5, ""
        for _ in range(5):
            serial, digit = divmod(serial, 31)
            digits += USCC_ALPHABET[digit]
        organisation = f"TXT{digits}"
        code = f"{kind.prefix}{district.code}{organisation}{organisation_check_character(organisation)}"
        return code + uscc_check_character(code)

    def _messy_code(self, code: str) -> str:
        dice = self._rng.random()
        if dice < 0.01:
            return code.lower()
        return code.translate(_TO_FULL_WIDTH) if dice < 0.015 else code

    def _name(self, kind: Kind, district: Region) -> str:
        pick = self._rng.choice
        brand = pick(_SYLLABLES) + pick(_SYLLABLES) + pick(_SYLLABLES)
        place = pick((self._city.name, f"{self._city.name}市", f"{self._city.name}市{district.name}"))
        middle = pick((brand, brand[:2], f"{brand[:2]}({self._city.province})", f"{brand[:2]}（集团）"))
        return f"{place}{middle}{pick(_TRADES)}{pick(kind.endings)}"

    def _capital(self, kind: Kind) -> str:
        wan = int(10 ** (0.5 + kind.magnitude * self._rng.random()))
        if self._rng.random() < 0.01:
            return f"{wan}{self._rng.choice(_FOREIGN)}"
        return self._rng.choice(_CAPITALS).format(wan, int(self._rng.random() * 10_000))

    def _scope(self) -> str:
        goods = dict.fromkeys(self._rng.choices(_GOODS, k=1 + int(self._rng.random() * 7)))
        return self._rng.choice(("；", "、", "；")).join(goods) + self._rng.choice(("", "。", _TAIL))

    def _address(self, district: Region) -> str:
        pick, chance = self._rng.choice, self._rng.random
        prefix = pick((self._city.province + "省", "")) + self._city.name + "市"
        address = f"{prefix}{district.name}{pick(_ROADS)}路{1 + int(chance() * 400)}号"
        if chance() < 0.5:
            address += f"{1 + int(chance() * 20)}栋{101 + int(chance() * 2400)}室"
        return address.translate(_TO_FULL_WIDTH) if chance() < 0.02 else address


@cache
def districts(region4: str) -> tuple[Region, ...]:
    """The counties and districts in force of a city."""
    of_city = (region for code, region in regions().items() if code.startswith(region4) and code[4:] > "01")
    return tuple(region for region in of_city if region.until is None)


def _wrong_check_character(row: list[str]) -> None:
    code = row[1].translate({wide: narrow for narrow, wide in _TO_FULL_WIDTH.items()}).upper()
    row[1] = code[:17] + ("0" if code[17] != "0" else "1")


def _letter_o(row: list[str]) -> None:
    row[1] = row[1][:4] + "O" + row[1][5:]


def _no_name(row: list[str]) -> None:
    """A sole trader needs none: that row has no day instead."""
    if "个体" in row[3] or row[1].translate({wide: narrow for narrow, wide in _TO_FULL_WIDTH.items()}).startswith("92"):
        _impossible_date(row)
    else:
        row[0] = ""


def _impossible_date(row: list[str]) -> None:
    row[2] = row[2][:4] + "-02-30"


_SPOILS = (_wrong_check_character, _letter_o, _no_name, _impossible_date)
