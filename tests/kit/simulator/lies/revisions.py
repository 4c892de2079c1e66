"""Lies in a revision, each with the reason it has to be caught with."""

from collections.abc import Callable, Iterable
from itertools import repeat

from node.errors import Reason
from node.stubs.exchange.v1.exchange_pb2 import ReviseResponse
from node.stubs.record.v1.record_pb2 import View
from tests.kit.simulator.telling import with_header

Story = ReviseResponse
Tell = Callable[[Story], Iterable[Story | bytes]]


def _altered(story: Story, alter: Callable[[View], object]) -> list[Story]:
    alter(story.views[17].view)
    return [story]


def _set(**fields: int) -> Tell:
    def tell(story: Story) -> list[Story]:
        for name, value in fields.items():
            setattr(story, name, value)
        return [story]

    return tell


def _set_index(index: int) -> Tell:
    def tell(story: Story) -> list[Story]:
        story.views[17].index = index
        return [story]

    return tell


def _cut(story: Story, count: int) -> Story:
    """The first `count` records of the revision, truly told."""
    del story.views[count:]
    story.to_index = story.from_index + count
    return story


def _padded(story: Story) -> list[bytes]:
    return [story.SerializeToString() + b"\x9a\x06" + b"\x80\x80\x40" + bytes(1 << 20)]


LIES: dict[str, tuple[Reason, Tell]] = {
    "altered facet": (Reason.BAD_REVISION, lambda s: _altered(s, lambda v: setattr(v.facets[0], "body", b"x"))),
    "wrong salt": (Reason.BAD_REVISION, lambda s: _altered(s, lambda v: setattr(v.facets[0], "salt", bytes(16)))),
    "short salt": (Reason.BAD_REVISION, lambda s: _altered(s, lambda v: setattr(v.facets[0], "salt", bytes(15)))),
    "wrong mask": (Reason.BAD_REVISION, lambda s: _altered(s, lambda v: setattr(v.facets[3], "commitment", bytes(32)))),
    "altered header": (Reason.BAD_REVISION, lambda s: _altered(s, lambda v: v.CopyFrom(with_header(v, as_of_ms=1)))),
    "another record's view": (
        Reason.BAD_REVISION,
        lambda s: _altered(s, lambda v: v.CopyFrom(View.FromString(s.views[18].view.SerializeToString()))),
    ),
    "withheld under another hash": (
        Reason.BAD_REVISION,
        lambda s: _altered(s, lambda v: v.CopyFrom(View(leaf_hash=bytes(32)))),
    ),
    "empty view": (Reason.BAD_REVISION, lambda s: _altered(s, lambda v: v.Clear())),
    "index before the revision": (Reason.BAD_REVISION, _set_index(0)),
    "index twice": (Reason.BAD_REVISION, _set_index(16)),
    "index beyond the revision": (Reason.BAD_REVISION, _set_index(10_000)),
    "index beyond every log": (Reason.BAD_REVISION, _set_index(2**64 - 1)),
    "begins too late": (Reason.BATCH_GAP, _set(from_index=1)),
    "goes nowhere": (Reason.BATCH_GAP, _set(to_index=0)),
    "beyond what was asked": (Reason.BATCH_GAP, _set(to_index=701)),
    "beyond every log": (Reason.BATCH_GAP, _set(to_index=2**64 - 1)),
    "drip": (Reason.UNDERSIZE_BATCH, lambda s: [_cut(s, 1)]),
    "drip of nothing": (Reason.UNDERSIZE_BATCH, lambda s: repeat(ReviseResponse(to_index=1, grant=s.grant))),
    "too large": (Reason.OVERSIZE_BATCH, _padded),
    "noise": (Reason.MALFORMED_BATCH, lambda s: [b"\x0f" * 100]),
    "truncated": (Reason.MALFORMED_BATCH, lambda s: [s.SerializeToString()[:-1]]),
    "nothing": (Reason.BATCH_GAP, lambda s: [b""]),
}
