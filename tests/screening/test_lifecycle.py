"""What ends leaves everywhere: terms, acts of cases, repairs; no byte of it stays with a peer."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from node.core.law.calendar import vendored_calendar
from node.core.log.body import read_body
from node.core.log.record import SALT_BYTES, Record
from node.core.standards import standard as standards
from node.core.workflow.declared import workflow
from node.errors import NodeError, Reason
from node.storage.sqlite.inspection import inspect
from node.storage.sqlite.log import OWN
from node.storage.sqlite.search import SearchIndex
from node.stubs.standard.v1 import credit_pb2
from node.usecases.casework.act import Casework
from node.usecases.casework.case_index import CaseIndex
from node.usecases.casework.lists.lifecycle import ListingLifecycle
from node.usecases.upkeep.audit import audit
from tests.kit.casework.casework_city import federation, files_with
from tests.kit.samples.standards import measure, repair
from tests.kit.stores.city import City, withheld
from tests.kit.stores.listings import DAY_MS, NAMES, USCC, act, hits, listing, publish, repository

FACTS = "绝无仅有的列入事实一二三四五六七八九十"
YEAR_MS = 366 * DAY_MS


def keep(city: City) -> list[str]:
    case_index = CaseIndex(city.store, vendored_calendar(), lambda: federation("changsha", "wuhan"))
    casework = Casework(city.store, city.clock, lambda: federation("changsha", "wuhan"), lambda _: None, case_index)
    return ListingLifecycle(city.store, city.clock, case_index.repository, None, casework.act_by_itself).run()


def current(city: City) -> list[Any]:
    """What the record of the party says, and the header of it."""
    records = [record for _, record in city.store.by_subject(f"uscc:{USCC}")]
    return [body for record in records if not (body := read_body(record)).HasField("act")]


@pytest.mark.parametrize("name", NAMES)
def test_a_term_that_ended_leaves_every_file_of_a_peer(cities: tuple[City, City], tmp_path: Path, name: str) -> None:
    own, peer = cities
    over = {"removed_on": "2026-09-30"} if name == "listing.abnormal" else {"until": "2026-09-29"}
    record = publish(own, name, listing(name, facts=FACTS, **over))
    stays = publish(
        own, name, listing(name, decision_number="另号") if name != NAMES[2] else listing(name, listed_on="2026-05-02")
    )
    peer.pull(own)
    (held,) = peer.store.records(1, 0, 1)
    salts = [opening[:SALT_BYTES] for opening in held.facets if opening]
    assert len(salts) == len(held.facets)
    index = SearchIndex(tmp_path / "search.db", peer.path)
    index.follow()
    assert files_with(tmp_path, "wuhan", FACTS.encode())
    assert not keep(own)
    own.clock.at_ms += 9 * DAY_MS
    (retraction,) = keep(own)
    assert not keep(own)
    assert own.store.records(OWN, 2, 3)[0].header.retracts == record
    assert retraction == "changsha-2"
    peer.pull(own)
    index.follow()
    index.close()
    for gone in (FACTS.encode(), *salts):
        assert not files_with(tmp_path, "wuhan", gone)
        assert not files_with(tmp_path, "search", gone)
    assert [hit.record_id for hit in hits(peer, uscc=USCC)] == ([stays] if name != NAMES[2] else [])


def test_a_serious_listing_without_a_day_is_taken_back_when_the_law_ends_it(cities: tuple[City, City]) -> None:
    own, peer = cities
    publish(own, "listing.serious", listing("listing.serious", decided_on="2023-10-01", until="", published_on=""))
    peer.pull(own)
    own.clock.at_ms += 10 * DAY_MS  # the last day
    assert keep(own) == []
    own.clock.at_ms += DAY_MS
    assert len(keep(own)) == 1
    peer.pull(own)
    assert current(peer) == []


def _serious_case(city: City, until: str = "2029-06-01") -> tuple[str, str]:
    """A listing decided and published by its own city; case and last act."""
    made: Any = listing("listing.serious", facts=FACTS, until=until, home_city="changsha", published_on="")
    made.ClearField("until")
    for field in ("decision_number", "decided_on"):
        made.ClearField(field)
    made.act.CopyFrom(act("propose"))
    case = publish(city, "listing.serious", made, audience=[])
    for name in ("consent", "pre_notice"):
        last = _follow(city, "listing.serious", name, case, audience=[])
    decided: Any = listing("listing.serious", facts=FACTS, until=until, home_city="changsha", published_on="")
    decided.act.CopyFrom(act("decide", case, [last]))
    publish(city, "listing.serious", decided, audience=["hefei"])
    return case, _follow(city, "listing.serious", "publish_here", case, audience=["hefei"])


def _follow(city: City, name: str, act_name: str, case: str, body: dict[str, Any] | None = None, **header: Any) -> str:
    """Records the next act of a case."""
    known = repository(city).open(case).case
    on = city_day(city)
    made = act(act_name, case, known.heads(workflow(name).act[act_name]), on, document_number="文1号")
    record = publish(city, name, standards.get(name).message_type(act=made, **(body or {})), **header)
    verdicts = {each.fact.id: each for each in repository(city).open(case).case.history()}
    assert verdicts[record].standing == "in_force", verdicts[record].broken
    return record


def city_day(city: City) -> str:
    from node.core.law.calendar import legal_day

    return legal_day(city.clock.now_ms()).isoformat()


def test_a_case_makes_the_record_that_others_see_and_its_end_takes_it_back(cities: tuple[City, City]) -> None:
    own, peer = cities
    case, _ = _serious_case(own)
    assert len(keep(own)) == 1
    assert not keep(own)
    peer.pull(own, see=_public)
    (hit,) = hits(peer, uscc=USCC)
    assert (hit.state, hit.since, hit.until) == ("", "2026-06-01", "2029-06-01")
    assert current(peer)[0].published_on == "2026-09-21"
    assert [each.record_id for each in hits(own, uscc=USCC)] == [hit.record_id]
    own.clock.at_ms += YEAR_MS
    _follow(own, "listing.serious", "remove_early", case)
    assert not hits(own, uscc=USCC) or hits(own, uscc=USCC)[0].record_id == hit.record_id
    keep(own)
    peer.pull(own, see=_public)
    assert not current(peer)
    assert not hits(own, uscc=USCC)
    assert not hits(peer, uscc=USCC)


def test_screening_and_the_lists_take_an_act_for_what_casework_takes_it(cities: tuple[City, City]) -> None:
    """One dated on a day to come counts for nothing, here as there."""
    own, _ = cities
    case, last = _serious_case(own)
    keep(own)
    revoking = act("revoke", case, [last], on="2026-09-23")
    publish(own, "listing.serious", standards.get("listing.serious").message_type(act=revoking), audience=["hefei"])
    assert repository(own).open(case).case.state == "published"
    assert keep(own) == []
    assert len(hits(own, uscc=USCC)) == 1


def _public(record: Record) -> Record:
    """What a city sees that is no party to a case."""
    is_seen = not record.is_open or record.header.retracts or "all" in record.header.audience
    return record if is_seen else withheld(record)


def test_reinstatement_is_a_new_record_that_names_the_old_decision(cities: tuple[City, City]) -> None:
    own, peer = cities
    case, _ = _serious_case(own)
    keep(own)
    own.clock.at_ms += YEAR_MS
    _follow(own, "listing.serious", "remove_early", case)
    keep(own)
    assert not hits(own, uscc=USCC)
    _follow(own, "listing.serious", "reinstate", case, {"until": "2030-09-22"})
    assert len(keep(own)) == 1
    peer.pull(own, see=_public)
    for city in cities:
        (hit,) = hits(city, uscc=USCC)
        assert (hit.decision_number, hit.until) == ("文1号", "2030-09-22")
    assert [body.earlier_decision_number for body in current(peer)] == ["长市监严违〔2026〕1号"]


def test_a_term_in_a_case_ends_by_itself(cities: tuple[City, City]) -> None:
    own, peer = cities
    case, _ = _serious_case(own, until="2026-10-01")
    keep(own)
    own.clock.at_ms += 10 * DAY_MS
    assert city_day(own) == "2026-10-01"
    keep(own)
    assert hits(own, uscc=USCC)
    assert repository(own).open(case).case.state == "published"
    own.clock.at_ms += DAY_MS
    assert not hits(own, uscc=USCC)
    keep(own)
    assert repository(own).open(case).case.state == "expired"
    peer.pull(own, see=_public)
    assert not current(peer)
    assert not keep(own)


def test_a_repair_takes_the_listing_back_and_fraud_brings_a_new_one(cities: tuple[City, City]) -> None:
    own, peer = cities
    record = publish(own, "listing.serious", listing("listing.serious", facts=FACTS))
    own.clock.at_ms += YEAR_MS
    opened: Any = repair()
    opened.listing, opened.home_city = record, "hefei"
    opened.act.CopyFrom(act("apply", on=city_day(own)))
    case = publish(own, "credit.repair", opened)
    _follow(own, "credit.repair", "accept", case)
    decided = {"outcome": credit_pb2.REPAIR_OUTCOME_APPROVED, "decision_number": "修1号", "decided_on": city_day(own)}
    _follow(own, "credit.repair", "approve", case, decided)
    assert not keep(own)
    assert hits(own, uscc=USCC)
    _follow(own, "credit.repair", "execute", case)
    assert len(keep(own)) == 1
    peer.pull(own)
    assert not hits(peer, uscc=USCC)
    annulled = {"outcome": credit_pb2.REPAIR_OUTCOME_REVOKED, "decision_number": "撤1号", "decided_on": city_day(own)}
    _follow(own, "credit.repair", "annul_for_fraud", case, annulled)
    assert len(keep(own)) == 1
    peer.pull(own)
    (hit,) = hits(peer, uscc=USCC)
    assert (hit.decision_number, hit.until) == ("撤1号", "2030-09-22")
    assert not keep(own)


def test_a_measure_lifts_by_itself_after_its_last_day(cities: tuple[City, City]) -> None:
    own, _ = cities
    body: Any = measure()
    body.ends_on = "2026-10-01"
    body.act.CopyFrom(act("issue"))
    case = publish(own, "measure.request", body)
    assert repository(own).open(case).case.state == "issued"
    assert not keep(own)
    own.clock.at_ms += 20 * DAY_MS
    keep(own)
    assert repository(own).open(case).case.state == "expired"
    size = own.store.origin("changsha").size
    keep(own)
    assert own.store.origin("changsha").size == size


def test_the_own_copy_goes_when_its_retention_is_over(cities: tuple[City, City], tmp_path: Path) -> None:
    own, _ = cities
    first = publish(own, "listing.serious", listing("listing.serious", facts=FACTS, until="2026-10-01"), "row")
    publish(own, "listing.serious", listing("listing.serious", facts=FACTS + "更正", until="2026-10-01"), "row")
    kept = publish(own, "listing.abnormal", listing("listing.abnormal", decision_number="另号"))
    own.clock.at_ms += 20 * DAY_MS
    keep(own)
    own.clock.at_ms += 3 * YEAR_MS - 30 * DAY_MS
    keep(own)
    assert files_with(tmp_path, "changsha", FACTS.encode())
    own.clock.at_ms += 40 * DAY_MS
    keep(own)
    assert not files_with(tmp_path, "changsha", FACTS.encode())
    assert not any(record.is_open for record in own.store.records(OWN, 0, 2))
    with inspect(own.path) as inspection:
        assert [each.faults for each in audit(inspection, lambda _: [own.key], lambda *_: None)] == [[]]
    assert (first, [hit.record_id for hit in hits(own, uscc=USCC)]) == ("changsha-0", [kept])


def test_what_a_full_disk_kept_from_ending_ends_at_the_next_run(
    cities: tuple[City, City], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, _ = cities
    record = publish(own, NAMES[0], listing(NAMES[0], until="2026-09-29"))
    keeper = ListingLifecycle(own.store, own.clock, repository(own))
    assert keeper.run() == []
    own.clock.at_ms += YEAR_MS

    def full(*_: object) -> Future[Any]:
        failed: Future[Any] = Future()
        failed.set_exception(NodeError(Reason.STORAGE_FULL, "full"))
        return failed

    with monkeypatch.context() as disk:
        disk.setattr(own.store, "append", full)
        with pytest.raises(NodeError, match="full"):
            keeper.run()
    [gone] = keeper.run()
    (retraction,) = own.store.records(OWN, int(gone[-1]), int(gone[-1]) + 1)
    assert retraction.header.retracts == record
    assert keeper.run() == []
