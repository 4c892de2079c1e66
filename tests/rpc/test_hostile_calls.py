"""Callers with a pinned certificate who stop midway: every method of every listener, by every kind of caller.

Methods come from the descriptors and listeners from `node.rpc.services`, so that a new one is tried as well.
"""

import pkgutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib import import_module
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pool import Default
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

import node
from node.bootstrap.node_role import NodeRole
from node.bootstrap.query_role import QueryRole
from node.client.channel import identity_channel
from node.config import Config, Limits
from node.core.members.clients import Kind
from node.folder.files import load_clients, save_clients
from node.folder.identity import add_client, officer_identity
from node.folder.keyfile import TlsIdentity, load_tls_identity
from node.folder.trust import RECHECK_S
from node.rpc.services import LISTENERS, SERVICE_KINDS
from node.rpc.tls import MAX_STREAMS
from node.stubs.query.v1 import query_pb2 as query
from tests.kit.nodes.processes import found
from tests.kit.nodes.raw_caller import RawCaller, all_read, message

UNIMPLEMENTED = 12
# Time for what a test waits for, on a busy machine, beside the limit itself.
MARGIN_S = 10
CHECK = "/grpc.health.v1.Health/Check"
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
WATCH = "/grpc.health.v1.Health/Watch"
VERIFY = "/node.query.v1.QueryService/Verify"


class Node(NamedTuple):
    """A node in this process, and what callers of each kind present to it."""

    config: Config
    identities: dict[Kind | None, TlsIdentity]
    folder: Path

    def call(self, kind: Kind | None, listener: str, window: int = 65_535) -> RawCaller:
        """A connection; of no kind, that of a platform which does nothing bad."""
        address = getattr(self.config.listen, listener)
        return RawCaller(self.identities[kind], self.config.city, address, self.folder, window)


@contextmanager
def serving(folder: Path, **limits: object) -> Iterator[Node]:
    settings = {"limits": limits, "sync": {"interval_s": 3600}}
    config, wuhan = found(folder, "changsha", "wuhan", settings=settings)
    identities: dict[Kind | None, TlsIdentity] = {Kind.PEER: load_tls_identity(wuhan.tls_identity)}
    for kind in (Kind.OFFICER, Kind.ADAPTER, Kind.PLATFORM, None):
        identity = add_client(config, f"a-{kind}".lower(), kind or Kind.PLATFORM, folder / f"{kind}", datetime.now(UTC))
        identities[kind] = identity.tls
    writing = NodeRole(config)
    writing.start()
    answering = QueryRole(config)
    answering.start()
    try:
        yield Node(config, identities, folder)
    finally:
        answering.stop()
        writing.stop()


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that lets callers hold as many calls as they like, and none of them for long."""
    limits = {"open_calls": 500, "open_streams": 500, "message_s": 0.4, "idle_s": 0.4, "call_s": 2}
    with serving(tmp_path_factory.mktemp("hasty"), **limits, refused=Limits().officer.model_dump()) as node:
        yield node


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node with the limits as shipped that has been busy, so that calls queued for a thread (python/cpython#88354).

    A peer may call as often as the others, so that its rate refuses none.
    """
    with serving(tmp_path_factory.mktemp("shipped"), peer=Limits().officer.model_dump()) as node:
        for listener in LISTENERS:
            with node.call(None, listener) as caller:
                for _ in range(MAX_STREAMS):
                    caller.open(CHECK, message(), is_all=True)
                caller.read(3 * MARGIN_S)
                assert {each.status for each in caller.ended.values()} == {0}
        yield node


def methods(listener: str) -> list[MethodDescriptor]:
    return [each for name in LISTENERS[listener] for each in Default().FindServiceByName(name).methods]


def path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


PLACES = [(listener, kind) for listener in LISTENERS for kind in Kind]  # health and reflection answer every kind
# What is sent after the headers, and how much of the answer is read.
SHAPES = {
    "silent": (b"", 65_535),
    "half a prefix": (b"\0\0", 65_535),
    "half a message": (message(b"\0" * 3, 1000), 65_535),
    "never the end": (message(), 65_535),
    "never reading": (message(), 0),
}


def is_answered(kind: Kind, method: MethodDescriptor) -> bool:
    return kind in SERVICE_KINDS[method.containing_service.full_name]


def test_every_service_there_is_has_its_listener() -> None:
    served = {name for names in LISTENERS.values() for name in names}
    declared = set()
    for module in pkgutil.walk_packages(node.__path__, "node."):
        if module.name.endswith("_pb2"):
            services = import_module(module.name).DESCRIPTOR.services_by_name.values()
            declared |= {service.full_name for service in services}
    assert declared == {name for name in served if name.startswith("node.")}
    assert served == set(SERVICE_KINDS)


