"""Changsha warns the others of a business model, finds the warning unfounded and takes it back from all who got it."""

from node.demo.story.cast import OFFICES, PLATFORM_PARTY
from node.demo.story.stage import Stage
from node.messages import _

_CITY, _FOLLOWER = "changsha", "zhengzhou"
ALERT = "alert"


def play(stage: Stage) -> None:
    """From the warning to its withdrawal."""
    stage.at("2027-08-16")
    warning = {
        "kind": "ALERT_KIND_COMMUNITY_GROUP_BUYING",
        "severity": "ALERT_SEVERITY_HIGH",
        "organ": OFFICES[_CITY].organ,
        "platforms": [PLATFORM_PARTY],
        "business_model": "团长自提点冒用冷链标识",
        "facts": "多个自提点的冷链标识疑为同一来源伪造。",
        "suggested_measures": ["ALERT_MEASURE_INSPECT", "ALERT_MEASURE_TALK_TO_PLATFORM"],
        "review_on": "2027-10-15",
    }
    case = stage.act(_CITY, ALERT, "issue", warning).case
    stage.cases["alert"] = case
    stage.at("2027-08-18")
    stage.act(_FOLLOWER, ALERT, "acknowledge", case=case)
    stage.act(_FOLLOWER, ALERT, "follow_up", {"follow_up": "已检查12个自提点，未见伪造。"}, case=case,
              reasons="检查结果反馈。")  # fmt: skip
    stage.look()
    stage.destroyed[_("the warning {case}", case=case)] = stage.logs.stored(case)
    stage.at("2027-08-23")
    stage.act(_CITY, ALERT, "withdraw", {"withdrawal": "WITHDRAWAL_GROUND_UNFOUNDED"}, case=case,
              reasons="经检测，标识为真，预警不实。")  # fmt: skip
    others = [city for city in stage.logs.cities if city != _CITY]
    stage.wait(_("every city to destroy the warning"), lambda: not any(stage.logs.held(city, case) for city in others))
