"""Words for provinces and cities, as exports use them, to codes of GB/T 2260."""

import re
from collections.abc import Iterator
from functools import cache
from unicodedata import normalize

from node.core.regions import Region, find_region, regions
from node.tables.unfit import UnfitError

_SUFFIX = re.compile(r"(?:维吾尔|壮族|回族)?(?:特别行政区|自治区|省|市|地区|盟)$")
_HEADING = re.compile("市辖区|直辖县|^县$")


def parse_region(text: str) -> str:
    """The six-digit code of a province or city ("湖南", "长沙市", "湖南省长沙市"), or of a code that exists.

    Raises:
        UnfitError: `region_unknown`.
    """
    words = "".join(normalize("NFKC", text).split())
    code = words if find_region(words) else _codes().get(words) or _within_province(words)
    if code is None:
        raise UnfitError("region_unknown", "no province or city of GB/T 2260")
    return code


def _within_province(words: str) -> str | None:
    """The words 湖南长沙 are the city 长沙 of the province 湖南; a city of another province is not."""
    for end in range(2, len(words) - 1):
        province, city = _codes().get(words[:end]), _codes().get(words[end:])
        if province and city and province.endswith("0000") and province[:2] == city[:2]:
            return city
    return None


@cache
def _codes() -> dict[str, str]:
    """Names to codes. A full name wins over a short one, a province over its city (吉林)."""
    names: dict[str, str] = {}
    places = [region for region in regions().values() if _is_city(region)]
    for name, code in [*_full_names(places), *_short_names(places)]:
        names.setdefault(name, code)
    return names


def _is_city(region: Region) -> bool:
    """In force, a province, a city or a county straight under its province (90xx), and no mere heading of the list."""
    is_level = region.code[4:] == "00" or region.code[2:4] == "90"
    return is_level and region.until is None and not _HEADING.search(region.name)


def _full_names(places: list[Region]) -> Iterator[tuple[str, str]]:
    return ((place.name, place.code) for place in sorted(places))


def _short_names(places: list[Region]) -> Iterator[tuple[str, str]]:
    provinces_first = sorted(places, key=lambda place: (place.code[2:] != "0000", place.code))
    return ((_SUFFIX.sub("", place.name), place.code) for place in provinces_first)
