"""Changsha refers the case to Hefei with evidence; Hefei objects, negotiates, accepts, files and penalises."""

from node.demo.failure import DemoError
from node.demo.story.cast import OFFICES, SELLER, STORE, VIOLATION, write_recording
from node.demo.story.city_clients import documents
from node.demo.story.stage import Stage
from node.messages import _

_FROM, _TO = "changsha", "hefei"
_ARTICLE = "市场监督管理行政处罚程序规定 第14条"
PENALTY = "合市监处罚〔2026〕105号"
_SANCTION = {
    "violation": "发布虚假广告",
    "facts": "在直播中宣称普通食品具有降压疗效。",
    "kinds": ["PENALTY_KIND_FINE", "PENALTY_KIND_BUSINESS_SUSPENDED"],
    "content": "罚款二十万元，责令停业三个月。",
    "fine": {"amount_hundredths": 20_000_000, "currency": "CNY"},
    "organ": OFFICES["hefei"].organ,
    "publication": "PENALTY_PUBLICATION_OTHER_PROVINCE",
}
_REFUSED = 2


def play(stage: Stage) -> None:
    """From the draft to the penalty, and the complaint told of it."""
    _send(stage)
    _fetch_evidence(stage)
    _dispute(stage)
    _work(stage)
    _pack(stage)
    _end_complaint(stage)


def _send(stage: Stage) -> None:
    office = OFFICES[_FROM]
    recording = write_recording(stage.base / "recording.bin")
    extraction = office.extraction("2026-05-18T08:30", "长沙市局电子取证室", "录屏", "硬盘 HD-07")
    kept = stage.ask("evidence", "put", recording, *extraction, node=_FROM)
    stage.cases["recording"] = kept["sha256"]
    stage.secrets[_("the recording of the live stream")] = recording.read_bytes()[-60:], frozenset({_FROM, _TO})
    stage.secrets[_("the facts of the referral")] = VIOLATION.encode(), frozenset({_FROM, _TO})
    evidence = {
        "kind": "EVIDENCE_KIND_ELECTRONIC_DATA",
        "title": "直播录屏",
        "sha256": kept["sha256"],
        "sm3": kept["sm3"],
        "size_bytes": kept["size"],
        "carrier": "硬盘 HD-07",
        "extraction_method": "录屏",
        "extracted_at_ms": 1_779_064_200_000,
        "maker": office.maker.name,
        "officers": office.on_the_spot(),
        "proves": "主播宣称食品具有降压疗效",
    }
    draft = {
        "number": "长市监案移〔2026〕12号",
        "kind": "REFERRAL_KIND_CASE",
        "from_organ": office.organ,
        "to_organ": OFFICES[_TO].organ,
        "to_city": _TO,
        "article": _ARTICLE,
        "reason": "违法行为发生地、实际经营地均在合肥。",
        "party": SELLER,
        "alleged_violation": VIOLATION,
        "discovered_on": "2026-05-18",
        "source": "CLUE_SOURCE_COMPLAINT",
        "violation_ended_on": "2026-05-06",
        "limitation_on": "2028-05-06",
        "evidence": [evidence],
        "stores": [STORE],
        "origins": [stage.cases["complaint"]],
        "letter": {"title": "案件移送函", "number": "长市监案移〔2026〕12号", "date": "2026-05-18"},
        "sealed_by": office.organ,
    }
    # What the complaint says is in it already; its facts stay in Changsha, the violation is put in other words.
    case = stage.take_up(_FROM, stage.drafts["referral"], "referral", "draft", draft).case
    stage.cases["referral"] = case
    stage.act(_FROM, "referral", "approve", case=case)
    stage.at("2026-05-19")
    stage.act(_FROM, "referral", "send", case=case, article=_ARTICLE)


def _fetch_evidence(stage: Stage) -> None:
    """Hefei fetches the attachment; Taiyuan, which has no part in the case, is refused it."""
    case, digest = stage.cases["referral"], stage.cases["recording"]
    stage.act(_TO, "referral", "receive", case=case)
    sent = next(each.record for each in stage.steps if each.case == case and each.act == "send")
    got = stage.base / "got.bin"
    stage.gongzhi("evidence", "get", digest, "--record", sent, "--out", got, node=_TO)
    if got.read_bytes() != (stage.base / "recording.bin").read_bytes():
        raise DemoError(_("{to} received other bytes than {sender} uploaded", to=_TO, sender=_FROM))
    stage.tell(_TO, "evidence get", "obtained", ("取得证据附件", "attachment fetched"),
               note=_("{digest}…, {size:,} bytes", digest=digest[:16], size=got.stat().st_size))  # fmt: skip
    stage.gongzhi("evidence", "get", digest, "--record", sent, "--out", stage.base / "no", node="taiyuan",
                  codes=(_REFUSED,))  # fmt: skip
    stage.tell("taiyuan", "evidence get", "refused", ("无关城市取证被拒", "a city with no part in it is refused"))


