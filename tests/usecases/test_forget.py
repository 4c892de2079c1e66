"""Forgetting the log of a peer that begins anew: what of the own log would then be misread is named."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from node.core.federation import Federation
from node.usecases import forget as usecase
from tests.casework.desks import with_act
from tests.cities import City, operator
from tests.screening.listings import entry, listing


def test_own_acts_in_its_cases_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, peer = City(tmp_path, "changsha"), City(tmp_path, "wuhan")
    name = "listing.serious"
    cases = ("wuhan-3", "wuhan-4", "hefei-3", "wuhan-5")
    bodies = [with_act(listing(name), "object", case=case, follows=[case]) for case in cases]
    acts = own.append([entry(own, name, body) for body in bodies])
    own.retract(acts[-1])
    peer.register(operator())
    own.pull(peer)
    own.close()
    monkeypatch.setattr(usecase, "load_federation", lambda _: Federation(()))
    config = SimpleNamespace(city="changsha", federation=None, data_dir=tmp_path, node_db=tmp_path / "changsha.db")
    assert usecase.forget(config, "wuhan", 1) == (1, acts[:2])  # type: ignore[arg-type]
    peer.close()
