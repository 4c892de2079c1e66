"""Strangers who connect and say nothing: they hold a bounded number of connections, and not for long."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from node.config import Config
from node.rpc import tls
from tests.rpc.listener import ask, channel, found, identity, serving

MOST, HANDSHAKE_S = 20, 2


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Config]:
    return found(tmp_path_factory.mktemp("strangers"))


@pytest.fixture
def address(configs: dict[str, Config], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(tls, "MAX_CONNECTIONS", MOST)
    monkeypatch.setattr(tls, "HANDSHAKE_S", HANDSHAKE_S)
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
