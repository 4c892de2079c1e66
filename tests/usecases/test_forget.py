"""Forgetting the log of a peer that begins anew: what of the own log would then be misread is named."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from node.core.log.record import CASEWORK
from node.core.members.federation import Federation
from node.errors import NodeError, Reason
from node.stubs.record.v1.record_pb2 import Header
from node.usecases.exchange import forget as usecase
from node.usecases.records.retract import retract
from tests.kit.casework.casework_city import with_act
from tests.kit.stores.city import City, operator
from tests.kit.stores.listings import entry, listing


def test_own_acts_in_its_cases_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, peer = City(tmp_path, "changsha"), City(tmp_path, "wuhan")
    name = "listing.serious"
    cases = ("wuhan-3", "wuhan-4", "hefei-3", "wuhan-5")
    bodies = [with_act(listing(name), "object", case=case, follows=[case]) for case in cases]
    acts = own.append([entry(own, name, body, source=CASEWORK) for body in bodies])
    own.retract(acts[-1])
    peer.register(operator())
    own.pull(peer)
    row = own.register(operator("91430100MA00TEXT01"))
    own.close()
    monkeypatch.setattr(usecase, "load_federation", lambda _: Federation(()))
    config = SimpleNamespace(city="changsha", federation=None, data_dir=tmp_path, node_db=tmp_path / "changsha.db")
    assert usecase.forget(config, "wuhan", 1) == (1, acts[:2])  # type: ignore[arg-type]
    peer.close()
    # These alone, and rows, may an officer take back: what a case made is not one person's to undo.
    own = City(tmp_path, "changsha")
    why = Header(purpose="correction", legal_basis="b")
    for record in (*acts[:2], row):
        retract(own.store, own.clock, record, why, by_officer=True)
    with pytest.raises(NodeError) as refused:
        retract(own.store, own.clock, acts[2], why, by_officer=True)
    assert refused.value.reason is Reason.WRONG_ACTOR
    own.close()
