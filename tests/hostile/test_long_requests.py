"""Every field of every request given far too much: refused in words before anything is done with it. Generated."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from node.bootstrap import node_role, query_role  # noqa: F401 - with them every service that is served is there
from node.core.members.clients import Kind
from node.errors import NodeError, Reason
from node.rpc.request_bounds import bounded
from node.rpc.services import SERVICE_KINDS
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.screening.v1.screening_pb2 import Entry
from node.usecases.casework.lists.screen import digest_keys
from node.usecases.records.verify_operator import Asker, VerifyOperator
from tests.kit.nodes.query_world import World
from tests.kit.stores.city import PURPOSE, City, operator

# Characters that NFKC makes eighteen of each, three bytes each: one MiB and more.
LONG = "ﷺ" * 400_000
USCC = "914300007121944054"
# What is taken at such a length: it is hashed, stored or parsed in proportion, or answered for itself in a batch.
_CELL = 32_767


def methods() -> Iterator[MethodDescriptor]:
    for name in SERVICE_KINDS:
        yield from Default().FindServiceByName(name).methods


def paths(descriptor: Descriptor, before: tuple[FieldDescriptor, ...] = ()) -> Iterator[tuple[FieldDescriptor, ...]]:
    """Every field that may hold much, as the way to it."""
    for field in descriptor.fields:
        way = (*before, field)
        if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES) or field.is_repeated:
            yield way
        if field.message_type:
            yield from paths(field.message_type, way)


def stuffed(method: MethodDescriptor, way: tuple[FieldDescriptor, ...]) -> Message:
    """A request with one field of it full."""
    request = GetMessageClass(method.input_type)()
    at: Any = request
    for field in way[:-1]:
        at = getattr(at, field.name).add() if field.is_repeated else getattr(at, field.name)
    last = way[-1]
    value: Any = LONG if last.type == FieldDescriptor.TYPE_STRING else LONG.encode()
    if last.is_repeated and last.message_type:
        for _ in range(20_000):
            getattr(at, last.name).add()
    elif last.is_repeated:
        getattr(at, last.name).append(value if last.type != FieldDescriptor.TYPE_ENUM else 1)
    else:
        setattr(at, last.name, value)
    return request


CASES = [(method, way) for method in methods() for way in paths(method.input_type)]


def _name(case: tuple[MethodDescriptor, tuple[FieldDescriptor, ...]]) -> str:
    return f"{case[0].containing_service.name}.{case[0].name}-{'.'.join(field.name for field in case[1])}"


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_a_request_that_is_too_long_is_refused_before_it_is_looked_at(
    case: tuple[MethodDescriptor, tuple[FieldDescriptor, ...]],
) -> None:
    request = stuffed(*case)
    for given in (request, iter([request])):
        with pytest.raises(NodeError) as caught:
            bounded(given) if given is request else next(bounded(given))
        assert caught.value.reason is Reason.INVALID_ARGUMENT
        assert case[1][-1].name in caught.value.message
        assert LONG[:10] not in caught.value.message


@pytest.mark.parametrize("field", [each.name for each in query.Question.DESCRIPTOR.fields])
def test_a_cell_of_a_roster_that_is_too_long_costs_no_other_anything(tmp_path: Path, field: str) -> None:
    city = City(tmp_path, "changsha")
    city.register(operator(USCC))
    verifier, asker = VerifyOperator(city.store, city.clock, 10**12), Asker(PURPOSE, is_officer=True)
    question = query.Question(uscc=USCC)
    setattr(question, field, LONG[:_CELL])
    began_s = process_time()
    *long, right = verifier.verify_all([question] * 200 + [query.Question(uscc=USCC)], asker)
    assert process_time() - began_s < 2  # 200 cells normalised would take ten times as long
    assert {each.result for each in long} == {query.RESULT_DOUBTFUL}
    assert right.result == query.RESULT_MATCH
    with pytest.raises(NodeError) as caught:
        verifier.verify(question, asker)
    assert caught.value.reason is Reason.INVALID_ARGUMENT
    assert field in caught.value.message
    city.close()


def test_an_entry_of_a_roster_that_is_too_long_is_no_key() -> None:
    long = Entry(uscc=LONG[:_CELL], licence_number=LONG[:_CELL])
    assert not any(each.keys for each in digest_keys([long] * 200))


def test_a_running_node_refuses_them_all(tmp_path: Path) -> None:
    """Over mTLS, as an officer: the answer is INVALID_ARGUMENT, and the next question is answered."""
    world = World(tmp_path)
    with world.asking(Kind.OFFICER) as stub:
        reason = query.Reason(purpose=PURPOSE, legal_basis="b")
        for method, way in islice((case for case in CASES if case[0].containing_service.name == "QueryService"), 40):
            call, request = getattr(stub, method.name), stuffed(method, way)
            with pytest.raises(grpc.RpcError) as caught:
                list(call(iter([request]), timeout=20)) if method.client_streaming else call(request, timeout=20)
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT, (method.name, way[-1].name)
        answered = stub.Verify(query.VerifyRequest(reason=reason, question=query.Question(uscc=USCC)), timeout=20)
        assert answered.answer.result == query.RESULT_MATCH
    world.close()
