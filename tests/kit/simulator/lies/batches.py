"""Which batches there are: again, too late, too large, in drips, without end."""

from collections.abc import Iterator
from itertools import chain, repeat
from random import Random

from node.core.log.trusted_log import MAX_BATCH_BYTES
from node.errors import Reason
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from tests.kit.simulator.lies.register import Story, lie, tell_all
from tests.kit.simulator.origin import Origin
from tests.kit.simulator.telling import Tree, leaf_of, views_of


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


@lie(Reason.WRONG_RECORD_ID, honest=1)
def earlier_batch_renumbered(_: Origin, story: Story) -> Story:
    again = PullResponse.FromString(story[0].SerializeToString())
    again.from_index = 500
    return [story[0], again]


@lie(Reason.OVERSIZE_BATCH)
def too_many_views(origin: Origin, story: Story) -> Story:
    leaves = [leaf_of(view) for view in views_of(story)]
    story[0].views.append(story[1].views[0])
    del story[0].consistency[:]
    story[0].consistency.extend(Tree(leaves).proof(501))
    return story


@lie(Reason.OVERSIZE_BATCH)
def too_many_bytes(_: Origin, story: Story) -> Story:
    story[0].leaf_hashes = bytes(MAX_BATCH_BYTES)
    return story


@lie(Reason.UNDERSIZE_BATCH, "fresh", "midway", "caught up")
def drip_of_one(_: Origin, story: Story) -> Story:
    """One record a batch, each true and proven."""
    views, begin = views_of(story), story[0].from_index
    del story[0].views[:]
    story[0].views.append(views[0])
    story[0].leaf_hashes = leaf_of(views[0])
    story[0].consistency[:] = Tree([leaf_of(view) for view in views_of(tell_all(_))]).proof(begin + 1)
    return story


@lie(Reason.UNDERSIZE_BATCH)
def padded_drip(_: Origin, story: Story) -> Story:
    """One record in a batch made large by what is no record."""
    drip_of_one(_, story)
    story[0].leaf_hashes = bytes(300_000)
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
    after = PullResponse(from_index=1200, checkpoint=story[0].checkpoint, grant=story[0].grant)
    return chain(story, repeat(after))


@lie(Reason.ENDLESS_STREAM, honest=3)
def the_log_over_and_over(_: Origin, story: Story) -> Iterator[PullResponse]:
    return chain(story, chain.from_iterable(repeat(story)))


@lie(Reason.ENDLESS_STREAM, honest=2)
def more_views_than_the_checkpoint_has(_: Origin, story: Story) -> Story:
    story[2].views.append(story[2].views[-1])
    return story


@lie(Reason.MALFORMED_BATCH, "fresh", "midway", "caught up")
def random_bytes(_: Origin, __: Story) -> list[bytes]:
    return [b"\x0f" + Random(1).randbytes(1000)]


@lie(Reason.MALFORMED_BATCH)
def truncated_batch(_: Origin, story: Story) -> list[bytes]:
    return [story[0].SerializeToString()[:-1]]


@lie(Reason.BAD_CHECKPOINT)
def no_bytes_at_all(_: Origin, __: Story) -> list[bytes]:
    """An empty message is a batch of nothing, without a checkpoint."""
    return [b""]


@lie(Reason.GRANT_CHANGED, honest=1)
def grant_flips_in_the_stream(_: Origin, story: Story) -> Story:
    story[1].grant = "f" * 64
    return story


def _emptied(story: Story) -> PullResponse:
    empty = story[0]
    del empty.views[:]
    empty.leaf_hashes = b""
    return empty
