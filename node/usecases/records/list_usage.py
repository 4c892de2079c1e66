"""Who asked what of this node, why and when: what an auditor reads (Decree 809 Art 29)."""

from pathlib import Path

from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.usage_read import Wanted, read_usage
from node.stubs.query.v1 import query_pb2 as query

MAX_PAGE = 1000
_COLUMNS = [field.name for field in query.Usage.DESCRIPTOR.fields]
_MAX_NUMBER = 2**63 - 1


class ListUsage:
    """Reads the usage records of both processes of the node."""

    def __init__(self, questions: Path, evidence: Path) -> None:
        """Args: the files that the answering and the writing process keep."""
        self._questions = questions
        self._evidence = evidence

    def page(self, request: query.ListUsageRequest) -> query.ListUsageResponse:
        """A page, the earliest first.

        Raises:
            NodeError: INVALID_ARGUMENT, numbers or names of unreasonable size.
        """
        wanted = Wanted(request.who, request.purpose, request.since_ms, request.until_ms)
        if request.after > _MAX_NUMBER or max(len(wanted.who), len(wanted.purpose)) > MAX_PAGE:
            raise NodeError(Reason.INVALID_ARGUMENT, _("who, purpose or after is too long"))
        limit = min(request.limit or MAX_PAGE, MAX_PAGE)
        rows = read_usage(self._evidence if request.evidence else self._questions, wanted, request.after, limit + 1)
        records = [query.Usage(**dict(zip(_COLUMNS, map(_text, row), strict=True))) for row in rows[:limit]]  # type: ignore[arg-type]
        return query.ListUsageResponse(records=records, more=len(rows) > limit)


def _text(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value
