"""Administrative divisions: codes of GB/T 2260 with the years they were in force.

The table is python-stdnum's `cn/loc.dat` (every code since 1980, from Wikipedia's lists, GB/T 2260 and the Ministry of
Civil Affairs' yearly changes). Codes of development zones that only statisticians use are not in it.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from stdnum import numdb

# "[1986-2001]name,[2001-]name": the years may be left out.
_HISTORY = re.compile(r"(?:\[(\d*)-(\d*)\])?([^,\[]+)")
_NEVER = 9999


class Region(NamedTuple):
    """A division under its newest name; `until` is the year the code was abolished, None while in force."""

    code: str
    name: str
    province: str
    until: int | None


class Named(NamedTuple):
    """A name that a division has or had; `until` is the year it ended, None while in force.

    `is_followed`: the division goes on under the names that followed. A code may also have been given to another.
    """

    code: str
    name: str
    until: int | None
    is_followed: bool


@cache
def region_names() -> tuple[Named, ...]:
    """Every name that any division has or had."""
    provinces = numdb.get("cn/loc").prefixes
    return tuple(
        named
        for _, province, _, _, parts in provinces
        for _, code, _, facts, _ in parts
        for named in _names(province + code, facts["county"])
    )


@cache
def regions() -> dict[str, Region]:
    """Every division that ever was, by code."""
    provinces = numdb.get("cn/loc").prefixes
    return {region.code: region for _, code, _, facts, parts in provinces for region in _divisions(code, facts, parts)}


def find_region(code: str) -> Region | None:
    """The division of a six-digit code, in force or abolished."""
    return regions().get(code)


def _divisions(province_code: str, facts: dict[str, str], parts: Iterable[Any]) -> Iterator[Region]:
    for _, code, _, county, _ in parts:
        ends, name = max((_end(until), name) for _, until, name in _HISTORY.findall(county["county"]))
        yield Region(province_code + code, name, facts["province"], None if ends == _NEVER else ends)


def _names(code: str, history: str) -> Iterator[Named]:
    """From the newest back, as long as each began when the one before ended."""
    next_year: int | None = _NEVER + 1
    for ends, since, name in sorted(((_end(u), s, n) for s, u, n in _HISTORY.findall(history)), reverse=True):
        is_followed = next_year is not None and ends + 1 >= next_year
        yield Named(code, name, None if ends == _NEVER else ends, is_followed)
        next_year = int(since or 0) if is_followed else None


def _end(until: str) -> int:
    return int(until) if until else _NEVER
