"""A year later: the measure has ended by itself, and a credit repair takes the listing off everywhere."""

from node.demo.failure import DemoError
from node.demo.story.cast import OFFICES, SELLER
from node.demo.story.chapters.listing import LISTING
from node.demo.story.chapters.platform import CITY as SCREENING_CITY
from node.demo.story.chapters.platform import screen
from node.demo.story.city_clients import documents
from node.demo.story.stage import Stage
from node.messages import _

_CITY, _HOME = "hefei", "nanchang"
REPAIR = "credit.repair"


def play(stage: Stage) -> None:
    """From the application to the moment when no file of another city holds the listing."""
    stage.at("2027-08-02")
    stage.software_act(_CITY, stage.cases["measure"], "expire")
    application = {
        "party": SELLER,
        "kind": "REPAIR_KIND_SERIOUS_EARLY_REMOVAL",
        "listing": stage.cases["listed"],
        "organ": OFFICES[_CITY].organ,
        "applied_on": "2027-08-02",
        "corrections": "已停止违法行为并缴纳罚款，公开信用承诺。",
        "commitment": {"title": "信用承诺书", "number": "无"},
        "home_city": _HOME,
    }
    proofs = ("履行义务证明=缴款回单", "消除危害后果证明=收文〔2027〕67号")
    papers = documents("信用修复申请书=收文〔2027〕66号", *proofs)
    case = stage.act(_CITY, REPAIR, "apply", application, documents=papers).case
    stage.cases["repair"] = case
    stage.at("2027-08-03")
    stage.act(_CITY, REPAIR, "accept", case=case)
    stage.at("2027-08-10")
    number = "合市监信修〔2027〕14号"
    decision = {"decision_number": number, "decided_on": "2027-08-10", "outcome": "REPAIR_OUTCOME_APPROVED"}
    papers = documents(f"准予信用修复决定书={number}")
    stage.act(_CITY, REPAIR, "approve", decision, case=case, reasons="满一年，义务已履行。", documents=papers)
    _take_off(stage, case)
    stage.act(_CITY, REPAIR, "push", {"pushed_on": "2027-08-11"}, case=case)
    stage.act(_HOME, REPAIR, "confirm", case=case)
    _end_listing(stage, number)
    stage.sync()
    if hits := screen(stage):
        raise DemoError(_("{city} still finds the seller on a list:\n{hits}", city=SCREENING_CITY, hits=hits))
    stage.tell(SCREENING_CITY, "screen", "no hit", ("再次筛查无命中", "screened again: no hit"))


def _end_listing(stage: Stage, number: str) -> None:
    """The listing's own case ends too, in both cities that work on it."""
    listing = stage.cases["listing"]
    papers = documents("移出申请书=收文〔2027〕66号")
    reasons = "准予信用修复，提前移出。"
    stage.act(
        _CITY, LISTING, "remove_early", case=listing, document_number=number, reasons=reasons, documents=papers
    )  # fmt: skip
    stage.act(_HOME, LISTING, "unpublish", case=listing)


def _take_off(stage: Stage, case: str) -> None:
    """The record is retracted when the repair is carried out; the other cities destroy what they hold of it."""
    listed = stage.logs.stored(stage.cases["listed"])
    # The record that was published, and the one before it, that it replaced.
    versions = [each for each in stage.logs.own(_CITY) if each.header.standard == LISTING and not each.has_act]
    stage.destroyed |= {_("the listing {record}", record=each.id): each for each in versions}
    stage.look()
    stage.at("2027-08-11")
    stage.act(_CITY, REPAIR, "execute", {"executed_on": "2027-08-11"}, case=case)
    begin = int(listed.id.rpartition("-")[2])
    made = stage.await_record(_CITY, listed.header.standard, lambda each: each.header.retracts == listed.id, begin)
    what = ("撤回名单记录", "the listing is retracted")
    stage.tell(_CITY, "software 软件", "retract", what, made.id, note=listed.id)
    others = [city for city in stage.logs.cities if city != _CITY]
    stage.wait(
        _("every other city to destroy {id}", id=listed.id),
        lambda: not any(stage.logs.held(city, listed.id) for city in others),
    )
