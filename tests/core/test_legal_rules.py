"""The legal rules: each of the domain's clocks is there, and the file is refused when it contradicts itself."""

from datetime import date
from importlib import resources

import pytest

from node.core.law.laws import laws, parse_citation
from node.core.law.legal_rules import Kind, Unit, find_rule, parse_rules, vendored_rules
from node.errors import FileError, NodeError, Reason

BOOK = vendored_rules()
TEXT = (resources.files("node.core.law") / "legal_rules.yaml").read_text("utf-8")
DAY = date(2026, 6, 1)

# The domain's table and the limits in its standards: rule, limit, unit, extensions, article.
CLOCKS = [
    ("clue.filing_decision", 15, "working_days", [15], "18"),
    ("assistance.answer", 15, "working_days", [None], "45"),
    ("case.decision", 90, "days", [30, None], "64"),
    ("jurisdiction.negotiation", 7, "working_days", [], "13"),
    ("jurisdiction.designation", 7, "working_days", [], "16"),
    ("complaint.acceptance", 7, "working_days", [], "15"),
    ("complaint.mediation", 60, "days", [], "23"),
    ("complaint.end_told", 7, "working_days", [], None),
    ("listing.serious.push", 10, "working_days", [], "14"),
    ("listing.serious.publication", 10, "working_days", [], "14"),
    ("listing.serious.annulment", 3, "working_days", [], "19"),
    ("listing.serious.removal", 3, "working_days", [], "18"),
    ("listing.serious.term", 3, "years", [], "21"),
    ("listing.serious.early_removal", 1, "years", [], "16"),
    ("credit.repair.acceptance", 2, "working_days", [], None),
    ("credit.repair.decision", 7, "working_days", [10], None),
    ("credit.repair.execution", 3, "working_days", [], None),
    ("credit.repair.push", 3, "working_days", [], None),
    ("credit.repair.ban", 3, "years", [], None),
    ("crime.transfer_decision", 3, "days", [], "5"),
    ("crime.police_decision", 3, "days", [], "8"),
    ("penalty.publication", 20, "working_days", [], "9"),
    ("penalty.push", 10, "working_days", [], "10"),
    ("penalty.publication_by_home", 10, "working_days", [], "10"),
    ("penalty.withdrawal", 3, "working_days", [], "11"),
    ("penalty.publicity_minor", 3, "months", [], "13"),
    ("penalty.publicity", 1, "years", [], None),
    ("penalty.publicity_grave", 3, "years", [], None),
    ("penalty.repair_wait", 3, "months", [], None),
    ("penalty.repair_wait_grave", 12, "months", [], None),
    ("platform.sanction_publication", 1, "working_days", [], "30"),
    ("records.usage", 3, "years", [], "29"),
]


@pytest.mark.parametrize(("rule_id", "limit", "unit", "extensions", "article"), CLOCKS)
def test_every_clock_of_the_domain(
    rule_id: str, limit: int, unit: str, extensions: list[int | None], article: str | None
) -> None:
    rule = find_rule(rule_id, DAY)
    assert (rule.limit, rule.unit, rule.article) == (limit, Unit(unit), article)
    assert [right.limit for right in rule.extensions] == extensions


def test_the_version_in_force_on_the_day_binds() -> None:
    old, new = BOOK.all_versions("complaint.mediation")
    assert (old.limit, old.unit, old.until) == (45, Unit.WORKING_DAYS, date(2026, 4, 14))
    assert find_rule("complaint.mediation", date(2026, 4, 14)) == old
    assert find_rule("complaint.mediation", date(2026, 4, 15)) == new
    assert "121" in laws()[new.law].number
    assert find_rule("credit.repair.decision", date(2025, 12, 24)).limit == 15
    assert [rule.version for rule in BOOK.all_in_force(DAY) if rule.id == "complaint.mediation"] == [2]


