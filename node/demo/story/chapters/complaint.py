"""Changsha: a consumer complains; the seller does not settle; the complaint is accepted and the clue checked."""

from pathlib import Path

from node.demo.failure import DemoError
from node.demo.story.cast import (
    ACTUAL,
    COMPLAINT_FACTS,
    CONSUMER,
    DISPLAYED,
    ORDER_NUMBER,
    PLATFORM_PARTY,
    SELLER,
    SELLER_CODE,
    SELLER_NAME,
    STORE,
)
from node.demo.story.stage import Stage
from node.messages import _

_CITY = "changsha"
_MISMATCH = 1


def play(stage: Stage) -> None:
    """From the complaint to the clue that goes to another city."""
    _settle_first(stage)
    stage.at("2026-05-15")
    _route(stage)
    case = stage.cases["complaint"]
    stage.act(_CITY, "complaint", "accept", case=case)
    stage.act(_CITY, "complaint", "mediate", case=case)
    stage.at("2026-05-18")
    _verify(stage)
    reasons = "经核验，登记住所在南昌，实际经营地在合肥，平台公示的长沙地址不实；直播宣称疗效，涉嫌虚假广告。"
    referred = stage.act(_CITY, "complaint", "refer_clue", case=case, reasons=reasons)
    stage.drafts["referral"] = referred.makes[0].draft


def _settle_first(stage: Stage) -> None:
    receipt = stage.base / "order.txt"
    receipt.write_text(f"{ORDER_NUMBER} {COMPLAINT_FACTS}", "utf-8")
    kept = stage.ask("evidence", "put", receipt, "--document", node=_CITY)
    fields = {
        "number_12315": "1430100002026050600881",
        "received_on": stage.day.isoformat(),
        "channel": "COMPLAINT_CHANNEL_GREEN_CHANNEL",
        "party": SELLER,
        "facts": COMPLAINT_FACTS,
        "claims": ["CLAIM_KIND_REFUND", "CLAIM_KIND_COMPENSATION"],
        "platform": PLATFORM_PARTY,
        "store": STORE,
        "displayed_address": {"text": DISPLAYED, "region6": "430104"},
        "routed_by": "ROUTING_BASIS_DISPLAYED_ADDRESS",
        "consents": ["CONSENT_SETTLEMENT_FIRST", "CONSENT_MEDIATION", "CONSENT_TRANSFER"],
        "settlement": {"offered_on": stage.day.isoformat(), "until": "2026-05-19"},
        "order_number": ORDER_NUMBER,
        "exhibits": [{"title": "订单与聊天记录", "sha256": kept["sha256"], "size_bytes": kept["size"]}],
        "complainant": CONSUMER,
    }
    opened = stage.act(_CITY, "complaint", "open_settlement", fields)
    stage.cases["complaint"] = opened.case
    only = frozenset({_CITY})
    for name in ("name", "id_number", "phone"):
        stage.secrets[_("the complainant's {field}", field=name)] = CONSUMER[name].encode(), only
    stage.secrets[_("the order number")] = ORDER_NUMBER.encode(), only
    stage.secrets[_("the facts of the complaint")] = COMPLAINT_FACTS.encode(), only
    stage.at("2026-05-14")
    terms = {"offered_on": "2026-05-06", "until": "2026-05-19", "result": "SETTLEMENT_RESULT_FAILED"}
    failed = {"settlement": terms}
    stage.act(_CITY, "complaint", "end_settlement", failed, case=opened.case)


def _route(stage: Stage) -> None:
    """The platform shows an address in Changsha: the complaint belongs here, whatever the digits of the code say."""
    clients, case = stage.clients_of[_CITY], stage.cases["complaint"]
    route = stage.ask("complaint", "route", case, "--as", clients.identity("maker"))
    if (route["city"], route["routed_by"]) != (_CITY, "displayed_address"):
        raise DemoError(
            _(
                "the complaint {case} belongs to {city} by the address displayed, not {answer}",
                case=case,
                city=_CITY,
                answer=route,
            )
        )
    what = ("按平台公示地址，属本市管辖", "by the address displayed it belongs here")
    stage.tell(_CITY, "complaint route", "routed", what, note=f"{route['routed_by']} {route['region6']}")


def _verify(stage: Stage) -> None:
    """Asks who the seller is: Nanchang's record says that it is not where it says it is."""
    stage.sync()
    proof = stage.base / "seller.proof.json"
    asked = ("operator", "verify", SELLER_CODE, "--name", SELLER_NAME, "--address", DISPLAYED, "--proof", proof)
    answer = stage.ask(*asked, node=_CITY, codes=(_MISMATCH,))
    record = answer["record_id"]
    differs = ", ".join(answer["mismatches"])
    stage.tell(_CITY, "operator verify", "mismatch", ("主体核验：住所不一致", "verified: the address differs"),
               note=f"{record}: {differs}")  # fmt: skip
    shown = stage.gongzhi("operator", "show", SELLER_CODE, node=_CITY)
    if ACTUAL not in shown:
        raise DemoError(
            _(
                "{city} may see the actual address that {record} states, and does not:\n{shown}",
                city=_CITY,
                record=record,
                shown=shown,
            )
        )
    federation: Path = stage.clients_of[_CITY].node.config.federation
    stage.gongzhi("check-proof", proof, "--federation", federation)
    stage.tell(_CITY, "check-proof", "proven", ("离线核对证明成立", "the proof holds, offline"), note=record)
    stage.secrets[_("the actual address of the seller")] = ACTUAL.encode(), frozenset({"nanchang", _CITY, "hefei"})
