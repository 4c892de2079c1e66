"""The subject index in its two tables: what is new, and what was merged."""

from pathlib import Path

import pytest

from node.storage.sqlite import rows
from tests.kit.stores.city import City, operator


def _counts(city: City) -> tuple[int, int]:
    select = "SELECT (SELECT count(*) FROM subject_fresh), (SELECT count(*) FROM subject_settled)"
    fresh, settled = city.store.connection.execute(select).fetchone()
    return fresh, settled


def _register(city: City, begin: int, end: int, name: str = "名") -> None:
    city.append([city.entry(operator("", legacy_number=f"{n:06}", name=name)) for n in range(begin, end)])


def _current(city: City, number: int) -> list[int]:
    return [record.index for _, record in city.store.by_subject(f"reg:{number:06}")]


def test_what_is_new_is_merged_once_there_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_MOST_FRESH", 100)
    city = City(tmp_path, "changsha")
    _register(city, 0, 60)
    assert _counts(city) == (60, 0)
    _register(city, 60, 110)
    assert _counts(city) == (0, 110)
    _register(city, 110, 150)
    assert _counts(city) == (40, 110)
    assert [_current(city, number) for number in range(150)] == [[number] for number in range(150)]
    # Of both tables a replaced record leaves the index.
    _register(city, 50, 52, "新")
    _register(city, 120, 122, "新")
    assert _counts(city) == (42, 108)
    assert [_current(city, number) for number in (50, 51, 52, 120, 121, 122)] == [
        [150],
        [151],
        [52],
        [152],
        [153],
        [122],
    ]
    city.reopen()
    assert _counts(city) == (42, 108)
    assert _current(city, 51) == [151]
    city.close()
