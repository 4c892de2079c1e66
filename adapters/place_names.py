"""Names of provinces, cities, districts and counties, now and before, by the codes they stand for."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from node.core.standards.regions import Named, find_region, region_names, regions

_PEOPLES = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|纳西|景颇|柯尔克孜|土"
    "|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|京|塔塔尔|独龙|鄂伦春"
    "|赫哲|门巴|珞巴|基诺|各"
)
_AUTONOMOUS = re.compile(rf"(?P<short>.{{2,}}?)(?:(?:{_PEOPLES})族?)+自治(?P<kind>[州县旗])")
_CITY = re.compile(r"(?P<short>.{2,}?)(?:特别行政区|自治区|省|市|地区|盟|林区)")
_COUNTY = re.compile(r"(?P<short>.{2,})(?:市|县|旗|特区|林区)")
_REGION = re.compile(r"(?P<short>.{2,}?)(?:维吾尔|壮族|回族)?自治区")
# What everybody calls them.
_USUAL = {
    "博尔塔拉蒙古自治州": "博州",
    "巴音郭楞蒙古自治州": "巴州",
    "克孜勒苏柯尔克孜自治州": "克州",
    "西双版纳傣族自治州": "版纳",
    "锡林郭勒盟": "锡盟",
    "阿拉善盟": "阿盟",
}
_COUNTY_LEVEL = 3
_HEADING = re.compile(r"市辖区|直辖县|行政单位|^县$|^市$")


class Place(NamedTuple):
    """A division that a name stands for. Where nothing says more the least `rank` is meant.

    A full name goes before a short one, a province before its city, a city before its county.
    """

    rank: int
    code: str
    level: int
    is_full: bool


Names = dict[str, tuple[Place, ...]]


@cache
def names_now() -> Names:
    """What each name of today may stand for."""
    return _by_name(each for each in region_names() if each.until is None)


@cache
def names_before() -> Names:
    """What each name stood for that nothing has today; of several the one that ended last goes first."""
    return {name: places for name, places in _ended().items() if name not in names_now()}


def named_before(name: str) -> str | None:
    """The city of before that has the name of a county of today, such as 巢湖市."""
    now = names_now().get(name, ())
    if not now or min(each.level for each in now) < _COUNTY_LEVEL:
        return None
    codes = {each.code for each in now}
    return next(
        (each.code for each in _ended().get(name, ()) if each.level < _COUNTY_LEVEL and each.code not in codes), None
    )


@cache
def _ended() -> Names:
    """A code that was given to another division stands for the newer alone."""
    ended = [each for each in region_names() if each.until is not None]
    usable = [each for each in ended if each.is_followed or regions()[each.code].until is not None]
    by_name = _by_name(sorted(usable, key=lambda each: -(each.until or 0)))
    named = {name: tuple(filter(_is_known_before, places)) for name, places in by_name.items()}
    return {name: places for name, places in named.items() if places}


def _is_known_before(place: Place) -> bool:
    """The short name of a county of before is too short to mean it alone; that of a city is not."""
    return place.is_full or place.level < _COUNTY_LEVEL or regions()[place.code].name.endswith("市")


def is_city(code: str) -> bool:
    """Whether a code is that of a province or of a city of the level between."""
    return code.endswith("00")


def title(code: str) -> str:
    """A division for a person: 430104 湖南省长沙市岳麓区."""
    region = find_region(code)
    if region is None:
        return code
    if code.endswith("0000"):
        return f"{code} {region.name}"
    city = find_region(f"{code[:4]}00")
    above = city.name if city and city.code != code and not _HEADING.search(city.name) else ""
    return f"{code} {region.province}{above}{region.name}"


def _by_name(names: Iterable[Named]) -> Names:
    by_name: dict[str, dict[str, Place]] = defaultdict(dict)
    for each in names:
        if not _HEADING.search(each.name):
            level = _level(each.code)
            by_name[each.name].setdefault(each.code, Place(level, each.code, level, is_full=True))
            for short in _shorts(each.name, level):
                place = Place(level + _COUNTY_LEVEL + 1, each.code, level, is_full=False)
                by_name[short].setdefault(each.code, place)
    return {name: tuple(places.values()) for name, places in by_name.items()}


def _level(code: str) -> int:
    """0 a province, 1 a city, 2 a county straight under its province (90xx), 3 a district or county."""
    if code.endswith("00"):
        return 0 if code.endswith("0000") else 1
    return 2 if code[2:4] == "90" else _COUNTY_LEVEL


def _shorts(name: str, level: int) -> Iterator[str]:
    """Without its kind: 恩施 and 恩施州 of 恩施土家族苗族自治州. A district has no short name."""
    if name in _USUAL:
        yield _USUAL[name]
    if match := _AUTONOMOUS.fullmatch(name) if level else _REGION.fullmatch(name):
        yield match["short"]
        if level:
            yield match["short"] + match["kind"]
    elif match := (_COUNTY if level == _COUNTY_LEVEL else _CITY).fullmatch(name):
        yield match["short"]
