"""Where a complaint belongs (order 121): by the address that the platform shows, or by its operator's home.

The second counts where no address is shown and where nobody is reached there.

The digits of a code say where an operator once registered. They route nothing: this module never reads them.
"""

from collections.abc import Mapping
from typing import NamedTuple

from node.core.law.laws import Label
from node.core.standards.regions import find_region
from node.stubs.standard.v1.complaint_pb2 import (
    ROUTING_BASIS_ACTUAL_PLACE,
    ROUTING_BASIS_DISPLAYED_ADDRESS,
    ROUTING_BASIS_PLATFORM_HOME,
    ROUTING_BASIS_UNSPECIFIED,
    Complaint,
    RoutingBasis,
)

# A city and everything in it share the first four digits of GB/T 2260.
_CITY_DIGITS = 4
_BASES = {
    ROUTING_BASIS_DISPLAYED_ADDRESS: Label("平台公示的地址", "the address the platform shows"),
    ROUTING_BASIS_PLATFORM_HOME: Label(
        "平台经营者住所地（未公示地址或者按公示地址无法联系）",
        "the home of the platform's operator (no address is shown, or nobody is reached there)",
    ),
    ROUTING_BASIS_ACTUAL_PLACE: Label("实际经营地", "the actual place of business"),
}
_UNKNOWN = Label(
    "无法确定管辖：未载明平台公示地址（或者按该地址无法联系），也不知平台经营者住所地；请通知投诉人补正或者查明后再办。",
    "Cannot be told: no address that the platform shows is good, and its operator's home is not known; ask for it.",
)


class Route(NamedTuple):
    """Where a complaint belongs.

    Attributes:
        city: slug of the member; empty where it is no member, or cannot be told.
        basis: unspecified where it cannot be told.
        words: where, by what, and what to do.
    """

    city: str
    basis: "RoutingBasis.ValueType"
    region6: str
    words: Label


def find_route(complaint: Complaint, members: Mapping[str, str], platform_seat: str, here: str) -> Route:
    """Computes where a complaint belongs.

    Args:
        complaint: what is known of it.
        members: city -> its region.
        platform_seat: region of the seat of the platform's operator; empty where not known.
        here: the city that received it.
    """
    basis, region6 = _place(complaint, platform_seat)
    if not region6:
        return Route("", ROUTING_BASIS_UNSPECIFIED, "", _UNKNOWN)
    city = next((each for each, code in members.items() if code[:_CITY_DIGITS] == region6[:_CITY_DIGITS]), "")
    return Route(city, basis, region6, _words(_BASES[basis], region6, city, here))


def _place(complaint: Complaint, platform_seat: str) -> tuple["RoutingBasis.ValueType", str]:
    if complaint.displayed_address.region6 and not complaint.unreached_on:
        return ROUTING_BASIS_DISPLAYED_ADDRESS, complaint.displayed_address.region6
    if complaint.HasField("platform") or complaint.HasField("store"):
        return ROUTING_BASIS_PLATFORM_HOME, platform_seat
    return ROUTING_BASIS_ACTUAL_PLACE, complaint.party.address.region6


def _words(basis: Label, region6: str, city: str, here: str) -> Label:
    place = _place_name(region6)
    if city == here:
        zh, en = "由本机关办理", "it is handled here"
    elif city:
        zh, en = f"应移交{city}办理（hand_over）", f"hand it over to {city} (hand_over)"
    else:
        zh = "不在成员城市，本机关无处理权限：不予受理（no_competence），告知投诉人通过12315平台向当地市场监管部门提出"
        en = "no member: reject it (no_competence), and tell the complainant to turn to the organ there, by 12315"
    return Label(f"按{basis.zh}，属{place}：{zh}。", f"By {basis.en} it belongs to {place}: {en}.")


def _place_name(region6: str) -> str:
    region = find_region(region6)
    return f"{region.province}{region.name} ({region6})" if region else region6
