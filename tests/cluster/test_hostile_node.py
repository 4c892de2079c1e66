"""Lies below the messages: a hostile node with the member's real keys, over real mTLS, against a real sync."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from node.config import Config
from node.config import Sync as Settings
from node.core.log.trusted_log import MAX_BATCH_RECORDS
from node.demo.founding import found_federation
from node.errors import NodeError, Reason, TrustError
from node.folder.files import load_federation
from node.folder.keyfile import load_log_key, load_tls_identity
from node.folder.trust import Trust
from node.rpc.exchange_service import SERVICE
from node.rpc.peer_client import connect
from node.rpc.tls import server_credentials
from node.storage.sqlite.store import Store
from node.stubs.control.v1 import control_pb2
from node.stubs.exchange.v1.exchange_pb2 import PullRequest, ReviseRequest
from node.usecases.exchange.sync import Sync
from node.usecases.upkeep.node_status import node_status
from tests.kit.clock import SetClock
from tests.kit.simulator.lies.below import (
    BACKED_OFF,
    FROZEN,
    Serve,
    _exhausted,
)
from tests.kit.simulator.origin import Origin, policy_text, registration
from tests.kit.simulator.receiver import recompute
from tests.kit.stores.city import PURPOSE

SETTINGS = Settings(purpose=PURPOSE, batch_timeout_s=1.5, backoff_base_s=60)
# Two batches, so that a stream can be cut off after one.
RECORDS = MAX_BATCH_RECORDS + 252
Methods = dict[str, "grpc.RpcMethodHandler[Any, bytes]"]


class Cities:
    """A federation of three, and the logs of two."""

    def __init__(self, base: Path) -> None:
        found = found_federation(base, datetime.now(UTC), ("changsha", "wuhan", "hefei"))
        self.configs = {each.city: each for each in found}
        self.origins = {city: self._origin(city, size) for city, size in (("wuhan", RECORDS), ("hefei", 3))}

    def _origin(self, city: str, size: int) -> Origin:
        config = self.configs[city]
        origin = Origin(config.node_db, city, load_log_key(config.log_key), policy=policy_text(city, "public"))
        origin.take_in(*map(registration, range(size)))
        return origin


class World:
    """Changsha pulls from Wuhan, whose node a test replaces, and from honest Hefei."""

    def __init__(self, cities: Cities, folder: Path) -> None:
        self.configs, self.origins = cities.configs, cities.origins
        self.folder = folder
        config, self.clock = self.configs["changsha"], SetClock()
        self.store = Store(folder / "node.db", "changsha", load_log_key(config.log_key), self.clock)
        identity = load_tls_identity(config.tls_identity)
        self.members = load_federation(config.federation).peers_of("changsha")
        self.sync = Sync(
            self.store, lambda: self.members, lambda to: connect(to, identity, SETTINGS), SETTINGS, self.clock
        )

    def peer(self, city: str) -> control_pb2.PeerStatus:
        status = node_status(self.store, self.members, self.folder, self.clock, "", lambda: "")
        return next(peer for peer in status.peers if peer.city == city)

    @contextmanager
    def serving(self, city: str, serve: Serve = lambda stream, _: stream) -> Iterator[None]:
        """The city's node answers each pull with what `serve` makes of the true stream."""
        origin, config = self.origins[city], self.configs[city]

        def pull(request: PullRequest, context: grpc.ServicerContext) -> Iterator[bytes]:
            yield from serve(origin.pull("changsha", request.from_size, request.known_size), context)

        def revise(request: ReviseRequest, _: grpc.ServicerContext) -> Iterator[bytes]:
            return origin.revise("changsha", request.from_index, request.upto_size, request.held_grant)

        methods: Methods = {
            "Pull": grpc.unary_stream_rpc_method_handler(pull, PullRequest.FromString, None),
            "Revise": grpc.unary_stream_rpc_method_handler(revise, ReviseRequest.FromString, None),
        }
        with _server(config, methods):
            yield


@contextmanager
def _server(config: Config, methods: Methods, **options: int) -> Iterator[None]:
    unlimited = [("grpc.so_reuseport", 0), ("grpc.max_send_message_length", -1), *options.items()]
    server = grpc.server(ThreadPoolExecutor(4), options=unlimited)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
    assert server.add_secure_port(config.listen.exchange, server_credentials(Trust(config)))
    server.start()
    try:
        yield
    finally:
        server.stop(None).wait()


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cities]:
    made = Cities(tmp_path_factory.mktemp("cities"))
    yield made
    for origin in made.origins.values():
        origin.close()


@pytest.fixture
def world(cities: Cities, tmp_path: Path) -> Iterator[World]:
    made = World(cities, tmp_path)
    yield made
    made.store.close()


