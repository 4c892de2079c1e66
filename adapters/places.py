"""Words for provinces, cities, districts and counties, as exports use them, to codes of GB/T 2260.

A name that several divisions have is refused with the codes to choose from, unless a city or province stands before it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from unicodedata import normalize

from adapters.noted import Noted
from adapters.place_names import Names, Place, is_city, named_before, names_before, names_now, title
from node.core.standards.regions import find_region, regions
from node.messages import _
from node.tables.unfit import UnfitError

_CODE = re.compile(r"(\d{6})(?:\d{3}){0,3}(?:\.0+)?", re.ASCII)
_BETWEEN = re.compile(
    r"[\s,，、/\\|>·_—–-]|(?<=.)市辖区|市辖区(?=.)|(?<=重庆市)县(?=.)|^中国(?=.)"
    r"|省?(?:自治区)?直辖县级?(?:行政)?(?:区划|单位)?(?=.)"
)
_ZONE = re.compile(r".*(?:开发区|高新区|经开区|新区|保税区|示范区|园区|自贸区|合作区|试验区|管委会|管理区)")
_MOST_NAMED = 8
_MOST_CHARS, _LONGEST_NAME = 60, 20
_UNKNOWN = ("region_unknown", _("not a province, city, district or county of GB/T 2260"))


def parse_region(text: str) -> str | Noted:
    """The six-digit code of a division ("湖南", "长沙市岳麓区", "浏阳市", "襄樊市"), or of a code that begins with one.

    A name of before and a development zone, of which the city is taken, are noted.

    Raises:
        UnfitError: `region_unknown`, `region_ambiguous` with the codes to choose from, or `region_zone`.
    """
    words = normalize("NFKC", text)
    if digits := _CODE.fullmatch("".join(words.split())):
        if find_region(digits[1]):
            return digits[1]
        raise UnfitError("region_unknown", _("GB/T 2260 has no such code"))
    words = _BETWEEN.sub("", words)
    code = _one(_best(names_now().get(words, ())) or _within(words, names_now()))
    if code is not None:
        if (before := named_before(words)) is None:
            return code
        text = _(
            "the county {county} is read; until a reform the name was that of {city}",
            county=title(code),
            city=title(before),
        )
        return Noted(code, "region_two_meanings", text)
    return _before(words) or _zone(words)


def _one(codes: Sequence[str]) -> str | None:
    if len(codes) > 1:
        named = [*map(title, codes[:_MOST_NAMED]), *(["…"] if len(codes) > _MOST_NAMED else [])]
        text = _("several places have this name: {places}; write the city before it, or its code", places=named)
        raise UnfitError("region_ambiguous", text)
    return codes[0] if codes else None


def _best(places: Iterable[Place]) -> tuple[str, ...]:
    """The codes of the highest level."""
    ranked = sorted(places, key=lambda place: place.rank)
    return tuple(each.code for each in ranked if each.rank == ranked[0].rank)


def _within(words: str, names: Names) -> tuple[str, ...]:
    """湖南长沙, 长沙市岳麓区: the division in another. One with a street behind it only where nothing else is meant."""
    paths = list(_paths(words[:_MOST_CHARS], names, ""))
    return tuple(dict.fromkeys(code for code, rest in paths if not rest)) or tuple(
        dict.fromkeys(code for code, _ in paths)
    )


def _paths(words: str, names: Names, above: str) -> Iterator[tuple[str, str]]:
    """Each division that the words lead to below another, and what stands behind it."""
    for end in range(min(len(words), _LONGEST_NAME), 1, -1):
        rest = words[end:]
        # What stands in front may have its name of today in any case.
        places = {*names.get(words[:end], ()), *names_now().get(words[:end], ())}
        below = [each for each in places if each.code != above and each.code.startswith(_prefix(above))]
        if not rest and above:
            yield from ((code, "") for code in _best(below or _districts(words, above)))
        for each in below:
            if rest and is_city(each.code):
                yield from _paths(rest, names, each.code)
            elif rest and above and each.is_full:
                yield each.code, rest


def _districts(words: str, above: str) -> list[Place]:
    """长沙岳麓, 上海浦东: below a city or province its district needs no 区."""
    named = (place for kind in ("区", "新区") for place in names_now().get(words + kind, ()))
    return [place for place in named if place.code.startswith(_prefix(above))]


def _prefix(above: str) -> str:
    return above[:2] if above.endswith("0000") else above[:4]


def _before(words: str) -> str | Noted | None:
    """The division of a name of before. That its code has ended too, the standard itself says."""
    code = next(iter(_best(names_before().get(words, ()))), None) or _one(_within(words, names_before()))
    if code is None or regions()[code].until is not None:
        return code
    return Noted(code, "region_renamed", _("a former name; the place is now {place}", place=title(code)))


def _zone(words: str) -> Noted:
    """The city before the name of a development zone, which is no division."""
    if _ZONE.fullmatch(words):
        for end in range(len(words) - 1, 1, -1):
            codes = _best(names_now().get(words[:end], ())) or _within(words[:end], names_now())
            if len(codes) == 1 and not codes[0].endswith("0000"):
                text = _("a development zone is not a division; its city {city} is read", city=title(codes[0]))
                return Noted(codes[0], "region_zone_city", text)
        raise UnfitError(
            "region_zone", _("a development zone is not a division; write its city before it, or its district")
        )
    raise UnfitError(*_UNKNOWN)
