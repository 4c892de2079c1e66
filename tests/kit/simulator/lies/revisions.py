"""Lies in a revision, each with the reason it has to be caught with."""

from collections.abc import Callable, Iterable
from itertools import repeat

from node.core.log.merkle import HASH_BYTES
from node.core.log.run import part
from node.errors import Reason
from node.stubs.exchange.v1.exchange_pb2 import IndexedRun, ReviseResponse
from node.stubs.record.v1.record_pb2 import Common, Run

Story = ReviseResponse
Tell = Callable[[Story], Iterable[Story | bytes]]
# The run that is lied about; another stands before it, and one after it.
_RUN = 1
_PLACE = 5


def _altered(story: Story, alter: Callable[[Run], object]) -> list[Story]:
    run = Run.FromString(story.runs[_RUN].run)
    alter(run)
    story.runs[_RUN].run = run.SerializeToString()
    return [story]


def _opening(change: Callable[[bytes], bytes]) -> Tell:
    def alter(run: Run) -> None:
        openings = run.columns[0].openings
        openings[_PLACE] = change(openings[_PLACE])

    return lambda story: _altered(story, alter)


def _altered_common(run: Run) -> None:
    common = Common.FromString(run.common)
    common.as_of_ms += 1
    run.common = common.SerializeToString(deterministic=True)


def _another_record(run: Run) -> None:
    """The record at one place once more at the next."""
    run.own[_PLACE + 1] = run.own[_PLACE]
    for column in run.columns:
        each = column.openings or column.commitments
        each[_PLACE + 1] = each[_PLACE]


def _wrong_mask(run: Run) -> None:
    column = next(column for column in run.columns if column.commitments)
    column.commitments[_PLACE] = bytes(HASH_BYTES)


def _withheld(run: Run) -> None:
    hashes = bytes(HASH_BYTES) * len(run.own)
    run.Clear()
    run.leaf_hashes = hashes


def _open_and_masked(run: Run) -> None:
    run.columns[0].commitments.extend([bytes(HASH_BYTES)] * len(run.own))


def _set(**fields: int) -> Tell:
    def tell(story: Story) -> list[Story]:
        for name, value in fields.items():
            setattr(story, name, value)
        return [story]

    return tell


def _set_first(first: Callable[[Story], int]) -> Tell:
    def tell(story: Story) -> list[Story]:
        story.runs[_RUN].first = first(story)
        return [story]

    return tell


def _swapped(story: Story) -> list[Story]:
    runs = list(story.runs)
    del story.runs[:]
    story.runs.extend([runs[1], runs[0], *runs[2:]])
    return [story]


def _overlapping(story: Story) -> list[Story]:
    """The last record of a run once more, at its own place, as the first of the next."""
    before, run = (Run.FromString(item.run) for item in story.runs[_RUN - 1 : _RUN + 1])
    last = part(before, len(before.own) - 1, len(before.own))
    last.own.extend(run.own[:-1])
    for column, more in zip(last.columns, run.columns, strict=True):
        column.openings.extend(more.openings[:-1])
        column.commitments.extend(more.commitments[:-1])
    story.runs[_RUN].CopyFrom(IndexedRun(first=story.runs[_RUN].first - 1, run=last.SerializeToString()))
    return [story]


def _in_runs_of_one(story: Story) -> list[Story]:
    """Each record true, in a run of its own."""
    run, first = Run.FromString(story.runs[_RUN].run), story.runs[_RUN].first
    each = [
        IndexedRun(first=first + place, run=part(run, place, place + 1).SerializeToString())
        for place in range(len(run.own))
    ]
    others = list(story.runs)
    del story.runs[:]
    story.runs.extend([*others[:_RUN], *each, *others[_RUN + 1 :]])
    return [story]


def _one_record(story: Story) -> list[Story]:
    """The first record of the revision, truly told."""
    run = part(Run.FromString(story.runs[0].run), 0, 1)
    story.runs[0].run = run.SerializeToString()
    del story.runs[1:]
    story.to_index = story.from_index + 1
    return [story]


def _padded(story: Story) -> list[bytes]:
    return [story.SerializeToString() + b"\x9a\x06" + b"\x80\x80\x40" + bytes(1 << 20)]


LIES: dict[str, tuple[Reason, Tell]] = {
    "altered facet": (Reason.BAD_REVISION, _opening(lambda opening: opening[:16] + b"x")),
    "wrong salt": (Reason.BAD_REVISION, _opening(lambda opening: bytes(16) + opening[16:])),
    "short salt": (Reason.BAD_REVISION, _opening(lambda opening: opening[:15])),
    "wrong mask": (Reason.BAD_REVISION, lambda s: _altered(s, _wrong_mask)),
    "open and masked": (Reason.BAD_REVISION, lambda s: _altered(s, _open_and_masked)),
    "column too short": (Reason.BAD_REVISION, lambda s: _altered(s, lambda run: run.columns[0].openings.pop())),
    "altered common": (Reason.BAD_REVISION, lambda s: _altered(s, _altered_common)),
    "another record in its place": (Reason.BAD_REVISION, lambda s: _altered(s, _another_record)),
    "withheld under another hash": (Reason.BAD_REVISION, lambda s: _altered(s, _withheld)),
    "empty run": (Reason.BAD_REVISION, lambda s: _altered(s, lambda run: run.Clear())),
    "run before the revision": (Reason.BAD_REVISION, _set_first(lambda _: 0)),
    "run at the place of another": (Reason.BAD_REVISION, _set_first(lambda s: s.runs[_RUN - 1].first)),
    "runs that overlap": (Reason.BAD_REVISION, _overlapping),
    "runs that leave a gap": (Reason.BAD_REVISION, _set_first(lambda s: s.runs[_RUN].first + 1)),
    "runs out of order": (Reason.BAD_REVISION, _swapped),
    "run beyond the revision": (Reason.BAD_REVISION, _set_first(lambda _: 10_000)),
    "run beyond every log": (Reason.BAD_REVISION, _set_first(lambda _: 2**64 - 1)),
    "runs of one in a revision": (Reason.UNDERSIZE_BATCH, _in_runs_of_one),
    "begins too late": (Reason.BATCH_GAP, _set(from_index=1)),
    "goes nowhere": (Reason.BATCH_GAP, _set(to_index=0)),
    "beyond what was asked": (Reason.BATCH_GAP, _set(to_index=701)),
    "beyond every log": (Reason.BATCH_GAP, _set(to_index=2**64 - 1)),
    "drip": (Reason.UNDERSIZE_BATCH, _one_record),
    "drip of nothing": (Reason.UNDERSIZE_BATCH, lambda s: repeat(ReviseResponse(to_index=1, grant=s.grant))),
    "too large": (Reason.OVERSIZE_BATCH, _padded),
    "noise": (Reason.MALFORMED_BATCH, lambda s: [b"\x0f" * 100]),
    "truncated": (Reason.MALFORMED_BATCH, lambda s: [s.SerializeToString()[:-1]]),
    "nothing": (Reason.BATCH_GAP, lambda s: [b""]),
}
