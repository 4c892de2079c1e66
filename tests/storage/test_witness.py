"""Cosigned checkpoints as a reader finds them while the writer works."""

from pathlib import Path
from typing import Any

from node.storage.sqlite.witness import Checkpoints
from tests.kit.simulator.towns import Country


class _WriterBetween:
    """The connection of a reader between whose first and second question the writer commits."""

    def __init__(self, country: Country) -> None:
        self._country = country
        self._asked = 0

    def execute(self, sql: str, *values: Any) -> Any:
        self._asked += 1
        if self._asked == 2:
            self._country["wuhan"].grow(100, 5)
            self._country["hefei"].pull("wuhan")
        return self._country["hefei"].store.connection.execute(sql, *values)


def test_a_checkpoint_that_comes_between_two_questions_is_left_for_later(tmp_path: Path) -> None:
    country = Country(tmp_path, ("changsha", "wuhan", "hefei"))
    country["wuhan"].grow(0, 10)
    country.round()
    connection: Any = _WriterBetween(country)
    between = Checkpoints(lambda: connection)
    assert [each.size for each in between.cosigned("wuhan")] == [10]
    assert country["hefei"].store.checkpoints.cosigned("wuhan")[0].size == 15
    country.close()
