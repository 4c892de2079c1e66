"""Tables that are another city's: told before any of their rows is in."""

from collections.abc import Sequence
from contextlib import suppress

from google.protobuf.message import Message as Record

from adapters.noted import Noted
from adapters.place_names import title
from adapters.places import parse_region
from adapters.rows import Body, Mapper, Row
from node.core.standards.standard import Standard
from node.messages import Message, _
from node.tables.unfit import UnfitError

LOOKED_AT = 500
"""Rows of a file that are looked at before it is loaded."""
_CITY_DIGITS = 4
_FEW = 20  # one in twenty lives elsewhere without anybody's mistake


def told_elsewhere(
    rows: Sequence[Row], mapper: Mapper, standard: Standard, region6: str
) -> tuple[Message | None, bool]:
    """Looks whether the registered addresses of the first rows are in the node's city.

    The digits of a code say nothing: it is for life, and operators move (order 112).

    Returns:
        What is to be told of them, None for a few or none; and whether most are in other cities.
    """
    regions = [region for row in rows if not row.problems and (region := _region(row, mapper, standard))]
    others = [region for region in regions if region[:_CITY_DIGITS] != region6[:_CITY_DIGITS]]
    if len(others) * _FEW <= len(regions):
        return None, False
    cities = [f"{region[:_CITY_DIGITS]}00" for region in others]
    where, here = title(max(sorted(set(cities)), key=cities.count)), title(region6)
    text = _(
        "{others} of the first {rows} rows are of another city, most of {city}; this node is of {here}",
        others=len(others), rows=len(regions), city=where, here=here,
    )  # fmt: skip
    return text, len(others) * 2 > len(regions)


def _region(row: Row, mapper: Mapper, standard: Standard) -> str:
    body = mapper.map(row.cells)
    message: Record = standard.parse(body.body) if isinstance(body, Body) else standard.message_type()
    address = getattr(message, "registered_address", None)
    if address is None:
        return ""
    if not address.region6 and address.text:
        with suppress(UnfitError):
            region = parse_region(address.text)
            return str(region.value) if isinstance(region, Noted) else region
    return str(address.region6)
