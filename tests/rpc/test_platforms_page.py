"""docs/platforms.md says what a platform finds where; its examples run, and print what it says."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import grpc
import pytest

from node.client.channel import identity_channel
from node.core.members.clients import Kind
from node.core.workflow.declared import workflow
from node.errors import Reason
from node.folder.identity import SERVICES, load_identity
from node.rpc.services import LISTENERS, SERVICE_KINDS
from node.stubs.casework.v1 import casework_pb2 as cases
from node.stubs.casework.v1.casework_pb2_grpc import CaseServiceStub
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.query.v1.query_pb2_grpc import QueryServiceStub
from node.stubs.standard.v1 import measure_pb2
from tests.kit.casework.casework_city import act
from tests.kit.commands import output_of
from tests.kit.nodes.platform_city import BASH, EXAMPLES, PAGE, PYTHON, PlatformCity, platform_city
from tests.kit.nodes.processes import refused
from tests.kit.waiting import eventually

WHY = query.Reason(purpose="verification", legal_basis="b")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformCity]:
    with platform_city(tmp_path_factory.mktemp("platforms")) as made:
        yield made


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def served() -> set[tuple[str, str]]:
    """Listener and service, of all that answers a platform."""
    return {
        (listener, service)
        for listener in SERVICES[Kind.PLATFORM]
        for service in LISTENERS[listener]
        if service.startswith("node.") and Kind.PLATFORM in SERVICE_KINDS[service]
    }


def methods(service: str) -> list[str]:
    package, name = service.rsplit(".", 1)
    declared = import_module(
        f"{package.replace('node', 'node.stubs', 1)}.{package.split('.')[1]}_pb2"
    ).DESCRIPTOR.services_by_name[name]
    return [method.name for method in declared.methods]


def calls_in(section: str) -> set[tuple[str, str]]:
    """Service and method, of the rows of a table that follows a sentence."""
    table = PAGE.split(section, 1)[1].split("\n\n", 2)[1]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)
    return {(service, call) for service, calls in rows for call in re.findall(r"`(\w+)`", calls)}


FOR_PLATFORMS = calls_in("A platform may call:")
FOR_OFFICERS = calls_in("These calls are for officers")


def test_the_page_lists_every_service_that_answers_a_platform() -> None:
    rows = re.findall(r"^\| ([a-z, ]+) \| `(node\.[\w.]+)` \|", PAGE, re.MULTILINE)
    assert {(listener, service) for listeners, service in rows for listener in listeners.split(", ")} == served()


def test_the_page_lists_every_call_of_these_services() -> None:
    declared = {(service.rpartition(".")[2], call) for _, service in served() for call in methods(service)}
    assert declared == FOR_PLATFORMS | FOR_OFFICERS
    assert not FOR_PLATFORMS & FOR_OFFICERS


@pytest.mark.parametrize("call", sorted(FOR_PLATFORMS))
def test_every_call_for_platforms_has_an_example(call: tuple[str, str]) -> None:
    assert any(f".{call[1]}(" in each.text for each in PYTHON), call


def test_every_act_of_a_platform_in_a_measure_has_an_example() -> None:
    text = "\n".join(each.text for each in PYTHON)
    own = {each.name for each in workflow("measure.request").acts if "platform" in each.by and not each.is_automatic}
    assert own == {name for name in own if re.search(rf'^act\(\w+, "{name}"', text, re.MULTILINE)}


def test_the_examples_print_what_the_page_says(city: PlatformCity) -> None:
    told = city.program()
    for example, printed in zip(PYTHON, told, strict=True):
        assert lines(printed) == lines(example.says), example.text
    for example in BASH[1:]:
        assert lines(city.shell(example.text)) == lines(example.says), example.text
    assert all(each.says for each in EXAMPLES[1:])


def officers_calls(city: PlatformCity) -> dict[tuple[str, str], Callable[[], Any]]:
    """The calls that are refused, each with a request that an officer could make."""
    case = city.ask()
    body = measure_pb2.MeasureRequest(act=act("lift", reasons="理由")).SerializeToString()
    submission = cases.Submission(workflow="measure.request", case=case, body=body)
    draft = city.stub("zhang").Prepare(cases.PrepareRequest(submission=submission), timeout=20).draft.number
    ack = measure_pb2.MeasureRequest(act=act("ack")).SerializeToString()
    submission.body = ack
    identity = load_identity(city.folder / "jd")
    asker, worker = (identity_channel(identity, listener) for listener in ("query", "intake"))
    city.node.channels += [asker, worker]
    stubs = {"QueryService": QueryServiceStub(asker), "CaseService": CaseServiceStub(worker)}
    requests = {
        "Show": query.ShowRequest(reason=WHY, subject="uscc:914300007121944054"),
        "Search": query.SearchRequest(reason=WHY, text="建设"),
        "ListRecords": query.ListRecordsRequest(reason=WHY, city="changsha"),
        "Prove": query.ProveRequest(reason=WHY, id="changsha-0"),
        "ListUsage": query.ListUsageRequest(reason=WHY),
        "Prepare": cases.PrepareRequest(submission=submission),
        "Approve": cases.ApproveRequest(draft=draft),
        "TakeUp": cases.TakeUpRequest(draft=draft),
        "Discard": cases.DiscardRequest(draft=draft),
        "ShowDraft": cases.ShowDraftRequest(draft=draft),
        "Route": cases.RouteRequest(case=case),
        "Scorecard": cases.ScorecardRequest(),
    }
    return {
        (name, call): partial(getattr(stubs[name], call), requests[call], timeout=20) for name, call in FOR_OFFICERS
    }


def test_every_call_for_officers_is_refused_to_a_platform(city: PlatformCity) -> None:
    reasons = {call: refused(ask).reason for call, ask in officers_calls(city).items()}
    drafts = {("CaseService", each): Reason.NOT_FOUND for each in ("Approve", "TakeUp", "Discard", "ShowDraft")}
    others = {("CaseService", "Prepare"): Reason.WRONG_ACTOR, ("CaseService", "Route"): Reason.INVALID_ARGUMENT}
    assert reasons == dict.fromkeys(FOR_OFFICERS, Reason.PERMISSION_DENIED) | drafts | others


def test_the_pages_client_follows_a_change_of_the_nodes_certificate(
    city: PlatformCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(city.folder)
    made: dict[str, Any] = {}
    exec(PYTHON[0].text, made)
    server = Path("jd/server.crt")
    old = server.read_text()
    output_of("key", "rotate", "--tls", "--node", city.node.folder)
    eventually(made["node"].follow)
    assert server.read_text() != old
    assert made["node"].follow() is False
    with made["node"].channel("intake") as channel:
        grpc.channel_ready_future(channel).result(10)