def _pack(stage: Stage) -> None:
    """Hefei packs what the records of the case name into one file, which anybody checks against the pinned keys."""
    bundle = stage.base / "case.zip"
    packed = stage.ask("complaint", "evidence", "pack", stage.cases["referral"], "--out", bundle, node=_TO)
    federation = stage.clients_of[_TO].node.config.federation
    checked = stage.ask("evidence", "verify", bundle, "--federation", federation)
    if [each["sha256"] for each in checked["files"]] != [stage.cases["recording"]] or packed["missing"]:
        raise DemoError(
            _(
                "the bundle of {referral} should hold the recording only: {checked}",
                referral=stage.cases["referral"],
                checked=checked,
            )
        )
    what = ("一键举证，离线核验成立", "the evidence in one file, checked offline")
    stage.tell(_TO, "evidence verify", "packed", what, note=_("{count} records proven", count=len(checked["records"])))


def _dispute(stage: Stage) -> None:
    case = stage.cases["referral"]
    stage.at("2026-05-21")
    reasons = "平台公示地址在长沙，本局管辖依据不足。"
    stage.act(_TO, "referral", "object", case=case, article="市场监督管理行政处罚程序规定 第13条", reasons=reasons)
    stage.at("2026-05-22")
    answer = "南昌登记记录载明实际经营地在合肥市蜀山区，直播间设于该址；公示地址经核验不实。"
    stage.act(_FROM, "referral", "negotiate", case=case, reasons=answer)
    stage.at("2026-05-25")
    stage.act(_TO, "referral", "negotiate", case=case, reasons="经实地核查，直播间确在本辖区。")
    stage.act(_TO, "referral", "accept", case=case)


def _work(stage: Stage) -> None:
    case, officers = stage.cases["referral"], OFFICES[_TO].on_the_spot()
    stage.act(_TO, "referral", "verify", case=case)
    stage.at("2026-06-05")
    number = "合市监立〔2026〕77号"
    papers = documents(f"立案审批表={number}")
    stage.act(_TO, "referral", "file", case=case, document_number=number, documents=papers, officers=officers)
    stage.act(_TO, "referral", "investigate", case=case, officers=officers)
    stage.at("2026-07-10")
    penalised = stage.act(
        _TO, "referral", "penalise", {"sanction": _SANCTION}, case=case, officers=officers, document_number=PENALTY,
        article="中华人民共和国广告法 第55条", reasons="发布虚假广告，情节严重，罚款二十万元，责令停业。",
        documents=documents("行政处罚告知书=合市监罚告〔2026〕99号", f"行政处罚决定书={PENALTY}"),
    )  # fmt: skip
    stage.drafts["listing"] = next(each.draft for each in penalised.makes if each.draft)
    record = stage.await_record(_TO, "penalty", lambda _: True, 0).id
    stage.tell(_TO, "software 软件", "record", ("处罚记录，各市可见", "the penalty, for every member"), record)
    stage.at("2026-07-13")
    # The seller is registered in Nanchang, in another province: its organ publishes what Hefei pushes.
    letter = documents("协助公示函=合市监罚公〔2026〕31号")
    stage.act(_TO, "referral", "push_penalty", case=case, documents=letter)
    stage.at("2026-07-14")
    stage.act(_TO, "referral", "publish_penalty", case=case)
    paid = documents("处罚执行凭证=合市监罚执〔2026〕105号")
    stage.act(_TO, "referral", "execute_penalty", case=case, documents=paid)
    stage.act(_TO, "referral", "close", case=case)
    stage.act(_TO, "referral", "tell_result", {"outcome": "REFERRAL_OUTCOME_PENALISED"}, case=case,
              reasons="已作出行政处罚。")  # fmt: skip


def _end_complaint(stage: Stage) -> None:
    case = stage.cases["complaint"]
    refused = {"termination_grounds": ["TERMINATION_GROUND_MEDIATION_REFUSED"]}
    stage.act(_FROM, "complaint", "terminate", refused, case=case, reasons="被投诉人明确拒绝调解。")
    stage.act(_FROM, "complaint", "notify", case=case, documents=documents("告知书=长市监投告〔2026〕301号"))
