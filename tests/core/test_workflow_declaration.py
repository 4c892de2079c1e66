"""A slip of the pen in a declared workflow is named with its line."""

from importlib import resources

import pytest

from node.core.law.laws import Citation
from node.core.workflow.declaration import parse_workflow
from node.core.workflow.model import START, Carries
from node.errors import FileError

ALERT = (resources.files("node.core.workflow") / "declared" / "alert.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("written", "slip", "message"),
    [
        ("binds: true", "bindss: true", "bindss: Unexpected"),
        ("by: [member]", "by: member", "tuple"),
        ("law: accord", "law: acord 3", "acord is not a law"),
        ("needs: [reasons]", "needs: [reason]", "label: Field required"),
        ("product: retraction", "product: retractions", "'retraction'"),
        ("codes: AlertSeverity", "codes: AlertColour", "no code list AlertColour"),
        ("    law: accord\n", "", r"acts\.0\.law: Field required"),
        ("law: accord", "law: 14", r"acts\.0\.law: .* is not a citation"),
        ("law: accord", "law: [accord, 3]", r"acts\.0\.law: .* is not a citation"),
        ("needs: [reasons]", "needs: 5", "needs: .* tuple"),
        ("needs: [reasons]", "needs: [5]", r"needs\.0: "),
        ("needs: [reasons]", "needs: [{name: [reasons]}]", r"needs\.0\.name: "),
        ("needs: [reasons]", "needs: [{label: {zh: 理由, en: reasons}}]", r"needs\.0\.name: Field required"),
        ("codes: AlertSeverity", "codes: [AlertSeverity]", "no code list"),
        ("acts:", "actions:", "acts: Field required"),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(written: str, slip: str, message: str) -> None:
    assert written in ALERT
    with pytest.raises(FileError, match=message) as error:
        parse_workflow(ALERT.replace(written, slip, 1), "alert.yaml")
    assert error.value.line


@pytest.mark.parametrize("text", ["5", "[]", "acts: 5", "acts: [5]"])
def test_what_is_no_workflow_at_all_is_refused(text: str) -> None:
    with pytest.raises(FileError):
        parse_workflow(text, "alert.yaml")


def test_what_goes_without_saying_is_spelled_out() -> None:
    text = ALERT.replace("law: accord", "law: penalty_procedure 45?", 1)
    issue = parse_workflow(text, "alert.yaml").act["issue"]
    assert issue.sources == (START,)
    assert {need.law for need in issue.needs} == {issue.law} == {Citation("penalty_procedure", "45", sure=False)}
    assert {need.carries for need in issue.needs} == {Carries.FIELD}
    assert [choice.code for choice in issue.needs[0].choices]
