"""Receipts of several acts in one record: what they say, to whom, and that each is said once."""

import shutil
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace

import pytest

from node.core.log.record import Record
from node.core.members.federation import Federation, Member
from node.stubs.standard.v1.measure_pb2 import MeasureRequest
from node.stubs.standard.v1.notice_pb2 import NOTICE_KIND_OPENED, NOTICE_KIND_STORED, Receipt
from node.usecases.casework.act_record import read
from node.usecases.casework.case_file import PURPOSE
from node.usecases.casework.notices import Notices
from node.usecases.evidence.read import show_case
from node.usecases.records.prove import prove
from node.usecases.upkeep import return_log
from tests.kit.casework.casework_city import (
    JD,
    LI,
    CaseworkCity,
    act,
    audience_view,
    federation,
    referring,
    send,
    shown,
)
from tests.kit.casework.measures import World, asked
from tests.kit.stores.city import withheld
from tests.kit.stores.evidence import store

Two = tuple[CaseworkCity, CaseworkCity]
Three = tuple[CaseworkCity, CaseworkCity, CaseworkCity]


def notices_of(desk: CaseworkCity) -> Notices:
    return Notices(desk.store, desk.clock, lambda _: None, desk.cases)


def acknowledged(desk: CaseworkCity) -> list[str]:
    """The acts that a city's own log says it has stored, each as often as it says so."""
    records = desk.store.records(0, 0, desk.store.origin(desk.city).size)
    notices = [notice.body for record in records if record.is_open and (notice := read(record).notice) is not None]
    stored = [body for body in notices if body.kind == NOTICE_KIND_STORED]
    return sorted(record for body in stored for record in (body.record, *(receipt.record for receipt in body.more)))


def put_back(desk: CaseworkCity, backup: Path) -> CaseworkCity:
    """The city at its desk with the store of a backup."""
    desk.close()
    for file in desk.path.parent.glob(f"{desk.path.name}*"):
        file.unlink()
    shutil.copy(backup, desk.path)
    desk.reopen()
    return desk


