"""The look-up of a principal: right, prompt and cheap."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from node.core.members.clients import Kind
from node.errors import NodeError, Reason
from node.folder.files import load_clients, save_clients
from node.folder.identity import add_client
from node.folder.trust import RECHECK_S, Trust
from node.rpc.principal import Principal, Principals
from node.rpc.services import SERVICE_KINDS
from node.stubs.casework.v1 import casework_pb2
from node.stubs.control.v1 import control_pb2
from node.stubs.evidence.v1 import evidence_pb2
from node.stubs.exchange.v1 import exchange_pb2
from node.stubs.intake.v1 import intake_pb2
from node.stubs.query.v1 import query_pb2
from node.stubs.screening.v1 import screening_pb2
from node.stubs.trust.v1 import trust_pb2
from tests.kit.nodes.listener import NOW, found, identity


def test_every_service_of_ours_says_whom_it_answers() -> None:
    files = (casework_pb2, control_pb2, evidence_pb2, exchange_pb2, intake_pb2, query_pb2, screening_pb2, trust_pb2)
    names = {service.full_name for file in files for service in file.DESCRIPTOR.services_by_name.values()}
    assert names == {name for name in SERVICE_KINDS if name.startswith("node.")}
    for_peers = {"node.exchange.v1.ExchangeService", "node.evidence.v1.EvidenceExchangeService"}
    assert {name for name in names if Kind.PEER in SERVICE_KINDS[name]} == for_peers
    shared = (
        "casework.v1.Case", "query.v1.Query", "screening.v1.Screening", "evidence.v1.PlatformEvidence", "trust.v1.Trust"
    )  # fmt: skip
    for_platforms = {f"node.{name}Service" for name in shared}
    assert {name for name in names if Kind.PLATFORM in SERVICE_KINDS[name]} == for_platforms


def test_names_and_kinds(tmp_path: Path) -> None:
    cities = found(tmp_path)
    config = cities["changsha"]
    jd = add_client(config, "jd", Kind.PLATFORM, tmp_path / "jd", NOW).tls
    roster = Principals(Trust(config))
    assert roster.resolve(identity(cities["wuhan"]).cert_pem) == Principal(Kind.PEER, "wuhan")
    assert roster.resolve(jd.cert_pem) == Principal(Kind.PLATFORM, "jd")


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN CERTIFICATE-----"])
def test_anything_else_is_unauthenticated(tmp_path: Path, pem: bytes) -> None:
    with pytest.raises(NodeError) as caught:
        Principals(Trust(found(tmp_path)["changsha"])).resolve(pem)
    assert caught.value.reason is Reason.UNAUTHENTICATED


def test_a_removed_client_is_forgotten_within_the_second_and_a_term_has_two_ends(tmp_path: Path) -> None:
    config = found(tmp_path)["changsha"]
    jd = add_client(config, "jd", Kind.PLATFORM, tmp_path / "jd", NOW).tls
    now_s = [NOW.timestamp()]
    roster = Principals(Trust(config), lambda: now_s[0])
    roster.resolve(jd.cert_pem)
    for away in (timedelta(days=-3651), timedelta(days=731)):
        now_s[0] = (NOW + away).timestamp()
        with pytest.raises(NodeError, match="expired or not yet valid"):
            roster.resolve(jd.cert_pem)
    save_clients(config.clients, load_clients(config.clients).without("jd"))
    time.sleep(RECHECK_S + 0.1)
    with pytest.raises(NodeError, match="no longer"):
        roster.resolve(jd.cert_pem)


def test_a_lookup_costs_next_to_nothing(tmp_path: Path) -> None:
    cities = found(tmp_path)
    roster, pem = Principals(Trust(cities["changsha"])), identity(cities["wuhan"]).cert_pem
    # gRPC hands over a new bytes object for every call.
    copies = [bytes(bytearray(pem)) for _ in range(2000)]
    best_s = float("inf")
    for _ in range(5):
        started = time.thread_time()
        for copy in copies:
            roster.resolve(copy)
        best_s = min(best_s, (time.thread_time() - started) / len(copies))
    assert best_s < 20e-6  # 5 us on an idle machine; the margin is for a busy one
