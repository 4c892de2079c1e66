"""The lies: what a city with its real keys can say that is not so, each with the reason it has to be caught with."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from random import Random
from typing import NamedTuple

from nacl.signing import SigningKey

from node.core.checkpoint import MAX_NOTE_BYTES
from node.core.merkle import EMPTY_ROOT, hash_children
from node.core.peer_view import MAX_BATCH_BYTES
from node.errors import Reason
from node.exchange.v1.exchange_pb2 import PullResponse
from node.record.v1.record_pb2 import Facet, View
from tests.cities import KeySigner
from tests.simulator.origin import Origin
from tests.simulator.telling import Tree, leaf_of, note, tell, views_of, with_header

Story = list[PullResponse]
Tell = Callable[[Origin, Story], Iterable[PullResponse | bytes]]
RANDOM = bytes(range(32))


class Lie(NamedTuple):
    """A lie about a log of 1200 records.

    Attributes:
        tell: (origin, its honest stream) -> what it says instead.
        start: State of the receiver: "fresh"; "midway", cursor at 500 under a checkpoint of 1200; "caught up", it knew
            the whole log when that had 700 records.
        honest: Batches at the stream's beginning that are true and therefore stored.
    """

    reason: Reason
    tell: Tell
    start: str = "fresh"
    honest: int = 0

    @property
    def name(self) -> str:
        return self.tell.__name__.strip("_")


LIES: list[Lie] = []


def lie(reason: Reason, *starts: str, honest: int = 0) -> Callable[[Tell], Tell]:
    """Enters a lie, once for each state of the receiver."""

    def enter(story: Tell) -> Tell:
        LIES.extend(Lie(reason, story, start, honest) for start in starts or ("fresh",))
        return story

    return enter


# --- What a record says -------------------------------------------------------------------------------------------


def _altered(story: Story, alter: Callable[[View], object], place: int = 17) -> Story:
    alter(story[0].views[place])
    return story


@lie(Reason.BAD_COMMITMENT, "fresh", "midway", "caught up")
def altered_facet(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: setattr(view.facets[0], "body", view.facets[0].body.replace(b"\xe7", b"\xe8")))


@lie(Reason.BAD_COMMITMENT)
def emptied_facet(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: setattr(view.facets[1], "body", b""))


@lie(Reason.BAD_COMMITMENT)
def altered_header(_: Origin, story: Story) -> Story:
    view = story[0].views[17]
    view.CopyFrom(with_header(view, as_of_ms=1))
    return story


@lie(Reason.BAD_COMMITMENT)
def added_subject(_: Origin, story: Story) -> Story:
    view = story[0].views[17]
    view.CopyFrom(with_header(view, subjects=["uscc:914300007121944054"]))
    return story


@lie(Reason.BAD_COMMITMENT)
def wrong_salt(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: setattr(view.facets[0], "salt", RANDOM[:16]))


@lie(Reason.BAD_COMMITMENT)
def short_salt(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: setattr(view.facets[0], "salt", view.facets[0].salt[:15]))


@lie(Reason.BAD_COMMITMENT)
def long_salt(_: Origin, story: Story) -> Story:
    """The body's first byte moved into the salt: the same bytes are hashed."""

    def move(view: View) -> None:
        facet = view.facets[0]
        facet.salt, facet.body = facet.salt + facet.body[:1], facet.body[1:]

    return _altered(story, move)


@lie(Reason.BAD_COMMITMENT)
def no_salt(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: view.facets[0].ClearField("salt"))


@lie(Reason.BAD_COMMITMENT)
def wrong_mask(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: view.facets[2].CopyFrom(Facet(commitment=RANDOM)))


@lie(Reason.BAD_COMMITMENT)
def open_and_masked(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: setattr(view.facets[0], "commitment", RANDOM))


@lie(Reason.BAD_COMMITMENT)
def swapped_facets(_: Origin, story: Story) -> Story:
    def swap(view: View) -> None:
        facets = list(view.facets)
        del view.facets[:]
        view.facets.extend([facets[1], facets[0], *facets[2:]])

    return _altered(story, swap)