@pytest.mark.parametrize("count", [1, 3], ids=["single", "joined"])
def test_a_receipt_that_a_peer_gave_back_is_not_said_again(
    count: int, desks: Two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hefei is put back to before its receipts; Changsha returns them, then Changsha's log is pulled anew."""
    changsha, hefei = desks
    backup, begin = tmp_path / "backup.db", hefei.store.origin("hefei").size
    hefei.store.connection.execute("VACUUM INTO ?", (str(backup),))
    cases = [send(changsha) for _ in range(count)]
    changsha.act("referral", cases[0], referring("supplement"))
    hefei.see(changsha)
    assert notices_of(hefei).acknowledge() == count + 1
    assert notices_of(hefei).opened(LI, hefei.casework.open(LI, cases[0])) == 2
    said, size = acknowledged(hefei), hefei.store.origin("hefei").size
    changsha.see(hefei)

    put_back(hefei, backup)
    give_back(changsha, hefei, begin, tmp_path / "returned", monkeypatch)
    hefei.see(changsha)
    assert notices_of(hefei).acknowledge() == 0
    assert notices_of(hefei).opened(LI, hefei.casework.open(LI, cases[0])) == 0
    assert (acknowledged(hefei), hefei.store.origin("hefei").size) == (said, size)


def give_back(
    holder: CaseworkCity, loser: CaseworkCity, begin: int, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one city holds of another's log is taken up there, by the code of `recover`."""
    return_log.return_log(holder.store, holder.city, loser.city, begin, file)
    pinned = Federation((Member(loser.city, loser.city, "340100", "hefei.example:1", (loser.key,), ()),))
    monkeypatch.setattr(return_log, "load_federation", lambda _: pinned)
    config = SimpleNamespace(city=loser.city, federation=None)
    return_log._take_up(loser.store, config, [return_log._read(file)])  # type: ignore[arg-type]


def test_receipts_tell_a_city_of_no_case_that_it_has_no_part_in(three: Three) -> None:
    """Cases for Hefei, for Wuhan and for both, acknowledged and opened by both: each city holds all logs."""
    changsha, hefei, wuhan = three
    cases = [send(changsha, to) for to in ("hefei", "wuhan", "hefei", "wuhan")]
    cases += [send(changsha, also_to=("wuhan",)) for _ in range(2)]
    for reader in (hefei, wuhan):
        reader.see(changsha)
    for case in (cases[0], cases[4], cases[5]):
        hefei.act("referral", case, referring("receive"))
    wuhan.act("referral", cases[1], referring("receive"))
    for reader, origin in permutations(three, 2):
        reader.see(origin)
    joined = [notices_of(desk).acknowledge() for desk in three]
    assert min(joined) >= 1
    for desk in three:
        for case in {summary.id for summary in desk.cases.summaries()}:
            notices_of(desk).opened(LI, desk.casework.open(LI, case))
    silent = []
    for reader, origin in permutations(three, 2):
        reader.see(origin)
        named = named_in_notices(reader, origin)
        assert named <= {summary.id for summary in reader.cases.summaries()}
        silent += [(reader.city, origin.city)] if not named else []
    assert silent == [("wuhan", "hefei")]  # Wuhan made no act that Hefei saw


def named_in_notices(reader: CaseworkCity, origin: CaseworkCity) -> set[str]:
    """The cases that the notices of a city name, in header or body, as another holds them."""
    at = reader.store.origin(origin.city)
    records = [record for record in reader.store.records(at.number, 0, at.size) if record.is_open]
    reads = [opened for record in records if (opened := read(record)).notice is not None]
    named = {subject.removeprefix("case:") for opened in reads for subject in opened.header.subjects if "-" in subject}
    return named | {case for opened in reads if opened.notice for case in opened.notice.cases}


@pytest.mark.parametrize("count", [1, 2], ids=["single", "joined"])
def test_a_bundle_of_a_case_names_no_other_case(count: int, desks: Two, tmp_path: Path) -> None:
    """A bundle changes hands; a receipt joined with those of other cases stays out of it."""
    changsha, hefei = desks
    cases = [send(changsha) for _ in range(count)]
    hefei.see(changsha)
    notices_of(hefei).acknowledge()
    opening = notices_of(hefei).opened(LI, hefei.casework.open(LI, cases[0]))
    changsha.see(hefei)
    packed = show_case(changsha.store, store(tmp_path), cases[0], PURPOSE).records
    proofs = [prove(changsha.store, record, PURPOSE) for record in packed]
    named = {case for case in cases for proof in proofs if case.encode() in proof.view.SerializeToString()}
    assert named == {cases[0]}
    assert [record.partition("-")[0] for record in packed].count("hefei") == (2 if count == 1 else opening)


def test_a_receipt_counts_for_what_was_received_by_whom_it_was_for(three: Three) -> None:
    """Wuhan is no party and holds the leaf hash alone; Hefei first says that it stored something else."""
    changsha, hefei, wuhan = three
    case = send(changsha)
    hefei.see(changsha)
    sent = next(act for act in changsha.casework.open(LI, case).acts.values() if act.fact.act == "send")

    def say(desk: CaseworkCity, leaf_hash: bytes) -> None:
        receipt = Receipt(case=case, record=sent.header.id, leaf_hash=leaf_hash)
        notices = notices_of(desk)
        assert notices._say(notices._joined([receipt], NOTICE_KIND_OPENED, "zhang")) == 1
        changsha.see(desk)

    say(wuhan, sent.leaf_hash)
    say(hefei, bytes(32))
    (summary,) = changsha.cases.summaries()
    assert (summary.stored_by, summary.opened_by) == ((), ())
    (shown_act,) = (act for act in shown(changsha, case).acts if act.act == "send")
    assert [(receipt.city, receipt.is_right) for receipt in shown_act.receipts] == [("hefei", False)]
    assert notices_of(hefei).acknowledge() == 1
    changsha.see(hefei)
    (summary,) = changsha.cases.summaries()
    assert (summary.stored_by, summary.opened_by) == (("hefei",), ())


def test_an_act_that_comes_to_light_later_is_acknowledged(desks: Two) -> None:
    """The sender's policy widens; the addressee's node goes on running."""
    changsha, hefei = desks
    notices = notices_of(hefei)
    for number, hide in enumerate((hide_whole, hide_body)):
        case = send(changsha)
        hefei.pull(changsha, hide, PURPOSE, f"narrow {number}")
        assert notices.acknowledge() == 0
        hefei.pull(changsha, audience_view("hefei"), PURPOSE, f"wide {number}")
        hefei.revise(changsha, audience_view("hefei"), f"wide {number}")
        assert notices.acknowledge() == 1
        assert case in {summary.id for summary in hefei.cases.summaries()}
    assert notices.acknowledge() == 0


def hide_whole(record: Record) -> Record:
    return withheld(record)


def hide_body(record: Record) -> Record:
    seen = audience_view("hefei")(record)
    return seen.masked(()) if seen.is_open else seen


def test_what_a_platform_did_before_its_card_came_is_acknowledged(three: Three) -> None:
    """An act in a platform's name counts once the card of its city names the platform."""
    changsha, hefei, _ = three
    case = asked(World(three))
    notices = notices_of(changsha)
    known = changsha.federation
    changsha.federation = federation("changsha", "wuhan")
    hefei.act("measure.request", case, MeasureRequest(act=act("ack")), actor=JD)
    changsha.see(hefei)
    said = notices.acknowledge()
    changsha.federation = known
    assert (said, notices.acknowledge()) == (0, 1)
