"""Letters to cities and platforms: who has to sign them, and what they rest on (domain: the law put right)."""

import pytest

from node.core.law.laws import laws
from node.core.workflow.declared import workflow
from node.messages import Lang, render
from node.stubs.standard.v1 import referral_pb2
from node.usecases.casework.propose import ActRefusedError
from tests.kit.casework.casework_city import TWO, CaseworkCity, act, documents, drafted_referral, referring
from tests.kit.casework.measures import NAME, request

Desks = tuple[CaseworkCity, CaseworkCity]
CLUE, ASSISTANCE = referral_pb2.REFERRAL_KIND_CLUE, referral_pb2.REFERRAL_KIND_ASSISTANCE


def sent(desks: Desks, kind: "referral_pb2.ReferralKind.ValueType") -> str:
    body = drafted_referral()
    body.kind = kind
    if kind == ASSISTANCE:
        body.questions = "该店铺的实际经营地"
    case = desks[0].act("referral", "", body).case
    desks[0].decide("referral", case, referring("approve"))
    desks[0].decide("referral", case, referring("send", article="市场监督管理行政处罚程序规定 第14条"))
    desks[1].see(desks[0])
    return case


@pytest.mark.parametrize("kind", [CLUE, ASSISTANCE])
def test_a_clue_and_a_request_for_assistance_go_without_two_officers(
    desks: Desks, kind: "referral_pb2.ReferralKind.ValueType"
) -> None:
    assert desks[1].state(sent(desks, kind)) == "sent"


def test_a_request_for_assistance_is_answered_without_two_officers(desks: Desks) -> None:
    _, hefei = desks
    case = sent(desks, ASSISTANCE)
    hefei.act("referral", case, referring("receive"))
    hefei.decide("referral", case, referring("accept"))
    answer = referral_pb2.Referral(act=act("answer", documents=documents("协助调查复函")))
    assert hefei.decide("referral", case, answer).state == "closed"


def test_an_investigation_takes_two_officers(desks: Desks) -> None:
    _, hefei = desks
    case = sent(desks, CLUE)
    hefei.act("referral", case, referring("receive"))
    hefei.decide("referral", case, referring("accept"))
    hefei.act("referral", case, referring("verify"))
    papers = documents("立案审批表")
    hefei.decide("referral", case, referring("file", officers=TWO, document_number="立1号", documents=papers))
    with pytest.raises(ActRefusedError) as caught:
        hefei.act("referral", case, referring("investigate"))
    assert [each.rule for each in caught.value.broken] == ["referral.investigate.officers"]
    assert hefei.act("referral", case, referring("investigate", officers=TWO)).state == "investigating"


@pytest.mark.parametrize(
    "basis",
    [
        "网络交易监督管理办法 第29条",
        "《网络交易监督管理办法》第二十九条",
        "市场监管总局《网络交易监督管理办法》第 29 条",
    ],
)
def test_a_request_rests_on_no_duty_of_the_platform(desks: Desks, basis: str) -> None:
    with pytest.raises(ActRefusedError) as caught:
        desks[0].decide(NAME, "", request(legal_basis=basis))
    assert [each.rule for each in caught.value.broken] == ["measure.request.issue.legal_basis"]


@pytest.mark.parametrize(
    "basis", ["中华人民共和国广告法 第17条", "广告法 第17条、网络交易监督管理办法 第29条", "食品安全法 第29条"]
)
def test_a_request_rests_on_the_statute_that_was_broken(desks: Desks, basis: str) -> None:
    assert desks[0].decide(NAME, "", request(legal_basis=basis)).state == "issued"


def test_no_act_of_a_request_cites_the_platforms_own_duty() -> None:
    cited = {(each.law.law, each.law.article) for each in workflow(NAME).acts}
    assert ("online_trade", "29") not in cited


def test_an_article_cited_from_memory_is_marked_where_the_law_is_read_and_not_in_a_message(desks: Desks) -> None:
    """待核 stands in the page of the workflow; the refusal that cites the same article names it without."""
    file = workflow("referral").act["file"]
    officers = next(need for need in file.needs if need.name == "officers")
    assert officers.law.marked.zh.endswith("第19条（待核）")
    case = sent(desks, CLUE)
    hefei = desks[1]
    hefei.act("referral", case, referring("receive"))
    hefei.decide("referral", case, referring("accept"))
    hefei.act("referral", case, referring("verify"))
    with pytest.raises(ActRefusedError) as caught:
        hefei.decide("referral", case, referring("file", document_number="立1号"))
    lang: Lang
    for lang in ("zh", "en"):
        text = render(caught.value.message, lang)
        assert {"zh": "第19条）", "en": "Art 19)"}[lang] in text
        assert "待核" not in text
        assert "to be checked" not in text


def test_no_measure_is_called_provisional_that_was_revised() -> None:
    """The abnormal list's measures lost 暂行 in March 2025."""
    assert laws()["abnormal_list"].zh == "企业经营异常名录管理办法"
    named = [act.law.zh for act in workflow("listing.abnormal").acts]
    assert all("暂行" not in name for name in named)
