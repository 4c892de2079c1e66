"""A confirmed hit is a case whose first shared act reaches the listing city; before it nobody else sees anything."""

from datetime import date

import pytest

from node.core.law.calendar import vendored_calendar
from node.core.members.actor import Actor
from node.core.members.officers import Account, OfficerRole
from node.core.screening import hit_of
from node.core.standards.standard import get
from node.stubs.screening.v1.screening_pb2 import Entry, Hit
from node.stubs.standard.v1 import listing_pb2
from node.stubs.standard.v1.act_pb2 import Act
from node.stubs.standard.v1.listing_pb2 import ListingHit
from node.usecases.casework.act import Casework
from node.usecases.casework.case_index import CaseIndex
from node.usecases.casework.propose import Submission
from tests.kit.casework.casework_city import federation
from tests.kit.stores.city import City
from tests.kit.stores.listings import HMAC, LICENCE, USCC, hits, listing, publish

DAY = date(2026, 9, 21)


def test_the_listing_city_is_told_what_matched_and_by_whom_it_was_confirmed(cities: tuple[City, City]) -> None:
    listing_city, own = cities
    record = publish(listing_city, "listing.serious", listing("listing.serious"))
    own.pull(listing_city)
    (hit,) = hits(own, uscc=USCC)
    body = hit_of(hit, Entry(uscc=USCC, licence_number=LICENCE), "某某", "武汉", "某平台入驻名单", DAY)
    told: set[str] = set()
    case_index = CaseIndex(own.store, vendored_calendar(), lambda: federation("changsha", "hefei"))
    casework = Casework(own.store, own.clock, lambda: federation("changsha", "hefei"), told.update, case_index)
    officer = Actor("zhang", Account("张三", (OfficerRole.CASE_OFFICER,), "420100001"))
    opened = casework.act(officer, _submission("screen", body))
    casework.act(officer, _submission("confirm", ListingHit(confirmed_on="2026-09-21"), opened.case))
    assert told <= {"wuhan"}
    recorded = casework.act(officer, _submission("tell", body, opened.case))
    assert (recorded.state, recorded.audience, told) == ("told", ("changsha", "wuhan"), {"changsha", "wuhan"})
    acts = casework.open(officer, opened.case).acts
    said = acts[recorded.id].body
    assert isinstance(said, ListingHit)
    assert (said.listing, said.party.uscc, said.party.licence_number) == (record, USCC, "")
    assert (said.screened_by, said.screened_at, said.screened_on) == ("武汉", "某平台入驻名单", "2026-09-21")
    assert said.act.maker.name == "张三"


def _submission(act: str, body: ListingHit, case: str = "") -> Submission:
    made = ListingHit(act=Act(act=act))
    made.MergeFrom(body)
    return Submission("listing.hit", case, made.SerializeToString())


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (Entry(uscc=USCC), listing_pb2.MATCH_KEY_USCC),
        (Entry(uscc="430100000012345"), listing_pb2.MATCH_KEY_LEGACY_NUMBER),
        (Entry(licence_number=LICENCE), listing_pb2.MATCH_KEY_LICENCE),
        (Entry(id_hmac=HMAC), listing_pb2.MATCH_KEY_ID_HMAC),
    ],
)
def test_a_hit_carries_the_key_that_matched(entry: Entry, kind: listing_pb2.MatchKey.ValueType) -> None:
    hit = Hit(list=listing_pb2.LIST_KIND_SERIOUS, record_id="changsha-1", matched_on=kind)
    body = hit_of(hit, entry, "", "武汉", "名单", DAY)
    body.act.CopyFrom(Act(act="screen", city="wuhan", date="2026-09-21"))
    standard = get("listing.hit")
    assert not [finding for finding in standard.findings(body) if not finding.warning and "act" not in finding.field]
    assert len(standard.subjects(body)) == 1
