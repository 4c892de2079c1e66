"""The rows of a roster, sent in batches as one stream, and the answers to them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Generic, TypeVar

BATCH = 500
_Row = TypeVar("_Row")
_Request = TypeVar("_Request")
_Response = TypeVar("_Response")


class Batches(Generic[_Row, _Request]):
    """Rows to send. gRPC reads them on a thread of its own, so the first are read, and their file opened, before."""

    def __init__(self, rows: Iterator[_Row], request: Callable[[int, list[_Row]], _Request]) -> None:
        self._rows = rows
        self._first = list(islice(rows, BATCH))
        self._request = request
        self._sent: deque[list[_Row]] = deque()
        self._error: Exception | None = None

    def answered(
        self, call: Callable[[Iterator[_Request]], Iterable[_Response]]
    ) -> Iterator[tuple[list[_Row], _Response]]:
        """Each batch with its answer.

        Raises:
            Exception: What reading the rows, or the call, raises.
        """
        for response in call(self._requests()):
            yield self._sent.popleft(), response
        if self._error is not None:
            raise self._error

    def _requests(self) -> Iterator[_Request]:
        batch, seq = self._first, 0
        while batch:
            self._sent.append(batch)
            yield self._request(seq, batch)
            try:
                batch, seq = list(islice(self._rows, BATCH)), seq + 1
            except Exception as error:  # noqa: BLE001 - raised where the answers are read
                self._error = error
                return