@pytest.mark.parametrize("listener", ["intake", "control", "query"])
def test_each_listener_answers_for_the_services_it_is_said_to(shipped: Node, listener: str) -> None:
    with identity_channel(officer_identity(shipped.config), listener) as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        [answer] = stub.ServerReflectionInfo(iter([asked]), timeout=20)
    assert {each.name for each in answer.list_services_response.service} == set(LISTENERS[listener])


@pytest.mark.parametrize("shape", SHAPES)
def test_every_call_ends_whatever_its_caller_does(hasty: Node, shape: str) -> None:
    body, window = SHAPES[shape]
    with ExitStack() as stack:
        callers = {place: stack.enter_context(hasty.call(place[1], place[0], window)) for place in PLACES}
        sent = [
            (caller, caller.open(path(method), body), kind, method)
            for (listener, kind), caller in callers.items()
            for method in methods(listener)
        ]
        all_read(callers.values(), 2 + MARGIN_S)
        held = [(kind, path(method)) for caller, number, kind, method in sent if number in caller.open_calls]
        assert held == []
        for caller, number, kind, method in sent:
            if not is_answered(kind, method):
                assert caller.ended[number].reason == "permission_denied", (kind, path(method))
            assert (caller.ended[number].status != UNIMPLEMENTED) or not path(method).startswith("/node."), path(method)


@pytest.mark.parametrize("drop", [b"\0", message()], ids=["bytes", "messages"])
def test_every_call_that_drips_ends(hasty: Node, drop: bytes) -> None:
    with ExitStack() as stack:
        callers = []
        for listener, kind in PLACES:
            caller = stack.enter_context(hasty.call(kind, listener))
            callers.append(caller)
            for method in methods(listener):
                caller.open(path(method), b"" if len(drop) > 1 else message(b"\0", 1000))
        for _ in range(200):
            all_read(callers, 0.1)
            dripping = [caller for caller in callers if caller.open_calls]
            for caller in dripping:
                for number in caller.open_calls:
                    caller.send(number, drop)
            if not dripping:
                return
        raise AssertionError({caller: len(caller.open_calls) for caller in callers})


def forbidden(listener: str, kind: Kind) -> list[MethodDescriptor]:
    return [each for each in methods(listener) if not is_answered(kind, each)]


