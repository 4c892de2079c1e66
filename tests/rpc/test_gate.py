"""The gate over several listeners and over unary calls, and the handshake that `federation check` makes."""

from dataclasses import replace
from pathlib import Path

import pytest

from node.config import Config
from node.errors import NodeError, Reason
from node.rpc.federation_check import probe
from node.rpc.gate import Gate
from node.rpc.limits import Limiter
from node.rpc.principal import Roster
from node.rpc.tls import peer_channel
from node.storage.files import load_federation
from node.storage.founding import free_ports
from node.storage.trust import Trust
from tests.rpc.listener import WhoAsks, ask, channel, found, identity, refusal, serving


@pytest.fixture
def cities(tmp_path: Path) -> dict[str, Config]:
    return found(tmp_path)


def test_one_gate_serves_several_listeners_without_mixing_their_services(cities: dict[str, Config]) -> None:
    config, wuhan = cities["changsha"], identity(cities["wuhan"])
    gate = Gate(Roster(Trust(config)), Limiter(config.limits))
    refusing = WhoAsks()
    refusing.error = NodeError(Reason.STALE, "the other listener")
    (port,) = free_ports(1)
    listen = config.listen.model_copy(update={"exchange": f"127.0.0.1:{port}"})
    second = config.model_copy(update={"listen": listen})
    with serving(config, gate=gate), serving(second, refusing, gate=gate) as address:
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
