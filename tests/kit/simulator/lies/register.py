"""The register of lies, and what several of them are told with."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from node.errors import Reason
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from tests.kit.simulator.origin import Origin
from tests.kit.simulator.telling import heard, records_of, tell

Story = list[PullResponse]
Tell = Callable[[Origin, Story], Iterable[PullResponse | bytes]]
RANDOM = bytes(range(32))


class Lie(NamedTuple):
    """A lie about a log of 1200 records.

    Attributes:
        story: (origin, its honest stream) -> what it says instead.
        start: State of the receiver: "fresh"; "midway", cursor at 500 under a checkpoint of 1200; "caught up", it knew
            the whole log when that had 700 records.
        honest: Batches at the stream's beginning that are true and therefore stored.
    """

    reason: Reason
    story: Tell
    start: str = "fresh"
    honest: int = 0

    @property
    def name(self) -> str:
        return self.story.__name__.strip("_")

    def tell(self, origin: Origin, stream: Story) -> Iterable[PullResponse | bytes]:
        """What it says instead of an honest stream, which is cut into batches of 500 first: lies are about several."""
        return self.story(origin, in_batches(origin, stream))


LIES: list[Lie] = []


def lie(reason: Reason, *starts: str, honest: int = 0) -> Callable[[Tell], Tell]:
    """Enters a lie, once for each state of the receiver."""

    def enter(story: Tell) -> Tell:
        LIES.extend(Lie(reason, story, start, honest) for start in starts or ("fresh",))
        return story

    return enter


def tell_all(origin: Origin) -> Story:
    """The true log from its beginning."""
    return tell(origin, records_of(heard(origin.pull("changsha", 0, 0))))


def in_batches(origin: Origin, stream: Story) -> Story:
    """An honest stream in batches of 500 records: every one as true as before."""
    first = stream[0]
    story = tell(origin, records_of(heard(origin.pull("changsha", 0, 0))), first.from_index, grant=first.grant)
    del story[0].known_consistency[:]
    story[0].known_consistency.extend(first.known_consistency)
    return story


def under(story: Story, checkpoint: bytes) -> Story:
    for batch in story:
        batch.checkpoint = checkpoint
    return story


def told(story: Iterable[PullResponse | bytes]) -> Iterator[bytes]:
    """As bytes on the wire, endless ones too."""
    return (each if isinstance(each, bytes) else each.SerializeToString() for each in story)
