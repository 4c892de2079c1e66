"""How much a file may turn out to hold: in proportion to its size, so that no small file fills a machine."""

from node.messages import _
from node.tables.unfit import NoTableError, too_much

FREE = 16 << 20
TIMES = 150
"""No table packs better, and none says its texts more often."""


class Allowance:
    """Bytes or characters that are yet to be had of a file."""

    def __init__(self, packed_bytes: int) -> None:
        self._left = FREE + TIMES * packed_bytes

    def spend(self, amount: int) -> None:
        """Takes some of it.

        Raises:
            NoTableError: There is not so much left.
        """
        self._left -= amount
        if self._left < 0:
            raise NoTableError(too_much(_("the file unpacks to hundreds of times its size")))
