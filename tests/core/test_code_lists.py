"""Code lists of the regulators' standards: what the law counts, and where it says so."""

from typing import Any

import pytest

from node.core.standards.standard import codes, get
from node.core.standards.table import code_rows
from node.stubs.standard.v1 import evidence_pb2, listing_pb2, measure_pb2, verification_pb2


def test_lists_are_three_and_share_no_grounds() -> None:
    names = ("listing.serious", "listing.abnormal", "listing.platform")
    grounds = [field.descriptor.enum_type for name in names for field in get(name).fields if field.path == "grounds"]
    assert grounds == [
        listing_pb2.SeriousGround.DESCRIPTOR,
        listing_pb2.AbnormalGround.DESCRIPTOR,
        listing_pb2.PlatformGround.DESCRIPTOR,
    ]


def test_grounds_for_a_serious_listing_are_those_of_order_44() -> None:
    rows = [row for row in code_rows(get("listing.serious"), "zh") if row.list == "SeriousGround" and row.code]
    assert {row.code // 100 for row in rows} == set(range(5, 12))
    for row in rows:
        item = f"第{row.code % 100}项" if row.code != 1101 else ""
        assert row.article == f"市监总局令第44号 第{row.code // 100}条{item}"


def test_grounds_of_complaints_are_seven_and_eight() -> None:
    rows = code_rows(get("complaint"), "zh")
    rejections = [row for row in rows if row.list == "RejectionGround" and row.code]
    assert len(rejections) == 7
    assert all(row.advice for row in rejections)
    assert len([row for row in rows if row.list == "TerminationGround" and row.code]) == 8


@pytest.mark.parametrize(
    ("code_list", "labels"),
    [
        (
            evidence_pb2.EvidenceKind,
            "书证 物证 视听资料 电子数据 证人证言 当事人的陈述 鉴定意见 勘验笔录、现场笔录",
        ),
        (
            measure_pb2.PlatformMeasure,
            "警示 限制功能 限流 暂停直播 限期停播 关闭账号 禁止重新注册 列入平台黑名单 删除 屏蔽 断开链接 冻结功能",
        ),
        (verification_pb2.VerificationResult, "一致 不一致 未找到 无法唯一确定 数据过期"),
    ],
)
def test_code_lists(code_list: Any, labels: str) -> None:
    known = [label_zh.partition("（")[0] for number, label_zh, _ in codes(code_list.DESCRIPTOR) if number]
    assert known == labels.split()


def test_a_freeze_is_never_of_funds() -> None:
    assert (12, "冻结功能（不冻结资金）", "Freeze functions, never funds") in codes(
        measure_pb2.PlatformMeasure.DESCRIPTOR
    )
