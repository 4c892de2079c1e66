"""What others make a city write into its own log is bounded and joined, whatever they open."""

from collections.abc import Iterator
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from node.core.law.calendar import vendored_calendar
from node.core.log.record import Record
from node.core.standards import standard as standards
from node.storage.sqlite.log import Entry
from node.storage.sqlite.reader import PER_SUBJECT
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1 import alert_pb2
from node.stubs.standard.v1.notice_pb2 import (
    NOTICE_KIND_OPENED,
    NOTICE_KIND_REMINDER,
    NOTICE_KIND_STORED,
    CaseNotice,
    NoticeKind,
    Receipt,
)
from node.usecases.casework.act_record import NoticeRecord, read
from node.usecases.casework.case_file import PURPOSE
from node.usecases.casework.case_index import CaseIndex
from node.usecases.casework.case_summary import summary_of
from node.usecases.casework.notices import RECEIPTS_PER_HOUR, RECEIPTS_PER_NOTICE, Notices
from tests.kit.casework.casework_city import LI, CaseworkCity, act, audience_view, open_desks, referring, send, shown
from tests.kit.effort import effort

Two = tuple[CaseworkCity, CaseworkCity]
_HOUR_MS = 3_600_000


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[tuple[CaseworkCity, ...]]:
    """Changsha and Hefei."""
    with open_desks(tmp_path, "changsha", "hefei") as opened:
        yield opened


def open_alerts(desk: CaseworkCity, count: int) -> None:
    body = alert_pb2.Alert(act=act("issue", city=desk.city, date="2026-05-06"))
    desk.append([_opening(body, desk.clock.now_ms()) for _ in range(count)])


def _opening(body: alert_pb2.Alert, at_ms: int) -> Entry:
    header = Header(standard="alert", version=1, city="hefei", audience=["changsha"], issued_at_ms=at_ms)
    header.subjects.append("workflow:alert")
    return Entry.of(header, standards.get("alert").split(body.SerializeToString()))


def notices_of(desk: CaseworkCity) -> Notices:
    return Notices(desk.store, desk.clock, lambda _: None, desk.cases)


def own_size(desk: CaseworkCity) -> int:
    return desk.store.origin(desk.city).size


def test_a_city_that_opens_without_end_makes_others_write_so_much_an_hour(desks: Two) -> None:
    changsha, hefei = desks
    open_alerts(hefei, RECEIPTS_PER_HOUR + 150)
    changsha.see(hefei)
    notices = notices_of(changsha)
    assert [notices.acknowledge() for _ in range(3)] == [RECEIPTS_PER_HOUR, 0, 0]
    assert notices.remind() <= RECEIPTS_PER_HOUR
    changsha.clock.at_ms += _HOUR_MS
    assert [notices.acknowledge() for _ in range(2)] == [150, 0]
    assert notices_of(changsha).acknowledge() == 0


def test_thousands_of_opening_acts_are_acknowledged_in_few_records(desks: Two) -> None:
    """Shared case F11 has 20,000: each act made every receiver write a record of its own."""
    changsha, hefei = desks
    count = 5_000
    open_alerts(hefei, count)
    changsha.see(hefei)
    notices, before, acknowledged = notices_of(changsha), own_size(changsha), 0
    for _ in range(ceil(count / RECEIPTS_PER_HOUR)):
        acknowledged += notices.acknowledge()
        changsha.clock.at_ms += _HOUR_MS
    assert acknowledged == count
    assert own_size(changsha) - before == count // RECEIPTS_PER_HOUR * ceil(RECEIPTS_PER_HOUR / RECEIPTS_PER_NOTICE)
    assert notices_of(changsha).acknowledge() == 0
    hefei.see(changsha)
    for index in range(0, count, 97):
        case = hefei.cases.repository.open(f"hefei-{index}")
        (notice,) = case.notices
        assert (notice.body.record, notice.body.leaf_hash) == (case.id, case.acts[case.id].leaf_hash)


