"""What was signed, by whom, under whose name: the checkpoint of a stream."""

from random import Random

from nacl.signing import SigningKey

from node.core.log.checkpoint import MAX_NOTE_BYTES
from node.core.log.merkle import hash_children
from node.core.log.record import FORMAT
from node.errors import Reason
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from tests.kit.keys import KeySigner
from tests.kit.simulator.lies.register import RANDOM, Story, lie, tell_all, under
from tests.kit.simulator.origin import Origin
from tests.kit.simulator.telling import Tree, note, records_of


def _root(origin: Origin) -> bytes:
    return origin.store.origin(origin.city).root


@lie(Reason.BAD_SIGNATURE, "fresh", "midway", "caught up")
def signature_altered(_: Origin, story: Story) -> Story:
    checkpoint = story[0].checkpoint
    return under(story, checkpoint[:-10] + (b"A" if checkpoint[-10:-9] != b"A" else b"B") + checkpoint[-9:])


@lie(Reason.BAD_SIGNATURE)
def size_altered(_: Origin, story: Story) -> Story:
    return under(story, story[0].checkpoint.replace(b"\n1200\n", b"\n1201\n"))


@lie(Reason.BAD_SIGNATURE)
def signed_by_another_under_our_key_id(origin: Origin, story: Story) -> Story:
    return under(story, note("wuhan", 1200, _root(origin), SigningKey(RANDOM), origin.signer.public_key))


@lie(Reason.UNKNOWN_LOG_KEY)
def signed_by_an_unknown_key(origin: Origin, story: Story) -> Story:
    return under(story, note("wuhan", 1200, _root(origin), SigningKey(RANDOM)))


@lie(Reason.BAD_SIGNATURE)
def one_good_signature_and_one_forged(_: Origin, story: Story) -> Story:
    """A pinned key that signed something else under the same text is not a quarrel to look away from."""
    good = story[0].checkpoint
    line = good.rstrip(b"\n").rpartition(b"\n")[2]
    return under(story, good + line[:-8] + b"AAAAAAA=\n")


@lie(Reason.WRONG_CITY)
def checkpoint_of_another_city(_: Origin, story: Story) -> Story:
    return under(story, note("hefei", 1200, RANDOM, KeySigner()))


@lie(Reason.WRONG_CITY)
def checkpoint_in_another_name(origin: Origin, story: Story) -> Story:
    return under(story, note("hefei", 1200, _root(origin), origin.signer))


@lie(Reason.BAD_CHECKPOINT, honest=1)
def checkpoint_changes_in_the_stream(origin: Origin, story: Story) -> Story:
    """To a true one, of fewer records."""
    leaves = [record.leaf_hash for record in records_of(story)][:1100]
    story[1].checkpoint = note("wuhan", 1100, Tree(leaves).root, origin.signer)
    return story


@lie(Reason.BAD_CHECKPOINT)
def no_checkpoint(_: Origin, story: Story) -> Story:
    return under(story, b"")


@lie(Reason.BAD_CHECKPOINT)
def checkpoint_is_noise(_: Origin, story: Story) -> Story:
    return under(story, Random(2).randbytes(200) + b"\n")


@lie(Reason.BAD_CHECKPOINT)
def checkpoint_without_end(_: Origin, story: Story) -> Story:
    return under(story, story[0].checkpoint + b"\xe2\x80\x94 a AAAA\n" * MAX_NOTE_BYTES)


@lie(Reason.BAD_CHECKPOINT)
def short_root(origin: Origin, story: Story) -> Story:
    return under(story, note("wuhan", 1200, RANDOM[:31], origin.signer))


@lie(Reason.BAD_CHECKPOINT, "fresh", "midway", "caught up")
def more_records_than_can_be(origin: Origin, story: Story) -> Story:
    """2**63 records: beyond what the store could count. All proofs hold: who needs no records hashes what it likes."""
    leaves = [record.leaf_hash for record in records_of(tell_all(origin))]
    tree, steps = Tree(leaves + [RANDOM] * (2048 - len(leaves))), 63 - 11
    root = tree.root
    for _ in range(steps):
        root = hash_children(root, RANDOM)
    begin = story[0].from_index
    for batch in story:
        batch.consistency[:] = tree.proof(batch.from_index + len(records_of([batch]))) + [RANDOM] * steps
    story[0].known_consistency[:] = tree.proof({0: 0, 500: 1200, 700: 700}[begin]) + [RANDOM] * steps
    return under(story, note("wuhan", 2**63, root, origin.signer))


@lie(Reason.BAD_CHECKPOINT)
def empty_tree_with_a_root(origin: Origin, _: Story) -> Story:
    return [PullResponse(checkpoint=note("wuhan", 0, RANDOM, origin.signer), grant="g", format=FORMAT)]
