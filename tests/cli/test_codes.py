"""Codes and fields as people type them."""

from typing import Any

import pytest

from node.cli.shared.codes import spell_out
from node.core.standards import standard as standards
from node.errors import NodeError, Reason


def spelt(workflow: str, **plain: Any) -> dict[str, Any]:
    return spell_out(plain, standards.get(workflow).message_type())


@pytest.mark.parametrize("typed", ["case", "Case", "REFERRAL_KIND_CASE", "案件移送", " case "])
def test_one_code_by_any_of_its_names(typed: str) -> None:
    assert spelt("referral", kind=typed) == {"kind": "REFERRAL_KIND_CASE"}


def test_lists_and_messages() -> None:
    both = {"measures": ["PLATFORM_MEASURE_SUSPEND_LIVE", "PLATFORM_MEASURE_LIMIT_TRAFFIC"]}
    assert spelt("measure.request", measures="suspend_live,限流") == both
    assert spelt("measure.request", measures=["suspend_live", "limit_traffic"]) == both
    found = spelt("referral", evidence=[{"kind": "electronic_data", "officers": [{"name": "王某"}]}], toCity="hefei")
    assert found["evidence"][0] == {"kind": "EVIDENCE_KIND_ELECTRONIC_DATA", "officers": [{"name": "王某"}]}
    assert found["toCity"] == "hefei"
    assert spelt("referral", kind=1) == {"kind": 1}
    for moment in ("2026-05-18T08:30", "2026-05-18T00:30+00:00", "1779064200000"):
        taken = spelt("referral", evidence=[{"extracted_at_ms": moment}])["evidence"][0]
        assert taken == {"extracted_at_ms": 1_779_064_200_000}


@pytest.mark.parametrize(
    ("plain", "text"),
    [
        ({"kind": "foo"}, "kind: no code 'foo'; known codes: case 案件移送, clue 线索移送"),
        ({"kind": "unspecified"}, "kind: no code"),
        ({"nosuch": 1}, "nosuch: no such field; known fields: act, number, kind"),
        ({"party": {"code": "x"}}, "party.code: no such field; known fields: uscc"),
        ({"evidence": [{"extracted_at_ms": "yesterday"}]}, "evidence.extracted_at_ms: 'yesterday' is not a time"),
        ({"evidence": [{"kind": "photo"}]}, "evidence.kind: no code 'photo'; known codes: document 书证"),
    ],
)
def test_what_there_is_is_said(plain: dict[str, Any], text: str) -> None:
    with pytest.raises(NodeError) as caught:
        spelt("referral", **plain)
    assert caught.value.reason is Reason.INVALID_FIELD
    assert caught.value.message.startswith(text)
