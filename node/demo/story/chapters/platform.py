"""Wuhan screens a platform's roster, an officer confirms the hit, and the platform is asked to act."""

import json
from typing import Any

from node.demo.failure import DemoError
from node.demo.story.cast import OFFICES, PLATFORM_CLIENT, PLATFORM_PARTY, SELLER, SELLER_CODE, STORE, write_roster
from node.demo.story.stage import Stage
from node.messages import _

CITY, _ASKING = "wuhan", "hefei"
MEASURE = "measure.request"
_HITS = 1
_OTHERS = 300


def play(stage: Stage) -> None:
    """From the hit to the review that lifts part of the measure."""
    stage.at("2026-08-17")
    stage.sync()
    _screen(stage)
    _confirm(stage)
    _request(stage)
    _appeal(stage)


def screen(stage: Stage) -> list[dict[str, Any]]:
    """What `gongzhi screen` finds in the platform's roster."""
    roster = stage.base / "roster.csv"
    if not roster.exists():
        write_roster(roster, _OTHERS)
    output = stage.gongzhi("screen", roster, "--json", node=CITY, codes=(0, _HITS))
    return [json.loads(line) for line in output.splitlines()]


def _screen(stage: Stage) -> None:
    hits = [(each["result"], each.get("record_id"), each.get("matched_on")) for each in screen(stage)]
    if hits != [("hit", stage.cases["listed"], "uscc")]:
        raise DemoError(
            _(
                "the roster should hit {listed} once, by code and not by name, not {hits}",
                listed=stage.cases["listed"],
                hits=hits,
            )
        )
    what = ("平台名册筛查命中", "hit by code, none by name")
    stage.tell(CITY, "screen", "hit", what, note=stage.cases["listed"])


def _confirm(stage: Stage) -> None:
    clients = stage.clients_of[CITY]
    words = ("--uscc", SELLER_CODE, "--screened-at", "云播平台入驻名单", "--as", clients.identity("maker"))
    confirmed = stage.ask("screen", "confirm", stage.cases["listed"], *words, node=CITY)
    stage.cases["hit"] = confirmed["case"]
    shown = clients.show(confirmed["case"])
    for each in shown.acts:
        stage.recorded(CITY, each, shown)
    stage.act(_ASKING, "listing.hit", "note", case=confirmed["case"])


def _request(stage: Stage) -> None:
    """Hefei, which listed the seller, asks; the platform is connected to Wuhan, so that the request goes there."""
    organ = OFFICES[_ASKING].organ
    request = {
        "number": "合市监处置〔2026〕21号",
        "organ": organ,
        "legal_basis": "中华人民共和国广告法 第17条",
        "case_number": "合市监立〔2026〕77号",
        "origins": [stage.cases["hit"]],
        "party": SELLER,
        "target": {"platform": PLATFORM_PARTY, "store": STORE},
        "measures": ["PLATFORM_MEASURE_SUSPEND_LIVE", "PLATFORM_MEASURE_LIMIT_TRAFFIC"],
        "facts": "该经营者被列入严重违法失信名单，仍在直播间推介同类商品。",
        "evidence": [_screenshot(stage)],
        "starts_on": "2026-08-18",
        "ends_on": "2026-11-17",
        "proportionality": "仅限涉案直播间，期限三个月；限流为防止更换主播继续推介。",
        "appeal_route": "平台申诉中心，或者向本局书面申诉。",
        "letter": {"title": "处置函", "number": "合市监处置〔2026〕21号", "date": "2026-08-17"},
    }
    case = stage.act(_ASKING, MEASURE, "issue", request).case
    stage.cases["measure"] = case
    stage.act(CITY, MEASURE, "ack", case=case, platform=PLATFORM_CLIENT)
    stage.at("2026-08-18")
    done = {"executed": request["measures"]}
    stage.act(CITY, MEASURE, "execute", done, case=case, platform=PLATFORM_CLIENT)
    stage.at("2026-08-19")
    stage.act(CITY, MEASURE, "publish", case=case, platform=PLATFORM_CLIENT)


def _screenshot(stage: Stage) -> dict[str, object]:
    """Evidence that Hefei took."""
    office, file = OFFICES[_ASKING], stage.base / "screenshot.bin"
    file.write_bytes(b"gongzhi story: a picture of the live room")
    extraction = office.extraction("2026-08-17T08:30", "合肥市局", "截屏", "硬盘 HD-02")
    kept = stage.ask("evidence", "put", file, *extraction, node=_ASKING)
    return {
        "kind": "EVIDENCE_KIND_ELECTRONIC_DATA",
        "title": "直播间截图",
        "sha256": kept["sha256"],
        "carrier": "硬盘 HD-02",
        "extraction_method": "截屏",
        "extracted_at_ms": 1_786_926_600_000,
        "maker": office.maker.name,
        "officers": office.on_the_spot(),
    }


def _appeal(stage: Stage) -> None:
    case = stage.cases["measure"]
    notice = {
        "sent_on": "2026-08-19",
        "facts": "贵方被列入严重违法失信名单。",
        "reasons": "防止消费者继续受误导。",
        "basis": "中华人民共和国广告法 第17条",
        "appeal_route": "平台申诉中心",
        "appeal_until": "2026-09-02",
    }
    stage.act(CITY, MEASURE, "notify_operator", {"notice": notice}, case=case, platform=PLATFORM_CLIENT)
    stage.at("2026-08-26")
    appeal = {"appeal": {"received_on": "2026-08-26", "grounds": "已下架涉案商品，限流影响其他合规商品。"}}
    stage.act(CITY, MEASURE, "appeal", appeal, case=case, platform=PLATFORM_CLIENT, reasons="经营者申诉，附整改材料。")
    stage.at("2026-09-01")
    stage.act(_ASKING, MEASURE, "review", {"review": "REVIEW_OUTCOME_PARTLY_LIFTED"}, case=case,
              reasons="人工复核：涉案商品已下架，限流可解除，暂停直播应维持。")  # fmt: skip
    part = {"lifted": ["PLATFORM_MEASURE_LIMIT_TRAFFIC"], "ends_on": "2026-11-17"}
    stage.act(_ASKING, MEASURE, "lift_in_part", part, case=case, reasons="解除限流，其余维持至期满。")