@pytest.mark.parametrize(("listener", "kind"), [place for place in PLACES if forbidden(*place)])
def test_whoever_is_refused_again_and_again_is_held_to_a_rate(shipped: Node, listener: str, kind: Kind) -> None:
    """What it may call it still may."""
    rate, began_s = shipped.config.limits.refused, time.monotonic()
    with shipped.call(kind, listener) as caller:
        for _ in range(6):
            for method in islice(cycle(forbidden(listener, kind)), MAX_STREAMS // 2):
                caller.open(path(method), message(), is_all=True)
            caller.read(MARGIN_S)
        counted = Counter(each.reason for each in caller.ended.values())
        assert counted.keys() <= {"permission_denied", "rate_limited"}
        assert counted["permission_denied"] <= rate.burst + rate.requests_per_s * (time.monotonic() - began_s) + 1
        allowed = caller.open(CHECK, message(), is_all=True)
        caller.read(MARGIN_S)
        assert caller.ended[allowed].status == 0


@pytest.mark.parametrize("listener", LISTENERS)
def test_of_one_connection_few_calls_wait(hasty: Node, listener: str) -> None:
    """Beyond them HTTP/2 itself refuses: thousands that nobody reads fill no memory, and others do not queue behind."""
    with hasty.call(None, listener) as caller:
        for _ in range(MAX_STREAMS + 200):
            caller.open(CHECK)
        caller.read(MARGIN_S)
        reset = [each for each in caller.ended.values() if each.status is None]
        assert len(reset) >= 100
        after = caller.open(CHECK, message(), is_all=True)
        caller.read(MARGIN_S)
        assert caller.ended[after].status == 0


@pytest.mark.parametrize(("listener", "kind"), PLACES)
def test_no_caller_takes_the_threads_of_the_others(shipped: Node, listener: str, kind: Kind) -> None:
    """Counted on the wire: of 90 silent calls no more stay open than one may have; who comes after is answered."""
    mine = [each for each in methods(listener) if is_answered(kind, each)]
    with shipped.call(kind, listener) as greedy:
        for method in islice(cycle(mine), 90):
            greedy.open(path(method))
        with shipped.call(None, listener) as other:
            at_once = other.open(CHECK, message(), is_all=True)
            other.read(MARGIN_S)
            assert other.ended[at_once].status == 0
            greedy.read(MARGIN_S, shipped.config.limits.open_calls)
            assert len(greedy.open_calls) <= shipped.config.limits.open_calls
            assert {each.reason for each in greedy.ended.values()} <= {"rate_limited", ""}
            later = [other.open(CHECK, message(), is_all=True), other.open(REFLECT, message(), is_all=True)]
            other.read(MARGIN_S)
            assert [other.ended[each].status for each in later] == [0, 0]


def test_silent_verify_calls_stop_no_verify(shipped: Node) -> None:
    """Of the platform that is silent no more than its own."""
    with shipped.call(Kind.PLATFORM, "query") as greedy, shipped.call(None, "query") as other:
        for _ in range(60):
            greedy.open(VERIFY)
        asked = query.VerifyRequest(
            reason=query.Reason(purpose="verification", legal_basis="b"),
            question=query.Question(uscc="91430100MA00TEXT01"),
        )
        other.open(VERIFY, message(asked.SerializeToString()), is_all=True)
        other.read(MARGIN_S)
        assert [each.status for each in other.ended.values()] == [0]


@pytest.mark.parametrize(("method", "body"), [(VERIFY, b""), (WATCH, message())])
def test_callers_who_act_together_leave_threads_to_the_rest(shipped: Node, method: str, body: bytes) -> None:
    """Each within what one may have open, and more of them than there are threads."""
    config = shipped.config
    names = [f"{method.rpartition('/')[2].lower()}-{number}" for number in range(20)]
    term = datetime.now(UTC)
    many = [add_client(config, name, Kind.PLATFORM, shipped.folder / name, term).tls for name in names]
    with ExitStack() as stack:
        for identity in many:
            caller = stack.enter_context(RawCaller(identity, config.city, config.listen.query, shipped.folder))
            for _ in range(12 if method == VERIFY else 4):
                caller.open(method, body, is_all=bool(body))
        other = stack.enter_context(shipped.call(None, "query"))
        asked = query.VerifyRequest(
            reason=query.Reason(purpose="verification", legal_basis="b"),
            question=query.Question(uscc="91430100MA00TEXT01"),
        )
        answered = [
            other.open(VERIFY, message(asked.SerializeToString()), is_all=True),
            other.open(REFLECT, message(), is_all=True),
        ]
        other.read(MARGIN_S)
        assert [other.ended[each].status for each in answered] == [0, 0]
    for each in names:
        save_clients(config.clients, load_clients(config.clients).without(each))


def test_the_open_calls_of_a_removed_client_end(shipped: Node) -> None:
    config = shipped.config
    gone = add_client(config, "gone", Kind.PLATFORM, shipped.folder / "gone", datetime.now(UTC)).tls
    time.sleep(RECHECK_S + 0.2)
    with RawCaller(gone, config.city, config.listen.query, shipped.folder) as caller:
        for method in (VERIFY, "/node.query.v1.QueryService/VerifyRoster", REFLECT):
            caller.open(method)
        watching = caller.open(WATCH, message(), is_all=True)
        caller.read(0.5)
        assert watching in caller.open_calls
        assert len(caller.open_calls) == 4
        save_clients(config.clients, load_clients(config.clients).without("gone"))
        began_s = time.monotonic()
        caller.read(MARGIN_S)
        assert not caller.open_calls
        assert time.monotonic() - began_s < 3


def test_a_call_that_takes_one_message_refuses_none_and_what_cannot_be_read(shipped: Node) -> None:
    with shipped.call(Kind.OFFICER, "query") as caller:
        nothing = caller.open(VERIFY, is_all=True)
        garbled = caller.open(VERIFY, message(b"\xff\xff"), is_all=True)
        within = caller.open("/node.query.v1.QueryService/VerifyRoster", message(b"\xff\xff"), is_all=True)
        caller.read(MARGIN_S)
        assert {caller.ended[each].reason for each in (nothing, garbled, within)} == {"invalid_argument"}


def test_a_method_called_elsewhere_is_told_where_it_is_answered(shipped: Node) -> None:
    with shipped.call(Kind.PLATFORM, "intake") as caller:
        asked, forbidden = caller.open(VERIFY), caller.open("/node.control.v1.ControlService/Status")
        unknown = caller.open("/node.query.v1.QueryService/Forget")
        caller.read(MARGIN_S)
        assert caller.ended[asked].reason == "invalid_argument"
        assert caller.ended[forbidden].reason == "permission_denied"
        assert caller.ended[unknown].status == UNIMPLEMENTED
