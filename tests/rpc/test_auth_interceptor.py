"""The interceptor over several listeners and over unary calls, and the handshake that `federation check` makes."""

from __future__ import annotations  # gRPC's types are generic only to the type checker

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from node.client import NodeClient
from node.client.channel import peer_channel
from node.config import Config, Limits
from node.demo.founding import free_ports
from node.errors import NodeError, Reason
from node.folder.files import load_federation
from node.folder.trust import Trust
from node.rpc.auth_interceptor import AuthInterceptor
from node.rpc.federation_check import probe
from node.rpc.principal import Principals
from node.rpc.tls import server_credentials
from node.stubs.query.v1 import query_pb2 as query
from tests.kit.nodes.listener import WhoAsks, ask, channel, found, identity, refusal, serving


@pytest.fixture
def cities(tmp_path: Path) -> dict[str, Config]:
    return found(tmp_path)


def test_one_gate_serves_several_listeners_without_mixing_their_services(cities: dict[str, Config]) -> None:
    config, wuhan = cities["changsha"], identity(cities["wuhan"])
    interceptor = AuthInterceptor(Principals(Trust(config)), config.limits)
    refusing = WhoAsks()
    refusing.error = NodeError(Reason.STALE, "the other listener")
    (port,) = free_ports(1)
    listen = config.listen.model_copy(update={"exchange": f"127.0.0.1:{port}"})
    second = config.model_copy(update={"listen": listen})
    with serving(config, interceptor=interceptor), serving(second, refusing, interceptor=interceptor) as address:
        with channel(wuhan, config) as connection:
            assert ask(connection) == "peer/wuhan"
        elsewhere = replace(load_federation(config.federation).member("changsha"), address=address)
        with peer_channel(wuhan, elsewhere) as connection:
            assert refusal(connection).reason is Reason.STALE


def test_a_probe_tells_well_from_refused_from_absent(cities: dict[str, Config], tmp_path: Path) -> None:
    changsha = load_federation(cities["wuhan"].federation).member("changsha")
    with serving(cities["changsha"]):
        assert probe(identity(cities["wuhan"]), changsha, 5) is None
        own = probe(identity(cities["changsha"]), changsha, 5)
        assert own is not None
        assert own.reason is Reason.UNAUTHENTICATED
    absent = probe(identity(cities["wuhan"]), changsha, 5)
    assert absent is not None
    assert absent.reason is Reason.UNAVAILABLE


STREAMS = Limits().open_streams


class HeldRosters:
    """Holds every roster until the test ends; answers Verify at once."""

    def __init__(self) -> None:
        self.held = threading.Semaphore(0)
        self.over = threading.Event()

    def roster(
        self, _: Iterator[query.VerifyRosterRequest], __: grpc.ServicerContext
    ) -> Iterator[query.VerifyRosterResponse]:
        self.held.release()
        self.over.wait(30)
        yield query.VerifyRosterResponse()

    def verify(self, _: query.VerifyRequest, __: grpc.ServicerContext) -> query.VerifyResponse:
        return query.VerifyResponse(answer=query.Answer(city="wuhan"))

    def handlers(self) -> grpc.GenericRpcHandler:
        roster, verify = query.VerifyRosterRequest, query.VerifyRequest
        return grpc.method_handlers_generic_handler(
            "node.query.v1.QueryService",
            {
                "VerifyRoster": grpc.stream_stream_rpc_method_handler(
                    self.roster, roster.FromString, query.VerifyRosterResponse.SerializeToString
                ),
                "Verify": grpc.unary_unary_rpc_method_handler(
                    self.verify, verify.FromString, query.VerifyResponse.SerializeToString
                ),
            },
        )


@contextmanager
def answering(config: Config, service: HeldRosters) -> Iterator[None]:
    """A query listener with no more threads than one caller may hold with its rosters."""
    trust = Trust(config)
    interceptor = AuthInterceptor(Principals(trust), config.limits)
    server = grpc.server(ThreadPoolExecutor(STREAMS), interceptors=[interceptor])
    server.add_generic_rpc_handlers((service.handlers(),))
    server.add_secure_port(config.listen.query, server_credentials(trust))
    server.start()
    try:
        yield
    finally:
        service.over.set()
        server.stop(None).wait()


def test_a_question_is_answered_while_rosters_hold_every_thread(cities: dict[str, Config]) -> None:
    config, service = cities["changsha"], HeldRosters()
    with answering(config, service), NodeClient.of_officer(config) as node:
        stub = node.query
        rosters = [stub.VerifyRoster(iter(())) for _ in range(STREAMS)]
        assert all(service.held.acquire(timeout=10) for _ in rosters)
        assert stub.Verify(query.VerifyRequest(), timeout=10).answer.city == "wuhan"
        service.over.set()
        assert [len(list(roster)) for roster in rosters] == [1] * STREAMS