def test_one_act_is_acknowledged_by_a_notice_of_its_own(desks: Two) -> None:
    changsha, hefei = desks
    case = send(changsha)
    hefei.see(changsha)
    assert notices_of(hefei).acknowledge() == 1
    (record,) = hefei.store.records(0, own_size(hefei) - 1, own_size(hefei))
    notice = read(record).notice
    assert notice is not None
    assert (notice.body.case, len(notice.body.more)) == (case, 0)


def test_joined_receipts_say_what_single_ones_say(desks: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receipts of the same acts, once joined and once one by one."""
    changsha, hefei = desks
    cases = [send(changsha) for _ in range(5)]
    changsha.act("referral", cases[0], referring("supplement"))
    hefei.see(changsha)
    receipts = []
    for most in (RECEIPTS_PER_NOTICE, 1):
        monkeypatch.setattr("node.usecases.casework.notices.RECEIPTS_PER_NOTICE", most)
        acknowledged = list(notices_of(hefei)._joined(_receipts_for(hefei, cases), NOTICE_KIND_STORED))
        plain = [receipt for entry in acknowledged for receipt in _plain(entry)]
        receipts.append(sorted(plain, key=lambda receipt: receipt.record))
        assert sum(len(entry.keys) for entry in acknowledged) == 6
        assert len(acknowledged) == (1 if most > 1 else 6)
    assert receipts[0] == receipts[1]


def _receipts_for(desk: CaseworkCity, cases: list[str]) -> list[Receipt]:
    acts = [act for case in cases for act in desk.casework.open(LI, case).acts.values()]
    return [Receipt(case=act.fact.case, record=act.header.id, leaf_hash=act.leaf_hash) for act in acts]


def _plain(entry: Entry) -> list[CaseNotice]:
    record = NoticeRecord(entry.header, CaseNotice.FromString(b"".join(entry.bodies)))
    alone = [notice.body for case in dict.fromkeys(record.cases) for notice in record.in_case(case)]
    for body in alone:
        body.ClearField("more")
    return alone


def test_joined_receipts_stand_at_each_act_and_survive_a_start(desks: Two) -> None:
    changsha, hefei = desks
    cases = [send(changsha) for _ in range(3)]
    changsha.act("referral", cases[1], referring("supplement"))
    hefei.see(changsha)
    before = own_size(hefei)
    assert notices_of(hefei).acknowledge() == 4
    assert notices_of(hefei).opened(LI, hefei.casework.open(LI, cases[1])) == 2
    assert own_size(hefei) == before + 2
    changsha.see(hefei)
    for case in cases:
        for shown_act in shown(changsha, case).acts:
            for receipt in shown_act.receipts:
                assert (receipt.city, receipt.is_right) == ("hefei", True)
                assert receipt.stored
                assert bool(receipt.opened) is (case == cases[1])
    fresh = CaseIndex(changsha.store, vendored_calendar(), lambda: changsha.federation)
    by_id = {summary.id: summary for summary in fresh.summaries()}
    assert by_id == {summary.id: summary for summary in changsha.cases.summaries()}
    assert [notices_of(hefei).acknowledge(), notices_of(hefei).opened(LI, hefei.casework.open(LI, cases[1]))] == [0, 0]


def test_a_joined_notice_that_comes_to_light_later_counts_in_all_its_cases(desks: Two) -> None:
    changsha, hefei = desks
    cases = [send(changsha) for _ in range(2)]
    hefei.see(changsha)
    assert notices_of(hefei).acknowledge() == 2

    def masked(record: Record) -> Record:
        seen = audience_view("changsha")(record)
        return seen.masked(()) if seen.is_open else seen

    changsha.pull(hefei, masked, PURPOSE, "narrow")
    assert [summary.stored_by for summary in changsha.cases.summaries()] == [(), ()]
    changsha.pull(hefei, audience_view("changsha"), PURPOSE, "wide")
    changsha.revise(hefei, audience_view("changsha"), "wide")
    assert {summary.id: summary.stored_by for summary in changsha.cases.summaries()} == dict.fromkeys(cases, ("hefei",))


def lie(desk: CaseworkCity, body: CaseNotice, audience: str = "changsha") -> None:
    """Appends what no honest node writes, signed by the member's real key."""
    subjects = dict.fromkeys([f"case:{body.case}", *(f"case:{each.case}" for each in body.more)])
    header = Header(standard="case.notice", version=1, city=desk.city, audience=[audience])
    header.issued_at_ms = desk.clock.now_ms()
    header.subjects.extend([*subjects, "workflow:case.notice"])
    desk.append([Entry.of(header, [body.SerializeToString()])])


@effort(25)
@given(data=st.data())
def test_what_a_member_joins_wrongly_counts_for_nothing(data: DataObject) -> None:
    """Foreign acts, other kinds, ids that are none: a receipt counts in its own case alone."""
    ids = st.sampled_from(["changsha-0", "changsha-7", "hefei-3", "wuhan-1", "", "changsha", "x" * 90, "changsha-01"])
    receipt = st.builds(Receipt, case=ids, record=ids, leaf_hash=st.binary(max_size=32))
    kind = data.draw(st.sampled_from([0, NOTICE_KIND_STORED, NOTICE_KIND_OPENED, NOTICE_KIND_REMINDER, 77]))
    more = data.draw(st.lists(receipt, max_size=8))
    body = CaseNotice(case="changsha-0", kind=NoticeKind.ValueType(kind), record="changsha-0", more=more)
    record = NoticeRecord(Header(audience=["changsha"]), body)
    for case in ("changsha-0", "hefei-3", "wuhan-1"):
        counted = list(record.in_case(case))[case == "changsha-0" :]
        right = [each for each in more if each.case == case and each.record in ("changsha-0", "changsha-7")]
        expected = right if kind in (NOTICE_KIND_STORED, NOTICE_KIND_OPENED) else []
        assert [notice.body.record for notice in counted] == [each.record for each in expected]
        assert all(notice.body.case == case and not notice.body.more for notice in counted)


def test_lies_duplicates_and_too_many_receipts_stop_nothing(desks: Two) -> None:
    changsha, hefei = desks
    cases = [send(changsha) for _ in range(2)]
    hefei.see(changsha)
    sent = next(each.id for each in shown(hefei, cases[1]).acts if each.act == "send")
    wrong = Receipt(case=cases[1], record=sent, leaf_hash=bytes(32))
    stored = CaseNotice(case=cases[0], kind=NOTICE_KIND_STORED, record=cases[0], leaf_hash=bytes(32))
    lie(hefei, _with(stored, more=[wrong] * (RECEIPTS_PER_NOTICE - 1)))
    lie(hefei, _with(stored, more=[wrong] * RECEIPTS_PER_NOTICE))  # one too many: not read at all
    lie(hefei, _with(stored, more=[Receipt(case="", record="no id")] * 9))
    changsha.see(hefei)
    for case in cases:
        for shown_act in shown(changsha, case).acts:
            assert not any(receipt.is_right for receipt in shown_act.receipts)
        assert summary_of(changsha.cases.repository.open(case), vendored_calendar()).id == case
    assert len(changsha.cases.repository.open(cases[1]).notices) == RECEIPTS_PER_NOTICE - 1
    assert notices_of(hefei).acknowledge() == 2
    changsha.see(hefei)
    assert all(_is_received(changsha, case) for case in cases)


def test_of_each_peer_so_many_receipts_count_in_a_case(desks: Two) -> None:
    changsha, hefei = desks
    case = send(changsha)
    receipt = Receipt(case=case, record="changsha-0", leaf_hash=bytes(32))
    for _ in range(PER_SUBJECT // RECEIPTS_PER_NOTICE + 5):
        more = [receipt] * (RECEIPTS_PER_NOTICE - 1)
        lie(hefei, CaseNotice(case=case, kind=NOTICE_KIND_OPENED, record="changsha-0", more=more))
    changsha.see(hefei)
    assert len(changsha.cases.repository.open(case).notices) == PER_SUBJECT


def _with(notice: CaseNotice, more: list[Receipt]) -> CaseNotice:
    joined = CaseNotice(more=more)
    joined.MergeFrom(notice)
    return joined


def _is_received(desk: CaseworkCity, case: str) -> bool:
    receipts = [receipt for shown_act in shown(desk, case).acts for receipt in shown_act.receipts]
    return any(receipt.is_right for receipt in receipts)
