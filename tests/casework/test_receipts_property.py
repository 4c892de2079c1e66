"""However the receipts of the same acts are split into notices, everything computed from them is the same."""

import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from node.core.law.calendar import SHANGHAI
from node.core.log.proof import verify_proof
from node.core.log.run import record_of
from node.ports import Signer
from node.storage.sqlite.inspection import inspect
from node.stubs.standard.v1.notice_pb2 import NOTICE_KIND_OPENED, NOTICE_KIND_STORED, NoticeKind, Receipt
from node.usecases.casework.act_record import read
from node.usecases.casework.case_file import PURPOSE
from node.usecases.casework.deadlines import deadlines, scorecard
from node.usecases.casework.notices import Notices
from node.usecases.casework.worklist import inbox, outbox
from node.usecases.records.prove import prove
from node.usecases.upkeep.audit import audit
from tests.kit.casework.casework_city import LI, CaseworkCity, at, open_desks, referring, send, shown
from tests.kit.effort import effort
from tests.kit.keys import KeySigner

NOW = datetime.fromtimestamp(at("2026-05-06") / 1000, SHANGHAI)
KINDS = (NOTICE_KIND_STORED, NOTICE_KIND_OPENED)
Said = tuple[NoticeKind.ValueType, Receipt]
Split = Sequence[Sequence[Said]]


class Ground(NamedTuple):
    """Two cities' stores before any receipt, the receipts to come, and what is computed where each stands alone."""

    folder: Path
    signers: dict[str, Signer]
    cases: list[str]
    receipts: list[Said]
    alone: list[object]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """Changsha referred four cases to Hefei and supplemented one twice; Hefei received two and has said nothing."""
    folder = tmp_path_factory.mktemp("ground")
    signers: dict[str, Signer] = {"changsha": KeySigner(), "hefei": KeySigner()}
    with open_desks(folder, "changsha", "hefei", signers=signers) as (changsha, hefei):
        cases = [send(changsha) for _ in range(4)]
        for _ in range(2):
            changsha.act("referral", cases[0], referring("supplement"))
        hefei.see(changsha)
        for case in cases[:2]:
            hefei.act("referral", case, referring("receive"))
        receipts = list(_receipts(hefei, cases))
    made = Ground(folder, signers, cases, receipts, [])
    return made._replace(alone=computed(made, [[receipt] for receipt in receipts], looks=[]))


def _receipts(desk: CaseworkCity, cases: Sequence[str]) -> Iterator[Said]:
    """Every act of Changsha is stored; those of the first and the last case are opened."""
    for number, case in enumerate(cases):
        for act in desk.casework.open(LI, case).acts.values():
            if act.header.city == "changsha":
                receipt = Receipt(case=case, record=act.header.id, leaf_hash=act.leaf_hash)
                yield from ((kind, receipt) for kind in KINDS[: 2 if number in (0, 3) else 1])


@effort(20)
@given(data=st.data())
def test_any_split_of_receipts_leads_to_the_same(ground: Ground, data: DataObject) -> None:
    order = data.draw(st.permutations(ground.receipts))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(order) - 1))))
    parts = [order[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(order)], strict=True)]
    # Receipts of one kind are joined, so a part makes one notice or two.
    split = [[said for said in part if said[0] == kind] for part in parts for kind in KINDS]
    looks = data.draw(st.lists(st.integers(0, len(split)), max_size=3))
    assert computed(ground, [part for part in split if part], looks) == ground.alone


def computed(ground: Ground, split: Split, looks: Sequence[int]) -> list[object]:
    """What both cities compute once Hefei has said the parts; Changsha also looks after the parts in `looks`."""
    with TemporaryDirectory() as copy:
        folder = Path(copy)
        shutil.copytree(ground.folder, folder, dirs_exist_ok=True)
        with open_desks(folder, "changsha", "hefei", signers=ground.signers) as (changsha, hefei):
            notices = Notices(hefei.store, hefei.clock, lambda _: None, hefei.cases)
            for number, part in enumerate(split):
                kind, officer = part[0][0], LI.id if part[0][0] == NOTICE_KIND_OPENED else ""
                assert notices._say(notices._joined([receipt for _, receipt in part], kind, officer)) == len(part)
                if number in looks:
                    changsha.see(hefei)
                    changsha.cases.summaries()
            changsha.see(hefei)
            assert _open_receipts(hefei, notices, ground.cases) == [0, 0, 0]
            return [
                *_worklists(changsha),
                *_worklists(hefei),
                *_cases(changsha, ground.cases),
                _proven(changsha, hefei),
            ]


def _open_receipts(hefei: CaseworkCity, notices: Notices, cases: Sequence[str]) -> list[int]:
    """How many receipts are not said yet."""
    opened = (notices.opened(LI, hefei.casework.open(LI, case)) for case in (cases[0], cases[3]))
    return [notices.acknowledge(), *opened]


def _worklists(desk: CaseworkCity) -> Iterator[object]:
    """A city's cases, both worklists, deadlines and scores."""
    summaries = sorted(desk.cases.summaries(), key=lambda summary: summary.id)
    assert len(summaries) == 4
    yield summaries
    for worklist in (inbox, outbox):
        yield [listed.summary(NOW, desk.city) for listed in worklist(summaries, desk.city, NOW)]
    yield [running.message(NOW) for running in deadlines(summaries, NOW)]
    yield scorecard(summaries, NOW)


def _cases(desk: CaseworkCity, cases: Sequence[str]) -> Iterator[object]:
    """Each case as it is shown, but for the record ids of the receipts."""
    for case in cases:
        view = shown(desk, case)
        for act in view.acts:
            for receipt in act.receipts:
                receipt.stored, receipt.opened = str(bool(receipt.stored)), str(bool(receipt.opened))
        yield view


def _proven(changsha: CaseworkCity, hefei: CaseworkCity) -> list[tuple[int, str, bytes]]:
    """What proofs of Hefei's notices, made at Changsha, say by the pinned key alone; both stores stand an audit."""
    keys = {desk.city: [desk.key] for desk in (changsha, hefei)}
    for desk in (changsha, hefei):
        with inspect(desk.path) as inspection:
            assert [each.faults for each in audit(inspection, keys.__getitem__, _no_progress)] == [[], []]
    said = []
    at_changsha = changsha.store.origin("hefei")
    for stored in changsha.store.records(at_changsha.number, 0, at_changsha.size):
        if stored.is_open and read(stored).notice is not None:
            proof = prove(changsha.store, stored.header.id, PURPOSE)
            assert verify_proof(proof, keys["hefei"]).header.id == stored.header.id
            notice = read(record_of(proof.view, stored.index)).notice
            assert notice is not None
            receipts = [(notice.body.record, notice.body.leaf_hash)]
            receipts += [(receipt.record, receipt.leaf_hash) for receipt in notice.body.more]
            said += [(notice.body.kind, record, leaf_hash) for record, leaf_hash in receipts]
    return sorted(said)


def _no_progress(*_: object) -> None:
    """Nobody watches."""
