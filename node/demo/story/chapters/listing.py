"""Hefei puts the seller on the serious list: consent of the superior, notice, decision; Nanchang publishes it."""

from node.demo.story.cast import OFFICES
from node.demo.story.city_clients import documents
from node.demo.story.logs import Stored
from node.demo.story.stage import Stage

_CITY, _HOME = "hefei", "nanchang"
LISTING = "listing.serious"
DECISION = "合市监严违〔2026〕9号"
_CONSENT = "上级同意意见=皖市监信函〔2026〕31号"
_NOTICE = "列入告知书=合市监严告〔2026〕9号"


def play(stage: Stage) -> None:
    """From the proposal to the publication, and the record that every city sees."""
    stage.at("2026-07-14")
    fields = {
        "organ": OFFICES[_CITY].organ,
        "grounds": ["SERIOUS_GROUND_FALSE_ADVERTISING"],
        "legal_basis": "市场监督管理严重违法失信名单管理办法 第9条第5项",
        "removal_conditions": "满三年，或者满一年并履行义务、公开信用承诺。",
        "remedies": "六十日内申请行政复议，或者六个月内提起行政诉讼。",
        "home_city": _HOME,
    }
    reasons = "处罚较重，情节严重，符合列入情形。"
    # The penalty prepared it: party, facts and the link to the decision are in it already.
    case = stage.take_up(_CITY, stage.drafts["listing"], LISTING, "propose", fields, reasons=reasons).case
    stage.cases["listing"] = case
    stage.at("2026-07-20")
    stage.act(_CITY, LISTING, "consent", {"consent_number": "皖市监信函〔2026〕31号"}, case=case,
              documents=documents(_CONSENT))  # fmt: skip
    stage.act(_CITY, LISTING, "pre_notice", {"noticed_on": "2026-07-20"}, case=case, documents=documents(_NOTICE))
    stage.at("2026-07-31")
    _decide(stage, case)
    stage.at("2026-08-05")
    stage.act(_CITY, LISTING, "push", {"pushed_on": "2026-08-05"}, case=case)
    stage.at("2026-08-10")
    stage.act(_HOME, LISTING, "publish", {"published_on": "2026-08-10"}, case=case)
    stage.at("2026-08-11")
    _await_public_record(stage)


def _decide(stage: Stage, case: str) -> None:
    decision = {"decision_number": DECISION, "decided_on": "2026-07-31", "until": "2029-07-30"}
    papers = documents(_CONSENT, _NOTICE, f"列入决定书={DECISION}")
    stage.act(_CITY, LISTING, "decide", decision, case=case, documents=papers)


def _is_published(stored: Stored) -> bool:
    return not stored.has_act and getattr(stored.body, "published_on", "") == "2026-08-10"


def _await_public_record(stage: Stage) -> None:
    """The record that the node makes of the case, for every member."""
    begin = int(stage.cases["listing"].rpartition("-")[2])
    made = stage.await_record(_CITY, LISTING, _is_published, begin)
    stage.cases["listed"] = made.id
    stage.tell(_CITY, "software 软件", "record", ("名单记录，各市可见", "the listing, for every member"), made.id)
