"""Who and what the story is about. Nobody is real: codes of the synthetic series, names and numbers made up."""

import csv
from io import StringIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from node.core.members.officers import Account, OfficerRole
from node.demo.sample import write_sample


class Office(NamedTuple):
    """A city's officers: who makes acts, and who approves them."""

    organ: str
    maker: Account
    approver: Account

    def extraction(self, at: str, place: str, method: str, carrier: str) -> list[str]:
        """The options of `gongzhi evidence put` that are the extraction record."""
        two = [f"{each['name']}={each['certificate_number']}" for each in self.on_the_spot()]
        officers = [word for each in two for word in ("--officer", each)]
        options = ["--at", at, "--place", place, "--method", method, "--carrier", carrier]
        return [*options, "--maker", self.maker.name, *officers]

    def on_the_spot(self) -> list[dict[str, str]]:
        """Both, as an act names 执法人员."""
        return [
            {"name": each.name, "certificate_number": each.certificate_number} for each in (self.maker, self.approver)
        ]


def _office(organ: str, region4: str, maker: str, approver: str) -> Office:
    return Office(
        organ,
        Account(maker, (OfficerRole.CASE_OFFICER, OfficerRole.CLERK), f"{region4}00101"),
        Account(approver, (OfficerRole.APPROVER,), f"{region4}00102"),
    )


OFFICES = MappingProxyType(
    {
        "changsha": _office("长沙市市场监督管理局", "4301", "陈静", "刘向阳"),
        "wuhan": _office("武汉市市场监督管理局", "4201", "黄晓", "周立"),
        "zhengzhou": _office("郑州市市场监督管理局", "4101", "赵敏", "郭建"),
        "hefei": _office("合肥市市场监督管理局", "3401", "徐蕾", "方志"),
        "taiyuan": _office("太原市市场监督管理局", "1401", "任红", "阎军"),
        "nanchang": _office("南昌市市场监督管理局", "3601", "熊芳", "万林"),
    }
)

PLATFORM = "云播"
PLATFORM_CLIENT = "yunbo"
PLATFORM_PARTY = MappingProxyType({"name": PLATFORM, "uscc": "91420100MA00TEXT0W"})

# Registered in Nanchang, at work in Hefei, and shown to customers as if in Changsha: the digits of its code say 3601.
SELLER_CODE = "91360100MA00TEXT0N"
SELLER_NAME = "江西赣小集电子商务有限公司"
REGISTERED = "南昌市红谷滩区世贸路872号"
ACTUAL = "合肥市蜀山区望江西路198号云谷6栋"
DISPLAYED = "长沙市岳麓区金星中路99号"
SELLER = MappingProxyType({"uscc": SELLER_CODE, "name": SELLER_NAME, "kind": "PARTY_KIND_LEGAL"})
STORE = MappingProxyType({"platform": PLATFORM, "name": "赣小集养生直播间", "account": "ganxiaoji-live"})

CONSUMER = MappingProxyType(
    {
        "name": "周小满",
        "id_kind": "ID_DOCUMENT_KIND_RESIDENT_ID",
        "id_number": "43010219920517002X",
        "phone": "0731-01234567",
    }
)
ORDER_NUMBER = "YB20260428-778812"
COMPLAINT_FACTS = "主播称饮片七日降压，收到后无效，要求退款被拒。"
VIOLATION = "在直播中宣称普通食品具有降压疗效，涉嫌发布关系消费者生命健康的虚假广告。"


def write_operators(path: Path) -> Path:
    """The seller as Nanchang's registrar exports it."""
    row: dict[str, Any] = {
        "企业名称": SELLER_NAME,
        "统一社会信用代码": SELLER_CODE,
        "注册日期": "2021-03-18",
        "企业类型": "有限责任公司",
        "法人代表": "涂某",
        "注册资金": "200万元",
        "经营范围": "食品销售、互联网销售",
        "地区": "南昌市",
        "注册地址": REGISTERED,
        "实际经营地区": "340104",
        "实际经营地址": ACTUAL,
        "登记状态": "存续",
    }
    return _write(path, [row])


def write_roster(path: Path, others: int) -> Path:
    """The sellers that the platform says it has: ours is there by its code; of another, its name stands there alone."""
    text = StringIO()
    write_sample(text, "wuhan", others, seed=7)
    rows = list(csv.DictReader(StringIO(text.getvalue())))
    blank = dict.fromkeys(rows[0], "")
    rows.insert(others // 2, blank | {"统一社会信用代码": SELLER_CODE, "企业名称": "赣小集养生"})
    rows.append(blank | {"统一社会信用代码": "92430102MA00TEXT0T", "企业名称": SELLER_NAME})
    return _write(path, rows)


def write_recording(path: Path) -> Path:
    """What stands for the recording of a live stream: bytes that are nowhere else."""
    block = b"gongzhi story: a recording of the live stream, made up. "
    path.write_bytes(b"".join(block + number.to_bytes(4, "big") for number in range(12_000)))
    return path


def _write(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