@lie(Reason.BAD_COMMITMENT)
def dropped_facet(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: view.facets.pop())


@lie(Reason.BAD_COMMITMENT)
def added_facet(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: view.facets.add(salt=RANDOM[:16], body=b"more"))


@lie(Reason.BAD_COMMITMENT)
def facets_of_another_record(_: Origin, story: Story) -> Story:
    view, other = story[0].views[17], story[0].views[18]
    del view.facets[:]
    view.facets.extend(other.facets)
    return story


@lie(Reason.BAD_COMMITMENT)
def header_is_noise(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: setattr(view, "header", b"\xff" * 40))


@lie(Reason.BAD_COMMITMENT)
def withheld_and_open(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: setattr(view, "leaf_hash", leaf_of(view)))


@lie(Reason.BAD_COMMITMENT)
def withheld_under_short_hash(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: view.CopyFrom(View(leaf_hash=leaf_of(view)[:31])))


@lie(Reason.BAD_COMMITMENT)
def withheld_under_wrong_hash(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: view.CopyFrom(View(leaf_hash=RANDOM)))


@lie(Reason.BAD_COMMITMENT)
def empty_view(_: Origin, story: Story) -> Story:
    return _altered(story, lambda view: view.Clear())


@lie(Reason.BAD_CONSISTENCY, "fresh", "midway", "caught up")
def altered_facet_and_its_leaf_hash(_: Origin, story: Story) -> Story:
    """Nothing names the record any more: only the tree says that something is not so."""
    altered_facet(_, story)
    hashes = [leaf_of(view) for view in story[0].views]
    story[0].leaf_hashes = b"".join(hashes)
    return story


@lie(Reason.BAD_COMMITMENT)
def leaf_hashes_cut_short(_: Origin, story: Story) -> Story:
    altered_facet(_, story)
    story[0].leaf_hashes = story[0].leaf_hashes[:100]
    return story


# --- Which records there are, and where: told with the city's real key, consistent in itself ------------------------


@lie(Reason.WRONG_CITY)
def record_of_another_city(origin: Origin, story: Story) -> Story:
    views = views_of(story)
    views[17] = with_header(views[17], city="hefei", id="hefei-17")
    return tell(origin, views)


@lie(Reason.WRONG_RECORD_ID)
def wrong_record_id(origin: Origin, story: Story) -> Story:
    views = views_of(story)
    views[17] = with_header(views[17], id="wuhan-18")
    return tell(origin, views)


@lie(Reason.WRONG_RECORD_ID)
def zero_padded_record_id(origin: Origin, story: Story) -> Story:
    views = views_of(story)
    views[17] = with_header(views[17], id="wuhan-017")
    return tell(origin, views)


@lie(Reason.WRONG_RECORD_ID)
def one_record_twice(origin: Origin, story: Story) -> Story:
    views = views_of(story)
    return tell(origin, [*views[:18], views[17], *views[18:]])


def _pointing(field: str, target: str) -> Tell:
    def story_of(origin: Origin, story: Story) -> Story:
        views = views_of(story)
        views[17] = with_header(views[17], **{field: target})
        return tell(origin, views)

    story_of.__name__ = f"{field}_{target}"
    return story_of


for _field in ("supersedes", "retracts"):
    for _target in (
        "wuhan-17", "wuhan-18", "wuhan-1199", "hefei-3", "wuhan-03", "wuhan--1", "wuhan", "3", "wuhan-9" + "9" * 30,
    ):  # fmt: skip
        lie(Reason.WRONG_RECORD_ID)(_pointing(_field, _target))


@lie(Reason.WRONG_RECORD_ID, "fresh", "midway", "caught up")
def record_left_out(_: Origin, story: Story) -> Story:
    """Withheld passed as absent: the others move up."""
    del story[0].views[17]
    return story


@lie(Reason.WRONG_RECORD_ID)
def record_left_out_and_the_tree_told_anew(origin: Origin, story: Story) -> Story:
    views = views_of(story)
    return tell(origin, views[:17] + views[18:])


