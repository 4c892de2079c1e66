"""The client of a node where nobody answers; where a node does, the commands, adapters and docs/platforms.md use it."""

from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest

from node.client import NodeClient, load_identity
from node.core.members.clients import Kind
from node.demo.founding import found_federation, free_ports
from node.errors import NodeError, Reason, TransientError
from node.folder.identity import add_client
from node.stubs.intake.v1 import intake_pb2
from node.stubs.query.v1 import query_pb2 as query


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The identity of an adapter whose node does not run."""
    [config] = found_federation(tmp_path / "node", datetime.now(UTC), ("wuhan",))
    add_client(config, "registry", Kind.ADAPTER, tmp_path / "registry", datetime.now(UTC))
    return tmp_path / "registry"


def test_waiting_ends_and_names_the_address(folder: Path) -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    with NodeClient.open(folder, address=address) as node, pytest.raises(TransientError, match=address) as error:
        node.wait("intake", 0.5)
    assert error.value.reason is Reason.UNAVAILABLE


def test_a_listener_that_does_not_answer_this_kind_of_client_is_refused_here(folder: Path) -> None:
    with NodeClient.open(folder) as node, pytest.raises(NodeError) as error:
        node.channel("control")
    assert error.value.reason is Reason.PERMISSION_DENIED


def test_a_failed_call_is_a_node_error_within_errors_and_at_the_end_of_the_block(folder: Path) -> None:
    request = query.VerifyRequest()
    with NodeClient.open(folder) as node:
        with pytest.raises(grpc.RpcError):
            node.query.Verify(request, timeout=5)
        with pytest.raises(TransientError) as error, node.errors():
            node.query.Verify(request, timeout=5)
    assert error.value.reason is Reason.UNAVAILABLE
    with pytest.raises(TransientError), NodeClient.open(folder) as node:
        list(node.intake.Submit(iter([intake_pb2.SubmitRequest()]), timeout=5))


def test_an_identity_of_a_later_release_may_say_more(folder: Path) -> None:
    known = load_identity(folder)
    with (folder / "client.yaml").open("a", encoding="utf-8") as about:
        about.write("later: something\n")
    assert load_identity(folder) == known
