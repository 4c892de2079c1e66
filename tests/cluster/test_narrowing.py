"""Two real nodes: what a city withdraws from a peer by its policy leaves that peer by a hint, not by the schedule."""

from contextlib import ExitStack
from pathlib import Path

from node.storage.sqlite.reader import Reader
from node.stubs.control.v1 import control_pb2, control_pb2_grpc
from tests.kit.nodes.office import SLOW
from tests.kit.nodes.processes import Running, batch, found
from tests.kit.waiting import eventually


def policy(*facets: str) -> str:
    share = f"with: [all]\n    purpose: verification\n    facets: [{', '.join(facets)}]"
    return f"city: changsha\nrules:\n  - share: operator.registration\n    {share}\n"


def facets_held(reader: Reader) -> set[int]:
    (record,) = reader.records(reader.origin("changsha").number, 0, 1)
    return set(record.disclosed)


def test_a_narrowing_reaches_a_peer_at_once(tmp_path: Path) -> None:
    changsha, hefei = found(tmp_path, "changsha", "hefei", settings=SLOW, changsha=policy("public", "regulator"))
    with ExitStack() as stack:
        origin, peer = (stack.enter_context(Running(config)) for config in (changsha, hefei))
        list(origin.submit(iter([batch(1)])))
        control = control_pb2_grpc.ControlServiceStub(peer.channel("control"))
        list(control.Sync(control_pb2.SyncRequest(cities=["changsha"]), timeout=60))
        reader = Reader(hefei.node_db)
        assert facets_held(reader) == {1, 2}
        changsha.policy.write_text(policy("public"), encoding="utf-8")
        eventually(lambda: facets_held(reader) == {1}, "the facet is gone", timeout_s=15)