@lie(Reason.TREE_FORKED, "midway", "caught up")
def record_left_out_the_others_renumbered(origin: Origin, story: Story) -> Story:
    """A log that is in every way well made, and not the one told before."""
    begin = story[0].from_index
    full = views_of(tell_all(origin))
    moved = [*full[18:], full[18]]
    views = full[:17] + [with_header(view, id=f"wuhan-{index}") for index, view in enumerate(moved, 17)]
    return tell(origin, views, begin, 700 if begin == 700 else 1200)


@lie(Reason.BAD_CONSISTENCY)
def withheld_record_left_out(_: Origin, story: Story) -> Story:
    """All that follows is withheld and bears no number; the hashes are told to fit."""
    views = [View(leaf_hash=leaf_of(view)) for view in story[0].views]
    del story[0].views[:]
    story[0].views.extend(views[:17] + views[18:])
    story[0].leaf_hashes = b"".join(view.leaf_hash for view in story[0].views)
    return story


@lie(Reason.WRONG_RECORD_ID)
def records_swapped(_: Origin, story: Story) -> Story:
    views = list(story[0].views)
    views[17], views[18] = views[18], views[17]
    del story[0].views[:]
    story[0].views.extend(views)
    return story


@lie(Reason.BAD_CONSISTENCY)
def withheld_records_swapped(_: Origin, story: Story) -> Story:
    hashes = [leaf_of(view) for view in story[0].views]
    hashes[17], hashes[18] = hashes[18], hashes[17]
    del story[0].views[:]
    story[0].views.extend(View(leaf_hash=leaf) for leaf in hashes)
    story[0].leaf_hashes = b"".join(hashes)
    return story


# --- Which batches there are ----------------------------------------------------------------------------------------


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


# --- What was signed ------------------------------------------------------------------------------------------------


def _under(story: Story, checkpoint: bytes) -> Story:
    for batch in story:
        batch.checkpoint = checkpoint
    return story


def _root(origin: Origin) -> bytes:
    return origin.store.origin(origin.city).root


@lie(Reason.BAD_SIGNATURE, "fresh", "midway", "caught up")
def signature_altered(_: Origin, story: Story) -> Story:
    checkpoint = story[0].checkpoint
    return _under(story, checkpoint[:-10] + (b"A" if checkpoint[-10:-9] != b"A" else b"B") + checkpoint[-9:])


@lie(Reason.BAD_SIGNATURE)
def size_altered(_: Origin, story: Story) -> Story:
    return _under(story, story[0].checkpoint.replace(b"\n1200\n", b"\n1201\n"))


@lie(Reason.BAD_SIGNATURE)
def signed_by_another_under_our_key_id(origin: Origin, story: Story) -> Story:
    return _under(story, note("wuhan", 1200, _root(origin), SigningKey(RANDOM), origin.signer.public_key))


@lie(Reason.UNKNOWN_LOG_KEY)
def signed_by_an_unknown_key(origin: Origin, story: Story) -> Story:
    return _under(story, note("wuhan", 1200, _root(origin), SigningKey(RANDOM)))


@lie(Reason.BAD_SIGNATURE)
def one_good_signature_and_one_forged(_: Origin, story: Story) -> Story:
    """A pinned key that signed something else under the same text is not a quarrel to look away from."""
    good = story[0].checkpoint
    line = good.rstrip(b"\n").rpartition(b"\n")[2]
    return _under(story, good + line[:-8] + b"AAAAAAA=\n")


@lie(Reason.WRONG_CITY)
def checkpoint_of_another_city(_: Origin, story: Story) -> Story:
    return _under(story, note("hefei", 1200, RANDOM, KeySigner()))


@lie(Reason.WRONG_CITY)
def checkpoint_in_another_name(origin: Origin, story: Story) -> Story:
    return _under(story, note("hefei", 1200, _root(origin), origin.signer))


@lie(Reason.BAD_CHECKPOINT)
def checkpoint_changes_in_the_stream(origin: Origin, story: Story) -> Story:
    """To a true one, of fewer records."""
    leaves = [leaf_of(view) for view in views_of(story)][:1100]
    story[1].checkpoint = note("wuhan", 1100, Tree(leaves).root, origin.signer)
    return story