@pytest.mark.parametrize(("reason", "serve"), FROZEN.values(), ids=FROZEN.keys())
def test_a_lie_freezes(reason: Reason, serve: Serve, world: World) -> None:
    with world.serving("wuhan", serve), world.serving("hefei"):
        with pytest.raises(TrustError) as caught:
            world.sync.run_now("wuhan", lambda _: None)
        assert world.sync.run_now("hefei", lambda _: None).tree_size == 3
    assert caught.value.reason is reason
    assert (world.peer("wuhan").state, world.peer("wuhan").last_reason) == ("frozen", reason)
    assert world.peer("hefei").state == "ok"
    assert world.store.peers.incidents()[0].reason == reason
    _check_replica(world)


@pytest.mark.parametrize(("reason", "serve"), BACKED_OFF.values(), ids=BACKED_OFF.keys())
def test_what_may_pass_backs_off(reason: Reason, serve: Serve, world: World) -> None:
    incidents = len(world.store.peers.incidents())
    began_s = time.monotonic()
    with world.serving("wuhan", serve), pytest.raises(NodeError) as caught:
        world.sync.run_now("wuhan", lambda _: None)
    assert caught.value.reason is reason
    assert time.monotonic() - began_s < 20
    status = world.peer("wuhan")
    assert (status.state, status.last_reason, status.failures) == ("backing_off", reason, 1)
    assert len(world.store.peers.incidents()) == incidents
    _check_replica(world)


def _check_replica(world: World) -> None:
    """What is stored is true, and with an honest node the rest comes."""
    if world.store.find_origin("wuhan"):
        recompute(world.store, "wuhan")
    world.sync.release("wuhan")
    with world.serving("wuhan"):
        assert world.sync.run_now("wuhan", lambda _: None).tree_size == RECORDS
    recompute(world.store, "wuhan")
    assert world.peer("wuhan").state == "ok"


@pytest.mark.parametrize("kind", ["nobody", "silent", "plain text", "hangs up"])
def test_no_node_behind_the_address(kind: str, world: World) -> None:
    """A handshake that never ends, or is none, costs a back-off and not a thread for ever."""
    host, _, port = world.configs["wuhan"].listen.exchange.rpartition(":")
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, int(port)))
        if kind != "nobody":
            listener.listen()
        thread = threading.Thread(target=_greet, args=(listener, kind))
        thread.start()
        with pytest.raises(NodeError) as caught:
            world.sync.run_now("wuhan", lambda _: None)
        listener.shutdown(socket.SHUT_RDWR) if kind != "nobody" else None
        thread.join(10)
    assert caught.value.reason in {Reason.UNAVAILABLE, Reason.TOO_SLOW, Reason.TLS_REFUSED}
    assert world.peer("wuhan").state == "backing_off"
    _check_replica(world)


def _greet(listener: socket.socket, kind: str) -> None:
    connections = []
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        if kind == "plain text":
            connection.sendall(b"220 welcome\r\n")
        if kind == "hangs up":
            connection.close()
        connections.append(connection)


def test_another_member_cannot_answer_for_the_city(world: World) -> None:
    """Hefei's node at Wuhan's address holds a pinned certificate, of another city."""
    imposter = world.configs["hefei"].model_copy(update={"listen": world.configs["wuhan"].listen})
    with _server(imposter, {}), pytest.raises(NodeError) as caught:
        world.sync.run_now("wuhan", lambda _: None)
    assert caught.value.reason is Reason.TLS_REFUSED


def test_a_peer_that_says_it_is_exhausted_is_not_a_liar(world: World) -> None:
    with world.serving("wuhan", _exhausted), pytest.raises(NodeError) as caught:
        world.sync.run_now("wuhan", lambda _: None)
    assert not isinstance(caught.value, TrustError)
    assert caught.value.reason is Reason.TOO_LARGE
    assert world.peer("wuhan").state == "backing_off"


def test_a_small_message_that_unpacks_to_a_huge_one(world: World) -> None:
    """24 MiB in 24 KiB of gzip: gRPC unpacks no further than its limit."""

    def bomb(_: PullRequest, context: grpc.ServicerContext) -> Iterator[bytes]:
        context.set_compression(grpc.Compression.Gzip)
        yield bytes(24 << 20)

    methods: Methods = {"Pull": grpc.unary_stream_rpc_method_handler(bomb, PullRequest.FromString, None)}
    with _server(world.configs["wuhan"], methods), pytest.raises(TrustError) as caught:
        world.sync.run_now("wuhan", lambda _: None)
    assert caught.value.reason is Reason.OVERSIZE_BATCH
    _check_replica(world)
