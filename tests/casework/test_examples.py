"""The files that the guides show open the cases they are shown for, in the order in which they are shown."""

from pathlib import Path
from typing import Any

import pytest

from node.cli.evidence_entry import add_entry
from node.cli.shared.casework import make_body
from node.core.members.actor import Actor
from node.core.standards import standard as standards
from node.core.workflow.declared import WORKFLOWS
from node.errors import NodeError, Reason
from node.stubs.evidence.v1 import evidence_pb2 as messages
from node.usecases.casework.propose import Submission
from tests.kit.casework.casework_city import JD, LI, ZHANG, CaseworkCity

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
TWO = ("张三=43010001", "王五=43010003")
EXTRACTION = messages.Extraction(
    at_ms=1_779_064_200_000,
    place="长沙市局电子取证室",
    method="录屏",
    carrier="硬盘 HD-07",
    maker="张三",
    officers=[
        messages.ExtractionOfficer(name="张三", certificate_number="43010001"),
        messages.ExtractionOfficer(name="王五", certificate_number="43010003"),
    ],
)


class Typing:
    """An officer who types `gongzhi case ...` with the files."""

    def __init__(self, desk: CaseworkCity) -> None:
        self._desk = desk

    def run(self, workflow: str, case: str, act: str, *files: Path, actor: Actor = ZHANG, **options: Any) -> str:
        """Returns the case."""
        said = {"fields": (), "officers": (), "documents": (), "files": files}
        none = dict.fromkeys(("article", "reasons", "number", "day", "extends_by"))
        body = make_body(workflow, act, none | said | options)
        submission = Submission(workflow, case, body, ())
        if not WORKFLOWS[workflow].act[act].binds:
            return self._desk.casework.act(actor, submission).case
        draft = self._desk.casework.prepare(actor, submission)
        return self._desk.casework.approve(LI, draft.number).case


@pytest.fixture
def changsha(tmp_path: Path) -> CaseworkCity:
    return CaseworkCity(tmp_path, "changsha", ["changsha", "hefei"])


@pytest.fixture
def typing(changsha: CaseworkCity) -> Typing:
    return Typing(changsha)


def entry(path: Path, **said: str) -> Path:
    kept = messages.Attachment(sha256="ab" * 32, sm3="cd" * 32, size=7, name="live.mp4")
    add_entry(path, kept, EXTRACTION, **said)
    return path


def test_a_referral_with_its_letter_and_its_evidence(typing: Typing, tmp_path: Path) -> None:
    evidence = entry(tmp_path / "evidence.yaml", kind="electronic_data", title="直播录屏", proves="")
    case = typing.run("referral", "", "draft", EXAMPLES / "referral.yaml")
    typing.run("referral", case, "approve")
    with pytest.raises(NodeError):
        typing.run("referral", case, "send", EXAMPLES / "letter.yaml", officers=TWO)
    assert typing.run("referral", case, "send", EXAMPLES / "letter.yaml", evidence, officers=TWO) == case


def test_a_complaint(typing: Typing) -> None:
    assert typing.run("complaint", "", "open_settlement", EXAMPLES / "complaint.yaml")


def test_a_measure_and_what_the_platform_answers(changsha: CaseworkCity, typing: Typing, tmp_path: Path) -> None:
    evidence = entry(tmp_path / "evidence.yaml", kind="electronic_data")
    case = typing.run("measure.request", "", "issue", EXAMPLES / "measure.yaml", evidence)
    hefei = CaseworkCity(tmp_path, "hefei", ["changsha", "hefei"])
    hefei.see(changsha)
    platform = Typing(hefei)
    for act in ("ack", "execute"):
        platform.run("measure.request", case, act, actor=JD)
    platform.run("measure.request", case, "notify_operator", EXAMPLES / "notice.yaml", actor=JD)
    platform.run("measure.request", case, "appeal", EXAMPLES / "appeal.yaml", actor=JD, reasons="已下架")
    assert hefei.state(case) == "appealed"


def test_a_listing_and_an_alert(typing: Typing) -> None:
    assert typing.run("listing.serious", "", "propose", EXAMPLES / "listing.yaml", reasons="处罚较重")
    assert typing.run("alert", "", "issue", EXAMPLES / "alert.yaml")


def test_entries_are_added_to_a_file_and_to_no_other(tmp_path: Path) -> None:
    path = tmp_path / "evidence.yaml"
    for title in ("直播录屏", "订单截图"):
        entry(path, kind="electronic_data", title=title)
    options = dict.fromkeys(("article", "reasons", "number", "day", "extends_by"))
    lists: dict[str, Any] = {"fields": (), "officers": (), "documents": (), "files": [path]}
    said = standards.get("referral").parse(make_body("referral", "send", options | lists))
    told = said.evidence  # type: ignore[attr-defined]
    assert [each.title for each in told] == ["直播录屏", "订单截图"]
    assert told[0].extracted_at_ms == EXTRACTION.at_ms
    assert [each.certificate_number for each in told[0].officers] == ["43010001", "43010003"]
    path.write_text("evidence: none", "utf-8")
    with pytest.raises(NodeError) as refused:
        entry(path, kind="electronic_data")
    assert refused.value.reason is Reason.INVALID_CONFIG
