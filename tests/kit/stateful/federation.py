"""The state machine: whole nodes, and what can happen to them in any order."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from node.core.log import trusted_log
from node.core.log.checkpoint import Checkpoint
from node.errors import NodeError, Reason, TrustError
from node.storage.sqlite import writer
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from node.usecases.exchange import share
from tests.kit.effort import IS_LONG
from tests.kit.simulator.origin import DEREGISTERED, Twist, registration
from tests.kit.stateful.checker import check_federation
from tests.kit.stateful.model import Model, Rules
from tests.kit.stateful.node import Node

CITIES = ("changsha", "wuhan", "hefei", "nanchang", "taiyuan")[: 5 if IS_LONG else 3]
ALL = ("public", "regulator", "personal")
MINUTE_MS = 60_000
cities = st.sampled_from(CITIES)
rules = st.builds(
    Rules,
    st.sampled_from([(), ("public",), ("public", "regulator"), ("personal",), ALL, ALL]),
    st.sampled_from(["", "", "deregistered", "a"]),
    st.sampled_from(["all", "all", *CITIES]),
)
rows = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from("abc"), st.sampled_from((1, DEREGISTERED))),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row[0],
)


def cut(place: int) -> Twist:
    return lambda stream: islice(stream, place)


def doubled(place: int) -> Twist:
    def twist(stream: Iterator[bytes]) -> Iterable[bytes]:
        for number, batch in enumerate(stream):
            yield from [batch] * (1 + (number == place))

    return twist


def swapped(place: int) -> Twist:
    def twist(stream: Iterator[bytes]) -> Iterable[bytes]:
        yield from islice(stream, place)
        yield from reversed(list(islice(stream, 2)))
        yield from stream

    return twist


class Federation(RuleBasedStateMachine):
    """Each step is told to the model too; in the end every line is mended, every city pulls, and all is read."""

    @initialize(policies=st.tuples(*[rules] * len(CITIES)))
    def begin(self, policies: tuple[Rules, ...]) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(writer, "MIN_COMMIT_INTERVAL_S", 0)  # nobody comes to share a commit
        # A few records make several batches, and a revision several messages.
        self.patch.setattr(share, "MAX_BATCH_RECORDS", 3)
        self.patch.setattr(share, "MAX_REVISION_SPAN", 4)
        self.patch.setattr(trusted_log, "MIN_BATCH_RECORDS", 2)
        self.serial = 0
        self.sent: list[tuple[str, list[OperatorRegistration]]] = []
        self.reached: dict[tuple[str, str], tuple[int, int]] = {}
        self.nodes: dict[str, Node] = {}
        self.models: dict[str, Model] = {}
        for city, policy in zip(CITIES, policies, strict=True):
            peers = [other for other in CITIES if other != city]
            self.nodes[city] = Node(self.folder / city, city, peers, policy.text(city))
            self.models[city] = Model(policy, peers)
        for node in self.nodes.values():
            self.take_cards(node)

    def take_cards(self, node: Node) -> None:
        node.cards.update({other.city: other.card for other in self.nodes.values() if other is not node})

    def bodies(self, told: Iterable[tuple[int, str, int]]) -> list[OperatorRegistration]:
        """Rows in which every value is the row's alone."""
        made = []
        for key, letter, status in told:
            self.serial += 1
            place, phone = {"text": f"actual-{self.serial:06}"}, f"0731-{self.serial:08}"
            name = f"{letter}{self.serial:06}号商行"
            made.append(registration(key, name=name, status=status, actual_address=place, phone=phone))
        return made

    # --- What a city does -----------------------------------------------------------------------------------------

    @rule(city=cities, told=rows)
    def publish(self, city: str, told: list[tuple[int, str, int]]) -> None:
        """New rows, or corrections."""
        self.send(city, self.bodies(told))

    @precondition(lambda self: self.sent)
    @rule(place=st.integers(0, 100))
    def publish_again(self, place: int) -> None:
        self.send(*self.sent[place % len(self.sent)])

    @rule(city=cities, told=rows, after=st.booleans())
    def crash_while_publishing(self, city: str, told: list[tuple[int, str, int]], after: bool) -> None:
        """Whoever hears no acknowledgement sends again."""
        bodies = self.bodies(told)
        with self.nodes[city].killed(after=after, commit=0):
            self.nodes[city].own.take_in(*bodies)
        self.send(city, bodies)

    def send(self, city: str, bodies: list[OperatorRegistration]) -> None:
        self.models[city].acknowledge(self.nodes[city].own.take_in(*bodies), bodies)
        self.sent.append((city, bodies))

    @precondition(lambda self: any(model.retractable() for model in self.models.values()))
    @rule(place=st.integers(0, 100))
    def retract(self, place: int) -> None:
        standing = [(city, index) for city, model in self.models.items() for index in model.retractable()]
        city, index = standing[place % len(standing)]
        self.nodes[city].own.retract(f"{city}-{index}")
        self.models[city].retract(index)

    @rule(city=cities, policy=rules)
    def change_policy(self, city: str, policy: Rules) -> None:
        self.nodes[city].own.enforce(policy.text(city))
        self.models[city].rules = policy

    @rule(city=cities, told=st.booleans())
    def rotate_key(self, city: str, told: bool) -> None:
        """The card goes to the others before the key is used, or is forgotten."""
        self.nodes[city].rotate()
        if told:
            for node in self.nodes.values():
                self.take_cards(node)

    @rule(city=cities, by_ms=st.sampled_from((-1440, -10, -1, 1, 10, 1440)).map(lambda minutes: minutes * MINUTE_MS))
    def skew_clock(self, city: str, by_ms: int) -> None:
        self.nodes[city].clock.at_ms += by_ms

    @rule(city=cities)
    def crash(self, city: str) -> None:
        with self.nodes[city].killed(after=False, commit=0):
            pass

    # --- What it hears of another ---------------------------------------------------------------------------------

    @rule(city=cities, origin=cities)
    def pull(self, city: str, origin: str) -> None:
        if city == origin or self.is_refused(city, origin):
            return
        self.nodes[city].pull(self.nodes[origin])
        assert self.nodes[city].store.origin(origin).size == self.nodes[origin].own.size

    @rule(city=cities, origin=cities)
    def pull_if_due(self, city: str, origin: str) -> None:
        if city != origin:
            self.nodes[city].pull_if_due(self.nodes[origin])

    @rule(city=cities, origin=cities, made=st.sampled_from((cut, doubled, swapped)), place=st.integers(0, 3))
    def pull_on_a_bad_line(self, city: str, origin: str, made: Callable[[int], Twist], place: int) -> None:
        """A stream that breaks off is taken up again; one that says a thing twice or too soon is not believed."""
        if city == origin or self.is_refused(city, origin):
            return
        node = self.nodes[city]
        error = pulled(node, self.nodes[origin], made(place))
        if isinstance(error, TrustError):
            assert made is not cut
            assert error.reason in {Reason.BATCH_REPLAYED, Reason.BATCH_GAP, Reason.ENDLESS_STREAM}
            assert node.store.peers.state(origin).frozen
            assert node.store.peers.payload(node.store.peers.incidents()[0].number) == error.payload
        elif error:
            assert error.reason is Reason.TRUNCATED_STREAM

    @rule(city=cities, origin=cities, after=st.booleans(), commit=st.integers(0, 4))
    def crash_while_pulling(self, city: str, origin: str, after: bool, commit: int) -> None:
        if city != origin:
            with self.nodes[city].killed(after=after, commit=commit):
                self.nodes[city].pull(self.nodes[origin])

    @rule(city=cities, origin=cities)
    def mend(self, city: str, origin: str) -> None:
        """The officers talk: the new card is taken, the peer is released."""
        if city != origin:
            self.take_cards(self.nodes[city])
            self.nodes[city].sync.release(origin)

    def is_refused(self, city: str, origin: str) -> bool:
        """Where a peer is frozen, or has a key this city was not told of, a pull is refused, and says so."""
        node, known = self.nodes[city], self.nodes[city].cards[origin].log_keys
        if node.store.peers.state(origin).frozen:
            reason = Reason.PEER_FROZEN
        elif self.nodes[origin].log_keys[-1] not in known:
            reason = Reason.UNKNOWN_LOG_KEY
        else:
            return False
        with pytest.raises(NodeError) as refused:
            node.pull(self.nodes[origin])
        assert refused.value.reason is reason
        return True

    # --- What always holds ----------------------------------------------------------------------------------------

    @invariant()
    def cursors_never_move_back(self) -> None:
        """Neither what is verified nor what is known to be signed; the own log is a cursor too."""
        for city, node in getattr(self, "nodes", {}).items():
            for origin in node.store.origins():
                now = (origin.size, known_size(origin.known))
                before = self.reached.get((city, origin.city), (0, 0))
                assert now[0] >= before[0], f"{city} went back in the log of {origin.city}"
                assert now[1] >= before[1], f"{city} forgot what {origin.city} signed"
                self.reached[city, origin.city] = now

    def teardown(self) -> None:
        if not hasattr(self, "nodes"):
            return
        try:
            self.bring_up_to_date()
            check_federation(self.nodes, self.models)
        finally:
            for node in self.nodes.values():
                node.close()
            shutil.rmtree(self.folder)
            self.patch.undo()

    def bring_up_to_date(self) -> None:
        for node in self.nodes.values():
            self.take_cards(node)
            for other in self.nodes.values():
                if other is not node:
                    node.sync.release(other.city)
                    node.pull(other)


def pulled(node: Node, origin: Node, twist: Twist) -> NodeError | None:
    """What a pull met, if it met anything."""
    try:
        node.pull(origin, twist)
    except NodeError as error:
        return error
    return None


def known_size(known: Checkpoint | None) -> int:
    return known.size if known else 0
