"""What was signed before: logs rolled back, forked, or not proven to go on from what is known."""

from node.core.log.merkle import EMPTY_ROOT
from node.core.log.record import FORMAT
from node.errors import Reason
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from tests.kit.simulator.lies.register import RANDOM, Story, lie, tell_all, under
from tests.kit.simulator.origin import Origin
from tests.kit.simulator.telling import note, records_of, tell, with_common, with_own


@lie(Reason.TREE_ROLLED_BACK, "midway", "caught up")
def rolled_back(origin: Origin, story: Story) -> Story:
    """The log as it truly once was, signed then: older than what is known."""
    records = records_of(tell_all(origin))[:600]
    begin = min(story[0].from_index, 600)
    batch = tell(origin, records, begin)[0]
    batch.from_index = story[0].from_index
    return [batch]


@lie(Reason.TREE_ROLLED_BACK, "midway", "caught up")
def emptied_log(origin: Origin, story: Story) -> Story:
    empty = note("wuhan", 0, EMPTY_ROOT, origin.signer)
    return [PullResponse(from_index=story[0].from_index, checkpoint=empty, grant=story[0].grant, format=FORMAT)]


def _forked(origin: Origin, begin: int, known: int, at: int, size: int = 1200) -> Story:
    records = records_of(tell_all(origin))[:size]
    records[at:] = [with_common(record, as_of_ms=5) for record in records[at:]]
    return tell(origin, records, begin, known)


@lie(Reason.TREE_FORKED, "midway", "caught up")
def forked_below_the_cursor(origin: Origin, story: Story) -> Story:
    begin = story[0].from_index
    return _forked(origin, begin, 700 if begin == 700 else 1200, at=100)


@lie(Reason.TREE_FORKED, "midway")
def forked_between_cursor_and_known(origin: Origin, _: Story) -> Story:
    """While catching up: the records still to come are others than those already vouched for."""
    return _forked(origin, 500, 1200, at=900)


@lie(Reason.TREE_FORKED, "midway")
def same_size_another_root(origin: Origin, story: Story) -> Story:
    return under(story, note("wuhan", 1200, RANDOM, origin.signer))


@lie(Reason.TREE_FORKED, "caught up")
def extension_not_proven(_: Origin, story: Story) -> Story:
    del story[0].known_consistency[:]
    return story


@lie(Reason.TREE_FORKED, "caught up")
def extension_proof_is_noise(_: Origin, story: Story) -> Story:
    count = len(story[0].known_consistency)
    del story[0].known_consistency[:]
    story[0].known_consistency.extend([RANDOM] * count)
    return story


@lie(Reason.BAD_CONSISTENCY, "fresh", "midway", "caught up")
def another_tree_signed(origin: Origin, story: Story) -> Story:
    """The records are true, the signed tree holds others from here on: the proof of the batch is for the true one."""
    begin = story[0].from_index
    known = {0: 0, 500: 1200, 700: 700}[begin]
    if begin == 500:  # the signed tree may not change below what is known: it grows instead
        records = records_of(tell_all(origin))
        records.append(with_own(records[-1], valid_from_ms=5))
        told = tell(origin, records, begin, known)
    else:
        told = _forked(origin, begin, known, at=begin + 10)
    story[0].known_consistency[:] = told[0].known_consistency
    return under(story, told[0].checkpoint)


@lie(Reason.BAD_CONSISTENCY, "fresh", "midway")
def batch_not_proven(_: Origin, story: Story) -> Story:
    del story[0].consistency[:]
    return story


@lie(Reason.BAD_CONSISTENCY)
def proof_too_long(_: Origin, story: Story) -> Story:
    story[0].consistency.append(RANDOM)
    return story


@lie(Reason.BAD_CONSISTENCY)
def proof_of_short_hashes(_: Origin, story: Story) -> Story:
    story[0].consistency[0] = RANDOM[:31]
    return story


@lie(Reason.BAD_CONSISTENCY)
def proof_without_end(_: Origin, story: Story) -> Story:
    story[0].consistency.extend([RANDOM] * 20_000)
    return story
