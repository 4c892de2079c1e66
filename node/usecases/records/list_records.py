"""Lists a city's log, record by record."""

from node.core.log.record import record_id
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader
from node.stubs.query.v1.query_pb2 import ListRecordsResponse
from node.stubs.record.v1.record_pb2 import Run
from node.usecases.records.usage import check_obtained_for

MAX_RECORDS = 500
# A page ends early rather than pass what a message may hold.
_BUDGET_BYTES = 4 * 1024 * 1024


def list_records(reader: Reader, city: str, from_index: int, limit: int, purpose: str) -> ListRecordsResponse:
    """A page of a city's log. What is withheld, destroyed or retracted stands there as its leaf hash alone.

    Args:
        reader: Of the store.
        city: Slug.
        from_index: First leaf index.
        limit: Records wanted, at most 500; 0 is 500.
        purpose: Must be the one a replica was obtained for.

    Raises:
        NodeError: NOT_FOUND (nothing is known of the city), POLICY_DENIED or INVALID_ARGUMENT.
    """
    origin = reader.origin(city)
    check_obtained_for(origin, purpose)
    if from_index > origin.size:
        raise NodeError(Reason.INVALID_ARGUMENT, _("{city} has only {size} records", city=city, size=origin.size))
    end = min(from_index + min(limit or MAX_RECORDS, MAX_RECORDS), origin.size)
    hidden = reader.retracted(from_index, end) if origin.number == OWN else set()
    page, budget = ListRecordsResponse(), _BUDGET_BYTES
    for record in reader.records(origin.number, from_index, end):
        view = Run(leaf_hashes=record.leaf_hash) if record.index in hidden else record.run()
        budget -= view.ByteSize()
        if budget < 0 and page.records:
            end = record.index
            break
        page.records.add(id=record_id(city, record.index), city=city, view=view)
    page.next_index = end if end < origin.size else 0
    return page
