"""Which batches there are: again, too late, too large, in drips, without end."""

from collections.abc import Iterator
from itertools import chain, repeat
from random import Random

from node.core.log.record import FORMAT
from node.core.log.trusted_log import MAX_BATCH_BYTES, MAX_BATCH_RECORDS
from node.errors import Reason
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from tests.kit.simulator.lies.register import Story, lie, tell_all
from tests.kit.simulator.memory_log import on_wire, withheld
from tests.kit.simulator.origin import Origin
from tests.kit.simulator.telling import Tree, at, fill, records_of, tell


@lie(Reason.BATCH_REPLAYED, honest=1)
def batch_sent_twice(_: Origin, story: Story) -> Story:
    return [story[0], story[0], *story[1:]]


@lie(Reason.BATCH_REPLAYED, "midway", "caught up")
def earlier_batch_again(origin: Origin, _: Story) -> Story:
    return tell_all(origin)


@lie(Reason.BATCH_GAP, honest=1)
def batch_left_out(_: Origin, story: Story) -> Story:
    return [story[0], story[2]]


@lie(Reason.BATCH_GAP)
def batches_swapped(_: Origin, story: Story) -> Story:
    """The later batch first, with what only a first batch carries."""
    return [story[1], story[0], story[2]]


@lie(Reason.BATCH_GAP, "fresh", "midway", "caught up")
def begins_too_late(_: Origin, story: Story) -> Story:
    story[0].from_index += 1
    return story


@lie(Reason.BATCH_GAP)
def begins_beyond_every_log(_: Origin, story: Story) -> Story:
    story[0].from_index = 2**64 - 1
    return story


@lie(Reason.BAD_CONSISTENCY, honest=1)
def earlier_batch_renumbered(_: Origin, story: Story) -> Story:
    again = PullResponse.FromString(story[0].SerializeToString())
    again.from_index = 500
    return [story[0], again]


@lie(Reason.OVERSIZE_BATCH)
def too_many_records(origin: Origin, story: Story) -> Story:
    """In a log that has so many, all withheld: what is too much is their number."""
    records = [withheld(record) for record in records_of(story)] * 2
    return tell(origin, records, size=MAX_BATCH_RECORDS + 1)


@lie(Reason.OVERSIZE_BATCH)
def too_many_bytes(_: Origin, story: Story) -> Story:
    story[0].leaf_hashes = bytes(MAX_BATCH_BYTES)
    return story


@lie(Reason.UNDERSIZE_BATCH, "fresh", "midway", "caught up")
def drip_of_one(origin: Origin, story: Story) -> Story:
    """One record a batch, each true and proven."""
    records, begin = records_of(story), story[0].from_index
    fill(story[0], records[:1])
    story[0].leaf_hashes = records[0].leaf_hash
    leaves = [record.leaf_hash for record in records_of(tell_all(origin))]
    story[0].consistency[:] = Tree(leaves).proof(begin + 1)
    return story


@lie(Reason.UNDERSIZE_BATCH)
def padded_drip(origin: Origin, story: Story) -> Story:
    """One record in a batch made large by what is no record."""
    drip_of_one(origin, story)
    story[0].leaf_hashes = bytes(300_000)
    return story


@lie(Reason.BAD_COMMITMENT)
def drip_padded_within_a_run(origin: Origin, story: Story) -> Story:
    """One record in a run made large by a field that nobody knows."""
    drip_of_one(origin, story)
    story[0].runs[0] += b"\xfa\x7f\xe0\xa7\x12" + bytes(300_000)
    return story


@lie(Reason.UNDERSIZE_BATCH, "fresh", "midway", "caught up")
def runs_of_one(_: Origin, story: Story) -> Story:
    """Every record true and proven, each in a run of its own: as dear as a drip of batches."""
    story[0].runs[:] = [run for record in records_of(story[:1]) for run in on_wire([record])]
    return story


@lie(Reason.UNDERSIZE_BATCH)
def withheld_runs_of_one(_: Origin, story: Story) -> Story:
    story[0].runs[:] = [run for record in records_of(story[:1]) for run in on_wire([withheld(record)])]
    return story


@lie(Reason.UNDERSIZE_BATCH)
def a_run_cut_in_two(_: Origin, story: Story) -> Story:
    records = records_of(story[:1])
    parts = records[:320], records[320:336], records[336:352], records[352:]
    story[0].runs[:] = [run for part in parts for run in on_wire(part)]
    return story


@lie(Reason.UNDERSIZE_BATCH, "fresh", "midway", "caught up")
def empty_batch(_: Origin, story: Story) -> Iterator[PullResponse]:
    return repeat(_emptied(story))


@lie(Reason.UNDERSIZE_BATCH, "fresh", "midway", "caught up")
def padded_empty_batches_without_end(_: Origin, story: Story) -> Iterator[PullResponse]:
    empty = _emptied(story)
    empty.leaf_hashes = bytes(300_000)
    return repeat(empty)


@lie(Reason.ENDLESS_STREAM, honest=3)
def empty_batches_after_the_end(_: Origin, story: Story) -> Iterator[PullResponse]:
    after = PullResponse(from_index=1200, checkpoint=story[0].checkpoint, grant=story[0].grant, format=FORMAT)
    return chain(story, repeat(after))


@lie(Reason.ENDLESS_STREAM, honest=3)
def the_log_over_and_over(_: Origin, story: Story) -> Iterator[PullResponse]:
    return chain(story, chain.from_iterable(repeat(story)))


@lie(Reason.ENDLESS_STREAM, honest=2)
def more_records_than_the_checkpoint_has(_: Origin, story: Story) -> Story:
    records = records_of(story[2:])
    fill(story[2], [*records, at(records[-1], 1200)])
    return story


@lie(Reason.MALFORMED_BATCH, "fresh", "midway", "caught up")
def random_bytes(_: Origin, __: Story) -> list[bytes]:
    return [b"\x0f" + Random(1).randbytes(1000)]


@lie(Reason.MALFORMED_BATCH)
def truncated_batch(_: Origin, story: Story) -> list[bytes]:
    return [story[0].SerializeToString()[:-1]]


@lie(Reason.BAD_CHECKPOINT)
def nothing_but_the_format(_: Origin, __: Story) -> Story:
    """A batch of nothing, without a checkpoint."""
    return [PullResponse(format=FORMAT)]


@lie(Reason.GRANT_CHANGED, honest=1)
def grant_flips_in_the_stream(_: Origin, story: Story) -> Story:
    story[1].grant = "f" * 64
    return story


def _emptied(story: Story) -> PullResponse:
    empty = story[0]
    del empty.runs[:]
    empty.leaf_hashes = b""
    return empty