LIES[-1] = LIES[-1]._replace(honest=1)


@lie(Reason.BAD_CHECKPOINT)
def no_checkpoint(_: Origin, story: Story) -> Story:
    return _under(story, b"")


@lie(Reason.BAD_CHECKPOINT)
def checkpoint_is_noise(_: Origin, story: Story) -> Story:
    return _under(story, Random(2).randbytes(200) + b"\n")


@lie(Reason.BAD_CHECKPOINT)
def checkpoint_without_end(_: Origin, story: Story) -> Story:
    return _under(story, story[0].checkpoint + b"\xe2\x80\x94 a AAAA\n" * MAX_NOTE_BYTES)


@lie(Reason.BAD_CHECKPOINT)
def short_root(origin: Origin, story: Story) -> Story:
    return _under(story, note("wuhan", 1200, RANDOM[:31], origin.signer))


@lie(Reason.BAD_CHECKPOINT, "fresh", "midway", "caught up")
def more_records_than_can_be(origin: Origin, story: Story) -> Story:
    """2**63 records: beyond what the store could count. All proofs hold: who needs no records hashes what it likes."""
    leaves = [leaf_of(view) for view in views_of(tell_all(origin))]
    tree, steps = Tree(leaves + [RANDOM] * (2048 - len(leaves))), 63 - 11
    root = tree.root
    for _ in range(steps):
        root = hash_children(root, RANDOM)
    begin = story[0].from_index
    for batch in story:
        batch.consistency[:] = tree.proof(batch.from_index + len(batch.views)) + [RANDOM] * steps
    story[0].known_consistency[:] = tree.proof({0: 0, 500: 1200, 700: 700}[begin]) + [RANDOM] * steps
    return _under(story, note("wuhan", 2**63, root, origin.signer))


@lie(Reason.BAD_CHECKPOINT)
def empty_tree_with_a_root(origin: Origin, _: Story) -> Story:
    return [PullResponse(checkpoint=note("wuhan", 0, RANDOM, origin.signer), grant="g")]


@lie(Reason.TREE_ROLLED_BACK, "midway", "caught up")
def rolled_back(origin: Origin, story: Story) -> Story:
    """The log as it truly once was, signed then: older than what is known."""
    views = views_of(tell_all(origin))[:600]
    begin = min(story[0].from_index, 600)
    batch = tell(origin, views, begin)[0]
    batch.from_index = story[0].from_index
    return [batch]


@lie(Reason.TREE_ROLLED_BACK, "midway", "caught up")
def emptied_log(origin: Origin, story: Story) -> Story:
    empty = note("wuhan", 0, EMPTY_ROOT, origin.signer)
    return [PullResponse(from_index=story[0].from_index, checkpoint=empty, grant=story[0].grant)]


def tell_all(origin: Origin) -> Story:
    """The true log from its beginning."""
    return [PullResponse.FromString(raw) for raw in origin.pull("changsha", 0, 0)]


def _forked(origin: Origin, begin: int, known: int, at: int, size: int = 1200) -> Story:
    views = views_of(tell_all(origin))[:size]
    views[at:] = [with_header(view, as_of_ms=5) for view in views[at:]]
    return tell(origin, views, begin, known)


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
    return _under(story, note("wuhan", 1200, RANDOM, origin.signer))


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
        views = views_of(tell_all(origin))
        views.append(with_header(views[-1], id="wuhan-1200"))
        told = tell(origin, views, begin, known)
    else:
        told = _forked(origin, begin, known, at=begin + 10)
    story[0].known_consistency[:] = told[0].known_consistency
    return _under(story, told[0].checkpoint)


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


def _emptied(story: Story) -> PullResponse:
    empty = story[0]
    del empty.views[:]
    empty.leaf_hashes = b""
    return empty


def told(story: Iterable[PullResponse | bytes]) -> Iterator[bytes]:
    """As bytes on the wire, endless ones too."""
    return (each if isinstance(each, bytes) else each.SerializeToString() for each in story)
