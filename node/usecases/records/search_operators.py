"""Finds operators by a part of their name."""

from collections.abc import Iterator

from node.core.answer import fold
from node.core.log.body import read_body
from node.core.log.record import Record as LogRecord
from node.core.log.record import record_id
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.log import OWN
from node.storage.sqlite.name_search import NameSearch
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.store import Origin
from node.stubs.query.v1.query_pb2 import Record, SearchResponse
from node.usecases.records.usage import is_obtained_for

MAX_RECORDS = 200
DEFAULT_RECORDS = 20
MAX_TEXT = 200


class SearchOperators:
    """Searches the index, then asks the log itself: the index may be half a second behind."""

    def __init__(self, reader: Reader, names: NameSearch) -> None:
        self._reader = reader
        self._names = names

    def search(self, text: str, limit: int, purpose: str) -> SearchResponse:
        """The current records of operators whose name contains `text`, width, case and blanks aside.

        Args:
            text: At least one letter or digit; Chinese works.
            limit: Records wanted, at most 200; 0 is 20.
            purpose: Replicas obtained for another one are left out.

        Raises:
            NodeError: INVALID_ARGUMENT.
        """
        folded = fold(text[: MAX_TEXT + 1])
        if len(text) > MAX_TEXT or not any(map(str.isalnum, folded)):
            raise NodeError(
                Reason.INVALID_ARGUMENT,
                _("give 1 to {limit} characters of a name, with at least one letter", limit=MAX_TEXT),
            )
        wanted = min(limit or DEFAULT_RECORDS, MAX_RECORDS)
        response = SearchResponse()
        for record in self._find(folded, purpose):
            if len(response.records) == wanted:
                response.more = True
                break
            response.records.append(record)
        return response

    def _find(self, folded: str, purpose: str) -> Iterator[Record]:
        origins = {origin.number: origin for origin in self._reader.origins()}
        for number, index in self._names.places(folded):
            origin = origins.get(number)
            if origin is not None and is_obtained_for(origin, purpose):
                record = self._current(origin, index)
                if record is not None and folded in fold(_name(record)):
                    yield Record(id=record_id(origin.city, index), city=origin.city, view=record.run())

    def _current(self, origin: Origin, index: int) -> LogRecord | None:
        record = self._reader.record(origin.number, index)
        is_gone = record is None or not record.is_open
        return None if is_gone or (origin.number == OWN and self._reader.is_retracted(OWN, index)) else record


def _name(record: LogRecord) -> str:
    """The name in a registration; empty where it has none that may be seen, or cannot be read."""
    try:
        return str(getattr(read_body(record), "name", ""))
    except NodeError:
        return ""
