"""Who connects and says nothing, stranger or member, holds a bounded number of connections, and not for long."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from node.config import Config
from node.errors import NodeError
from node.rpc import tls
from tests.kit.nodes.listener import ask, channel, found, identity, serving
from tests.kit.waiting import eventually

MOST, HANDSHAKE_S, IDLE_S = 20, 2, 3


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Config]:
    return found(tmp_path_factory.mktemp("strangers"))


@pytest.fixture
def address(configs: dict[str, Config], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(tls, "MAX_CONNECTIONS", MOST)
    monkeypatch.setattr(tls, "HANDSHAKE_S", HANDSHAKE_S)
    monkeypatch.setattr(tls, "IDLE_S", IDLE_S)
    with serving(configs["changsha"]) as address:
        yield address


def connect(address: str, stack: ExitStack) -> socket.socket:
    host, _, port = address.rpartition(":")
    return stack.enter_context(socket.create_connection((host, int(port)), timeout=20))


def is_closed(connection: socket.socket, within_s: float) -> bool:
    connection.settimeout(within_s)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def test_one_who_never_shakes_hands_is_let_go(address: str) -> None:
    with ExitStack() as stack:
        began_s = time.monotonic()
        assert is_closed(connect(address, stack), 20)
        assert time.monotonic() - began_s >= HANDSHAKE_S / 2


def test_strangers_hold_a_bounded_number_of_connections_and_members_come_after_them(
    address: str, configs: dict[str, Config]
) -> None:
    with ExitStack() as stack:
        held = [connect(address, stack) for _ in range(2 * MOST)]
        at_once = [each for each in held if is_closed(each, 0.02)]
        assert len(at_once) >= MOST
        assert all(is_closed(each, 20) for each in held if each not in at_once)
        with channel(identity(configs["wuhan"]), configs["changsha"]) as connection:
            assert ask(connection) == "peer/wuhan"


def test_a_member_that_uses_none_of_its_connections_leaves_them_to_the_others(
    address: str, configs: dict[str, Config]
) -> None:
    wuhan, hefei = identity(configs["wuhan"]), identity(configs["hefei"])

    def is_answered() -> bool:
        with channel(hefei, configs["changsha"]) as connection:
            try:
                return ask(connection) == "peer/hefei"
            except NodeError:
                return False

    with ExitStack() as stack:
        held = [stack.enter_context(channel(wuhan, configs["changsha"])) for _ in range(MOST)]
        assert {ask(each) for each in held} == {"peer/wuhan"}
        assert not is_answered()
        eventually(is_answered)
        assert {ask(each) for each in held[:-1]} == {"peer/wuhan"}  # they connect again when there is something to ask
