"""Listings in casework: terms, consent and notice, nothing that ended decided anew, three lists never merged."""

import pytest

from node.core.standards import standard as standards
from node.core.workflow.declared import WORKFLOWS
from node.errors import NodeError, Reason
from node.stubs.standard.v1 import listing_pb2, penalty_pb2
from node.usecases.casework.lists.lifecycle import ListingLifecycle
from node.usecases.casework.propose import ActRefusedError
from tests.kit.casework.casework_city import LI, CaseworkCity, act, at, broken_in, with_act
from tests.kit.casework.listings import deciding, listed, told_beforehand
from tests.kit.samples.standards import hit, serious


def test_a_decision_number_of_a_listing_that_ended_is_refused(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    """In casework as at intake: who left the list comes back by a new decision alone."""
    changsha, _ = desks
    case = changsha.decide("listing.abnormal", "", listed()).case
    keep = ListingLifecycle(changsha.store, changsha.clock, changsha.cases.repository)
    assert len(keep.run()) == 1
    removed = listing_pb2.ListingAbnormal(act=act("remove", reasons="已补报", document_number="移1号"))
    changsha.decide("listing.abnormal", case, removed)
    assert len(keep.run()) == 1
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide("listing.abnormal", "", listed())
    assert broken_in(caught) == {("listing.abnormal.list.decision_number", Reason.ACT_NOT_ALLOWED)}
    again = listed()
    again.decision_number = "长市监列异〔2026〕2号"
    assert changsha.decide("listing.abnormal", "", again).state == "listed"


@pytest.mark.parametrize(
    ("until", "decided_on"),
    [("2029-05-07", "2026-05-06"), ("2099-01-01", "2026-05-06"), ("2029-05-06", "2026-05-05")],
)
def test_no_serious_listing_is_decided_for_longer_than_three_years(
    desks: tuple[CaseworkCity, CaseworkCity], until: str, decided_on: str
) -> None:
    case = told_beforehand(desks[0])
    with pytest.raises(ActRefusedError) as caught:
        desks[0].decide("listing.serious", case, deciding(until, decided_on))
    assert broken_in(caught) == {("listing.serious.decide.listing.serious.term", Reason.ACT_NOT_ALLOWED)}
    assert {each.law.article for each in caught.value.broken} == {"21"}
    assert desks[0].decide("listing.serious", case, deciding("2029-05-06")).state == "decided"


def test_correction_1_a_listing_lasts_as_long_as_the_penalty_restricts_business(
    desks: tuple[CaseworkCity, CaseworkCity],
) -> None:
    """Five years, where the penalty bars from the occupation for five: decided, and not ended after three."""
    changsha, _ = desks
    case = told_beforehand(changsha)
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide("listing.serious", case, deciding("2031-05-06"))
    assert broken_in(caught) == {("listing.serious.decide.listing.serious.term", Reason.ACT_NOT_ALLOWED)}
    barred = listing_pb2.PenaltyLink(
        decision_number="罚1号",
        kinds=[penalty_pb2.PENALTY_KIND_OCCUPATION_RESTRICTED],
        decided_on="2026-05-06",
        restricted_until="2031-05-06",
    )
    longer, until = deciding("2031-05-07"), deciding("2031-05-06")
    for body in (longer, until):
        body.penalty.CopyFrom(barred)
    with pytest.raises(ActRefusedError):
        changsha.decide("listing.serious", case, longer)
    assert changsha.decide("listing.serious", case, until).state == "decided"
    keep = ListingLifecycle(
        changsha.store, changsha.clock, changsha.cases.repository, act_by_itself=changsha.casework.act_by_itself
    )
    (record,) = keep.run()
    for day, state in (("2029-05-08", "decided"), ("2031-05-06", "decided"), ("2031-05-07", "expired")):
        changsha.clock.at_ms = at(day)
        keep.run()
        assert changsha.state(case) == state
    assert changsha.store.version(int(record.rpartition("-")[2]))[1]  # and the record was retracted then


def test_correction_1_only_a_penalty_that_restricts_has_such_an_end() -> None:
    link = listing_pb2.PenaltyLink(
        decision_number="罚1号", kinds=[penalty_pb2.PENALTY_KIND_FINE], restricted_until="2031-05-06"
    )
    body = serious()
    assert isinstance(body, listing_pb2.ListingSerious)
    body.penalty.CopyFrom(link)
    found = {each.reason for each in standards.get("listing.serious").findings(body) if not each.warning}
    assert found == {"no_restriction"}


@pytest.mark.parametrize(
    ("act_name", "article"), [("consent", "22"), ("reinstate", "20"), ("expire", "21"), ("remove_early", "16")]
)
def test_correction_2_the_articles_of_order_44(act_name: str, article: str) -> None:
    assert WORKFLOWS["listing.serious"].act[act_name].law.article == article


@pytest.mark.parametrize("name", ["listing.serious", "listing.abnormal", "listing.platform"])
def test_lists_are_never_merged_and_what_left_is_not_published_again(
    desks: tuple[CaseworkCity, CaseworkCity], name: str
) -> None:
    forbidden = ("merge", "republish") if name == "listing.serious" else ("merge",)
    assert set(WORKFLOWS[name].forbids) == set(forbidden)
    for word in forbidden:
        body = standards.get(name).message_type()
        with pytest.raises(ActRefusedError) as caught:
            desks[0].act(name, "", with_act(body, word))
        assert broken_in(caught) == {(f"{name}.{word}.forbidden", Reason.ACT_NOT_ALLOWED)}


def test_a_hit_waits_for_an_officers_confirmation(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    changsha, hefei = desks
    found = hit()
    assert isinstance(found, listing_pb2.ListingHit)
    found.listing = "hefei-0"
    case = changsha.act("listing.hit", "", with_act(found, "screen")).case
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("listing.hit", case, listing_pb2.ListingHit(act=act("tell")))
    assert ("listing.hit.tell.state", Reason.ACT_NOT_ALLOWED) in broken_in(caught)
    assert changsha.casework.act_by_itself() == []  # nor does the software confirm
    hefei.see(changsha)
    assert hefei.casework.cases(LI) == []


def test_a_hit_by_name_alone_is_refused(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    found = hit()
    assert isinstance(found, listing_pb2.ListingHit)
    found.listing = "hefei-0"
    found.party.Clear()
    found.party.name = "某某公司"
    with pytest.raises(NodeError) as caught:
        desks[0].act("listing.hit", "", with_act(found, "screen"))
    assert caught.value.reason is Reason.INVALID_FIELD


def test_nobody_is_listed_without_consent_and_notice(desks: tuple[CaseworkCity, CaseworkCity]) -> None:
    body = serious()
    assert isinstance(body, listing_pb2.ListingSerious)
    for field in ("decision_number", "decided_on", "published_on", "until"):
        body.ClearField(field)
    case = desks[0].act("listing.serious", "", with_act(body, "propose", reasons="理由")).case
    deciding = listing_pb2.ListingSerious(decision_number="列1号", decided_on="2026-05-06", until="2029-05-06")
    deciding.home_city = "hefei"
    with pytest.raises(ActRefusedError) as caught:
        desks[0].decide("listing.serious", case, with_act(deciding, "decide"))
    assert {f"listing.serious.decide.{each}" for each in ("state", "上级同意意见", "列入告知书")} <= {
        rule for rule, _ in broken_in(caught)
    }
