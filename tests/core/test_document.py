"""What is written as YAML reads back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.document import format_document, parse_document
from node.errors import Reason

NUMBERS = st.from_regex(r"[-+]?[0-9._]{0,8}([eE][-+]?[0-9]{1,4})?", fullmatch=True)
WORDS = st.sampled_from(
    ["null", "~", "", "yes", "NO", "True", "2026-05-01", ".inf", "-.INF", ".nan", "=", "<<", "0x1f"]
)
TEXTS = NUMBERS | WORDS | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(1e-9, 1e15) | st.dates(),
    lambda within: st.lists(within, max_size=3) | st.dictionaries(TEXTS.filter(bool), within, max_size=3),
    max_leaves=6,
)


def read_back(value: object) -> object:
    return parse_document(format_document({"value": value}), "x", Reason.INVALID_ARGUMENT).data["value"]


@pytest.mark.parametrize("text", ["1e3", "1E3", "-1e3", "12e03", "6.02e+23", "1.5e-3"])
def test_a_name_like_a_number_stays_a_text(text: str) -> None:
    assert read_back(text) == text


@given(VALUES)
def test_whatever_is_written_is_read_back(value: object) -> None:
    assert read_back(value) == value
