"""Columns of amounts, read in the unit that the table states around them: title, notes, columns beside them."""

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce

from adapters.capital import Unit
from adapters.columns import Bound
from adapters.targets import FieldValue, Reader
from adapters.units import CURRENCY_TITLES, agreed, unit_of_cell
from node.tables.cells import clean, column_name

_CACHED = 1024


class Amounts:
    """Reads one column of amounts. What is said around an amount that contradicts itself refuses the row."""

    def __init__(self, bound: Bound, columns: Sequence[str], in_unit: Callable[[Unit], Reader]) -> None:
        self._units = bound.units
        self._signs = [(place, column_name(columns[place]) in CURRENCY_TITLES) for place in bound.signs]
        self._read_in = lru_cache(_CACHED)(in_unit)
        self._unit_of = lru_cache(_CACHED)(self._unit)

    def read(self, cell: str, cells: Sequence[str]) -> FieldValue:
        """The sum in a cell of a row.

        Raises:
            UnfitError: see `parse_capital`; `capital_unit_conflict`.
        """
        if clean(cell) is None:
            return None
        return self._read_in(self._unit_of(*(cells[place] for place, _ in self._signs)))(cell)

    def _unit(self, *signs: str) -> Unit:
        units = [
            unit_of_cell(words, is_currency=is_currency)
            for words, (_, is_currency) in zip(map(clean, signs), self._signs, strict=True)
            if words is not None
        ]
        return reduce(agreed, [*self._units, *units], Unit())
