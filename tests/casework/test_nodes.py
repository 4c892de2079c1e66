"""Two real nodes: an act arrives by its hint, receipts come back, refusals say which rules."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest

from node.cli.main import gongzhi
from node.client import RefusedAct
from node.client.errors import error_from_rpc
from node.errors import NodeError, Reason
from node.stubs.casework.v1 import casework_pb2 as pb
from node.stubs.casework.v1.casework_pb2_grpc import CaseServiceStub
from node.stubs.evidence.v1 import evidence_pb2 as evidence
from node.stubs.evidence.v1.evidence_pb2_grpc import EvidenceServiceStub
from node.stubs.standard.v1 import complaint_pb2, measure_pb2, referral_pb2
from tests.kit.casework.casework_city import TWO, act, drafted_referral, referring
from tests.kit.casework.complaints import against
from tests.kit.casework.measures import request
from tests.kit.commands import invoke, output_of
from tests.kit.nodes.office import SLOW, Office
from tests.kit.nodes.processes import found
from tests.kit.samples.standards import EVIDENCE
from tests.kit.stores.evidence import announcement, chunks, sm3_of
from tests.kit.waiting import eventually

ARRIVES_S = 2.0


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Office]]:
    folder = tmp_path_factory.mktemp("offices")
    configs = found(folder / "nodes", "changsha", "hefei", settings=SLOW)
    with ExitStack() as stack:
        first, second = (Office(config, folder / config.city, stack) for config in configs)
        yield first, second


def _waited_s(began_s: float, office: Office, case: str, want: str) -> float:
    """Seconds until the last act in a listed case is `want` here."""
    lister = office.as_("wang")
    while time.monotonic() - began_s < 20:
        listed = lister.List(pb.ListRequest(closed=True), timeout=20).cases
        if any(each.case == case and each.last_act == want for each in listed):
            return time.monotonic() - began_s
        time.sleep(0.02)
    raise AssertionError(f"{case} has no {want}")


def test_an_act_arrives_by_its_hint_and_receipts_come_back(offices: tuple[Office, Office]) -> None:
    changsha, hefei = offices
    case = changsha.act("", drafted_referral()).case
    changsha.decide(case, referring("approve"))
    sent = changsha.decide(case, referring("send", officers=TWO))
    waited_s = [_waited_s(time.monotonic(), hefei, case, "send")]
    began_s = time.monotonic()
    while not (receipts := changsha.show(case).acts[-1].receipts) or not receipts[0].stored:
        assert time.monotonic() - began_s < 5
        time.sleep(0.05)
    assert (receipts[0].city, receipts[0].is_right, receipts[0].opened) == ("hefei", True, "")
    for name in ("receive", "supplement"):
        began_s = time.monotonic()
        hefei.act(case, referring(name))
        waited_s.append(_waited_s(began_s, changsha, case, name))
    hefei.show(case)
    began_s = time.monotonic()
    opened = ""
    while not opened:
        assert time.monotonic() - began_s < 5
        sending = next(each for each in changsha.show(case).acts if each.id == sent.id)
        opened = sending.receipts[0].opened
        time.sleep(0.05)
    assert opened.startswith("hefei-")
    assert sending.receipts[0].opened_by == "zhang"
    print("arrived after", [f"{each:.2f} s" for each in waited_s])
    assert max(waited_s) < ARRIVES_S


def test_a_refusal_names_every_rule(offices: tuple[Office, Office]) -> None:
    changsha, hefei = offices
    case = changsha.act("", drafted_referral()).case
    with pytest.raises(grpc.RpcError) as caught:
        changsha.act(case, referring("send"))
    assert error_from_rpc(caught.value).reason is Reason.ACT_NOT_ALLOWED
    refused = error_from_rpc(caught.value)
    assert isinstance(refused, RefusedAct)
    rules = {each.rule for each in refused.rules}
    assert {"referral.send.state", "referral.send.four_eyes"} <= rules
    del hefei


@pytest.mark.parametrize(("name", "reason"), [("wang", Reason.WRONG_ACTOR), ("jd", Reason.WRONG_ACTOR)])
def test_an_auditor_and_a_platform_open_no_referral(offices: tuple[Office, Office], name: str, reason: Reason) -> None:
    submission = pb.Submission(workflow="referral", body=drafted_referral().SerializeToString())
    with pytest.raises(grpc.RpcError) as caught:
        offices[0].as_(name).Open(pb.OpenRequest(submission=submission), timeout=20)
    assert error_from_rpc(caught.value).reason is reason


def test_a_platform_sees_no_case_but_its_own(offices: tuple[Office, Office]) -> None:
    changsha, _ = offices
    case = changsha.act("", drafted_referral()).case
    jd = changsha.as_("jd")
    assert not jd.List(pb.ListRequest(closed=True), timeout=20).cases
    with pytest.raises(grpc.RpcError) as caught:
        jd.Show(pb.ShowRequest(case=case), timeout=20)
    assert error_from_rpc(caught.value).reason is Reason.NOT_FOUND


def test_a_platform_at_another_citys_node_is_asked_and_its_answer_comes_back(offices: tuple[Office, Office]) -> None:
    """Its own certificate, at the node it is connected to; all else goes by hints within seconds."""
    changsha, hefei = offices
    case = changsha.decide("", request("小红书", ends_on="2099-01-01"), "measure.request").case
    waited_s = [_waited_s(time.monotonic(), hefei, case, "issue")]
    platform = hefei.as_("xhs")
    assert [each.case for each in platform.Inbox(pb.InboxRequest(), timeout=20).cases] == [case]
    assert not changsha.as_("jd").List(pb.ListRequest(closed=True), timeout=20).cases
    for name in ("ack", "execute"):
        body = measure_pb2.MeasureRequest(act=act(name)).SerializeToString()
        submission = pb.Submission(workflow="measure.request", case=case, body=body)
        began_s = time.monotonic()
        platform.Act(pb.ActRequest(submission=submission), timeout=20)
        waited_s.append(_waited_s(began_s, changsha, case, name))
    assert [(each.act, each.platform) for each in changsha.show(case).acts] == [
        ("issue", ""),
        ("ack", "小红书"),
        ("execute", "小红书"),
    ]
    assert max(waited_s) < ARRIVES_S


def test_a_platform_reads_the_evidence_of_its_own_matter_by_its_own_certificate(
    offices: tuple[Office, Office], tmp_path: Path
) -> None:
    """Fetched from the city that asks; every reading and every refusal leaves a usage record."""
    changsha, hefei = offices
    content = b"what the request rests on" * 20_000
    about = announcement(content)
    put = EvidenceServiceStub(changsha.node.channel("intake")).Put
    list(put(iter([evidence.PutRequest(announcement=about), *chunks(content)]), timeout=20))
    asking = request("小红书", ends_on="2099-01-01")
    asking.evidence.append(EVIDENCE)
    asking.evidence[-1].sha256, asking.evidence[-1].sm3 = about.sha256, sm3_of(content)
    case = changsha.decide("", asking, "measure.request").case
    _waited_s(time.monotonic(), hefei, case, "issue")
    out = tmp_path / "evidence.bin"
    command = ["case", "evidence", case, about.sha256, "--out", str(out), "--as"]
    output_of(*command, hefei.folder / "xhs")
    assert out.read_bytes() == content
    for office, name, reason in (
        (changsha, "jd", Reason.NOT_FOUND),
        (hefei, "zhang", Reason.PERMISSION_DENIED),
        (changsha, "wang", Reason.PERMISSION_DENIED),
    ):
        refused = invoke(gongzhi, *command, office.folder / name)
        assert isinstance(refused.exception, NodeError)
        assert refused.exception.reason is reason
    subject = f"{case} {about.sha256}"
    read = ("platform", "xhs", "Evidence.Read", "enforcement", subject, f"bytes={len(content)}")
    kept = ("platform", "jd", "Evidence.Read", "enforcement", subject, "not_found")
    eventually(lambda: read in hefei.usage() and kept in changsha.usage())


def test_a_complaint_is_handed_over_by_the_shipped_rules(offices: tuple[Office, Office]) -> None:
    """Routed in words, decided by two, taken up from the draft: the other city sees it, and not who complained."""
    changsha, hefei = offices
    stub = changsha.as_("zhang")
    submission = pb.Submission(workflow="complaint", body=against("340104").SerializeToString())
    case = stub.Open(pb.OpenRequest(submission=submission), timeout=20).recorded.case

    def run(name: str, *words: str) -> str:
        return output_of(*words, "--as", changsha.folder / name)

    assert "应移交hefei办理" in run("zhang", "complaint", "route", case)
    draft = json.loads(run("zhang", "case", "draft", case, "hand_over", "--json"))["number"]
    decided = json.loads(run("li", "case", "approve", draft, "--json"))
    (product,) = decided["makes"]
    assert f"draft {product['draft']}" in run("zhang", "inbox")
    passed = json.loads(run("zhang", "case", "take-up", product["draft"], "--json"))
    assert passed["audience"] == ["changsha", "hefei"]
    assert _waited_s(time.monotonic(), hefei, passed["case"], "pass_on") < ARRIVES_S
    (seen,) = hefei.show(passed["case"]).acts
    body = complaint_pb2.Complaint.FromString(seen.body)
    assert body.facts
    assert not body.HasField("complainant")


def test_the_nodes_own_officer_works_on_no_case(offices: tuple[Office, Office]) -> None:
    stub = CaseServiceStub(offices[0].node.channel("intake"))
    with pytest.raises(grpc.RpcError) as caught:
        stub.List(pb.ListRequest(), timeout=20)
    assert error_from_rpc(caught.value).reason is Reason.PERMISSION_DENIED


def test_the_command_line_acts_as_its_officer(offices: tuple[Office, Office], tmp_path: Path) -> None:
    changsha, _ = offices
    case = changsha.act("", drafted_referral()).case

    def run(name: str, *words: str) -> str:
        return output_of(*words, "--as", changsha.folder / name)

    draft = json.loads(run("zhang", "case", "draft", case, "approve", "--json"))
    assert json.loads(run("li", "case", "show", "--draft", draft["number"]))["body"]["act"]["maker"]["name"] == "张三"
    assert f"draft {draft['number']}" in run("li", "inbox")
    assert json.loads(run("li", "case", "approve", draft["number"], "--json"))["state"] == "approved"
    shown = json.loads(run("wang", "case", "show", case, "--json"))
    assert [each["act"] for each in shown["acts"]] == ["draft", "approve"]
    assert case in run("wang", "case", "list")
    assert "已批准" in run("zhang", "--lang", "zh", "case", "show", case)
    for words in (("outbox",), ("deadlines",), ("scorecard",)):
        json.loads(run("zhang", *words, "--json"))
    done = invoke(gongzhi, "--lang", "zh", "case", "act", case, "retransfer", "--as", changsha.folder / "zhang")
    assert isinstance(done.exception, NodeError)
    assert "受移送机关不得再自行移送" in done.output


def test_a_case_is_told_from_others_and_found_by_what_it_is_about(offices: tuple[Office, Office]) -> None:
    changsha, hefei = offices
    mine = drafted_referral()
    assert isinstance(mine, referral_pb2.Referral)
    mine.party.name = "合肥某某电器有限公司"
    case = changsha.act("", mine).case
    changsha.decide(case, referring("approve"))
    changsha.decide(case, referring("send", officers=TWO))
    _waited_s(time.monotonic(), hefei, case, "send")

    def run(office: Office, name: str, *words: str) -> str:
        return output_of(*words, "--as", office.folder / name)

    shown = run(hefei, "zhang", "--lang", "zh", "case", "show", case)
    for told in (mine.party.name, mine.party.uscc, mine.alleged_violation, "案件移送"):
        assert told in shown
    hefei.act(case, referring("receive"))
    for words in (("outbox",), ("case", "list"), ("deadlines",)):
        assert mine.party.name in run(hefei, "zhang", *words)
    for about in (mine.party.uscc, "某某电器", referring("send").number):
        found = json.loads(run(hefei, "zhang", "case", "list", "--about", about, "--json"))
        assert case in [each["case"] for each in found]
    assert json.loads(run(hefei, "zhang", "case", "list", "--about", "别的公司", "--json")) == []
    assert case in run(changsha, "li", "case", "list", "--mine")
    assert case not in run(changsha, "wang", "case", "list", "--mine")
    assert case not in run(hefei, "li", "case", "list", "--mine"), "the approver was another city's li"
    hefei.decide(case, referring("object", article="第13条", reasons="违法行为发生地不在合肥。"))
    assert "违法行为发生地不在合肥。" in run(hefei, "zhang", "case", "show", case)
