"""A revision replaces views by views of the same records, or is refused."""

from collections.abc import Callable

import pytest

from node.core.log.record import mask
from node.core.log.trusted_log import MAX_REVISION_SPAN, verify_revision
from node.errors import Reason, TrustError
from node.stubs.exchange.v1.exchange_pb2 import ReviseResponse
from node.stubs.record.v1.record_pb2 import Facet
from tests.kit.simulator.memory_log import CITY, Log


@pytest.fixture(scope="module")
def log() -> Log:
    return Log(700)


def _revision(log: Log, begin: int, end: int, *changed: int) -> ReviseResponse:
    response = ReviseResponse(from_index=begin, to_index=end, grant="new")
    for index in changed:
        response.views.add(index=index, view=log.views[index])
    return response


def test_a_revision_replaces_views_that_hash_to_their_leaves(log: Log) -> None:
    response = _revision(log, 10, 300, 12, 50)
    mask(response.views[1].view, {1})
    revision = verify_revision(response.SerializeToString(), CITY, 10, 700, log.leaves[10:])
    assert (revision.begin, revision.end, revision.grant) == (10, 300, "new")
    assert [record.leaf_index for record in revision.records] == [12, 50]
    assert [record.leaf_hash for record in revision.records] == [log.leaves[12], log.leaves[50]]


REVISION_LIES: dict[str, tuple[Callable[[Log], ReviseResponse], Reason]] = {
    "begins elsewhere": (lambda log: _revision(log, 11, 100), Reason.BATCH_GAP),
    "goes nowhere": (lambda log: _revision(log, 10, 10), Reason.BATCH_GAP),
    "goes back": (lambda log: _revision(log, 10, 5), Reason.BATCH_GAP),
    "goes too far": (lambda log: _revision(log, 10, 701), Reason.BATCH_GAP),
    "passes over too much": (lambda log: _revision(log, 10, 11 + MAX_REVISION_SPAN), Reason.BATCH_GAP),
    "out of order": (lambda log: _revision(log, 10, 100, 50, 12), Reason.BAD_REVISION),
    "twice the same": (lambda log: _revision(log, 10, 100, 12, 12), Reason.BAD_REVISION),
    "before its begin": (lambda log: _revision(log, 10, 100, 9), Reason.BAD_REVISION),
    "beyond its end": (lambda log: _revision(log, 10, 100, 100), Reason.BAD_REVISION),
}


@pytest.mark.parametrize(("lie", "due"), REVISION_LIES.values(), ids=REVISION_LIES.keys())
def test_each_lie_of_a_revision_meets_its_reason(log: Log, lie: Callable[[Log], ReviseResponse], due: Reason) -> None:
    with pytest.raises(TrustError) as caught:
        verify_revision(lie(log).SerializeToString(), CITY, 10, 700, log.leaves[10:])
    assert caught.value.reason is due


@pytest.mark.parametrize("facet", [Facet(salt=bytes(16), body=b"false"), Facet(body=b"x"), Facet(commitment=bytes(32))])
def test_a_revised_view_that_is_not_the_record(log: Log, facet: Facet) -> None:
    response = _revision(log, 10, 100, 12)
    response.views[0].view.facets[0].CopyFrom(facet)
    with pytest.raises(TrustError) as caught:
        verify_revision(response.SerializeToString(), CITY, 10, 700, log.leaves[10:])
    assert caught.value.reason is Reason.BAD_REVISION


@pytest.mark.parametrize(
    ("header", "due"),
    [
        ({"city": "hefei"}, Reason.WRONG_CITY),
        ({"id": "wuhan-2"}, Reason.WRONG_RECORD_ID),
        ({"supersedes": "wuhan-9"}, Reason.WRONG_RECORD_ID),
    ],
)
def test_a_withheld_record_that_comes_to_light_must_say_its_place(header: dict[str, str], due: Reason) -> None:
    """Of a record withheld whole nobody read the header when its leaf was proven."""
    log = Log(3)
    log.grow(1, header=header)
    with pytest.raises(TrustError) as caught:
        verify_revision(_revision(log, 0, 4, 3).SerializeToString(), CITY, 0, 4, log.leaves)
    assert caught.value.reason is due