def test_the_accord_binds_nobody_before_it_was_signed() -> None:
    with pytest.raises(NodeError) as early:
        find_rule("complaint.settlement", date(2025, 8, 31))
    assert early.value.reason is Reason.RULE_NOT_IN_FORCE
    assert find_rule("complaint.settlement", date(2025, 10, 1)).limit == 10


def test_order_20_is_cited_for_nothing_of_today() -> None:
    assert not [rule.id for rule in BOOK.all_in_force(DAY) if "第20号" in laws()[rule.law].number]


def test_an_assistance_is_extended_only_if_told_and_a_case_by_approval() -> None:
    assert find_rule("assistance.answer", DAY).extensions[0].needs_notice
    assert find_rule("case.decision", DAY).extensions[0].approval is not None
    assert find_rule("listing.serious.term", DAY).kind is Kind.TERM


def test_unknown_rules_and_days_before_the_first_version() -> None:
    with pytest.raises(NodeError) as unknown:
        find_rule("no.such_rule", DAY)
    assert unknown.value.reason is Reason.NOT_FOUND
    with pytest.raises(NodeError, match="2025-12-25") as early:
        find_rule("credit.repair.execution", date(2025, 12, 24))
    assert early.value.reason is Reason.RULE_NOT_IN_FORCE


MEDIATION_2 = "version: 2\n    label: {zh: 投诉调解"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("law: online_trade", "law: offline_trade", "offline_trade is not declared"),
        ("excluded: [testing]", "excluded: [lunch]", "lunch is not declared"),
        (MEDIATION_2, MEDIATION_2.replace("2", "3"), "counted from 1 without a gap"),
        (MEDIATION_2, MEDIATION_2.replace("2", "1"), "counted from 1 without a gap"),
        ("from: 2026-04-15\n    limit: 60", "from: 2020-01-01\n    limit: 60", "begins before v1 ends"),
        ("limit: 90\n    unit: days\n    rolls: true", "limit: 90\n    unit: days", "rolls is said of"),
        ("limit: 7\n    unit: working_days", "limit: 7\n    unit: working_days\n    rolls: true", "rolls is said of"),
        ("unit: hours", "unit: hours\n    excluded: [testing]", "runs through"),
        ("limit: 90", "limit: 0", "limit"),
        ("limit: 90", "limit: ninety", "limit"),
        ("confidence: L", "confidence: X", "confidence"),
        ("confidence: L", "confidence: L\n    sure: no", "sure"),
        ("from: 2012-01-01", "from: 2012-01-01\n    until: 2011-12-31", "until is before from"),
    ],
)
def test_a_wrong_file_is_refused(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(FileError, match=message) as refusal:
        parse_rules(TEXT.replace(old, new, 1), "rules.yaml")
    assert refusal.value.reason is Reason.INVALID_LEGAL_RULES


def test_a_rule_may_end_without_a_successor() -> None:
    text = TEXT.replace("from: 2012-01-01", "from: 2012-01-01\n    until: 2025-12-31")
    book = parse_rules(text, "rules.yaml")
    assert book.in_force("measure.seizure", date(2025, 12, 31)).until == date(2025, 12, 31)
    with pytest.raises(NodeError, match="not in force"):
        book.in_force("measure.seizure", date(2026, 1, 1))


def test_what_is_to_be_checked_is_marked_in_tables_and_not_in_messages() -> None:
    unsure = parse_citation("serious_list 21?")
    assert (unsure.zh, unsure.en) == (parse_citation("serious_list 21").zh, parse_citation("serious_list 21").en)
    assert (unsure.marked.zh, unsure.marked.en) == (f"{unsure.zh}（待核）", f"{unsure.en} (to be checked)")


def test_every_text_is_there_in_both_languages() -> None:
    for versions in BOOK.versions.values():
        for rule in versions:
            for label in (rule.label, rule.starts, laws()[rule.law]):
                assert label.zh.strip()
                assert label.en.isascii()
