"""Every code has its texts in both languages, and docs/errors.md is made from them."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from node.cli.main import gongzhi
from node.core import screening
from node.core.reason_texts import errors_page, find_text, meaning_and_advice, texts
from node.core.standards import identifiers, party_key, validation
from node.core.standards.identifiers import Problem
from node.core.standards.personal import Kind
from node.errors import NodeError, Reason
from tests.kit.commands import invoke

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
_CHINESE = re.compile("[\u4e00-\u9fff]")


def test_every_reason_has_its_texts_in_the_order_of_the_taxonomy() -> None:
    """A new Reason gets a row in node/core/reason_texts.yaml."""
    assert list(texts().reasons) == [reason.value for reason in Reason]


def test_each_text_is_in_its_language() -> None:
    for code, text in texts().reasons.items():
        assert _CHINESE.search(text.zh), code
        assert _CHINESE.search(text.zh_do), code
        assert not _CHINESE.search(text.en + text.en_do), code
        assert all(each.endswith((".", "。")) for each in (text.en, text.en_do, text.zh, text.zh_do)), code


def test_every_key_in_doubt_has_its_texts() -> None:
    """Whatever `party_key` and the checks it asks say of a key."""
    written = {*_problems_of(party_key), *_problems_of(screening)}
    checked = {each for each in _problems_of(identifiers) if each.startswith(("uscc_", "resident_id_", "licence_"))}
    warned = {"uscc_organisation_code", "resident_id_birth_place"}
    assert set(texts().keys) == written | checked - warned


_RAISED = re.compile(
    r"""(?:UnfitError|Noted|Problem)\(\s*(?:[^"()]*,\s*)?"([a-z_]+)",|^_[A-Z_]+ = \(\s*"([a-z]+_[a-z_]+)",\s""",
    re.MULTILINE,
)


def test_every_code_that_a_row_may_be_told_has_its_texts() -> None:
    """Of readers, transforms, checks, rules of the standards and the intake."""
    root = Path(__file__).parents[2]
    files = [*(root / "adapters").glob("*.py"), *(root / "node" / "tables").glob("*.py")]
    raised = {code for file in files for found in _RAISED.findall(file.read_text("utf-8")) for code in found if code}
    assert {"date_ambiguous", "capital_unit_missing", "region_ambiguous", "phone_masked", "formula_error"} <= raised
    checked = _problems_of(identifiers) | set(validation.REASONS.values()) | set(Kind)
    told = {*texts().rows, *texts().keys}
    assert (raised | checked | {"required"}) - {"no_field"} - told == set()


def _problems_of(module: ModuleType) -> set[str]:
    flat = [each for value in vars(module).values() for each in (value if isinstance(value, tuple) else (value,))]
    made = [*flat, *(value for value in vars(module).values() if isinstance(value, Problem))]
    return {each.reason for each in made if isinstance(each, Problem)}


def test_the_page_is_not_out_of_date() -> None:
    """After a change: gongzhi errors page > docs/errors.md."""
    assert PAGE.read_text("utf-8") == errors_page()


def test_a_code_is_explained_in_either_language() -> None:
    for lang, text in (("zh", "磁盘已满"), ("en", "The disk is full")):
        shown = invoke(gongzhi, "errors", "show", "storage_full", "--lang", lang)
        assert text in shown.output
    text = meaning_and_advice(Reason.STORAGE_FULL)
    assert "腾出空间" in text.in_language("zh")
    assert "Free room" in text


def test_a_mistyped_code_is_answered_with_those_like_it() -> None:
    with pytest.raises(NodeError, match="peer_frozen"):
        find_text("peer_froze")
