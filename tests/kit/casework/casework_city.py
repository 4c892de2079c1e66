"""Cities with officers at their desks: real stores, acts made by officers and platforms, pulls between cities."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from types import MappingProxyType

import pytest
from google.protobuf.message import Message

from node.core.law.calendar import SHANGHAI, vendored_calendar
from node.core.log.record import Record
from node.core.members.actor import Actor
from node.core.members.federation import Federation, Member
from node.core.members.officers import Account, OfficerRole
from node.core.members.platforms import Connected
from node.errors import Reason
from node.folder.founding import CAPITALS
from node.ports import Signer
from node.stubs.casework.v1 import casework_pb2 as pb
from node.stubs.standard.v1 import act_pb2, referral_pb2
from node.stubs.standard.v1.party_pb2 import Party
from node.usecases.casework.act import Casework, Recorded
from node.usecases.casework.case_file import PURPOSE
from node.usecases.casework.case_index import CaseIndex
from node.usecases.casework.propose import ActRefusedError, Submission, act_of
from node.usecases.casework.show import show_case
from tests.kit.samples.standards import referral
from tests.kit.stores.city import City, withheld

ZHANG = Actor("zhang", Account("张三", (OfficerRole.CASE_OFFICER,), "A01"))
LI = Actor("li", Account("李四", (OfficerRole.APPROVER, OfficerRole.CASE_OFFICER), "A02"))
CLERK = Actor("zhao", Account("赵六", (OfficerRole.CLERK,), "A03"))
AUDITOR = Actor("wang", Account("王五", (OfficerRole.AUDITOR,), "A04"))
JD = Actor("jd", Account("京东"), is_platform=True)
TAOBAO = Actor("taobao", Account("淘宝"), is_platform=True)
# 京东 is connected to Hefei's node, 淘宝 to Changsha's.
PLATFORMS = {"hefei": (Connected("京东", seat="110115"),), "changsha": (Connected("淘宝", seat="430104"),)}


def federation(*cities: str) -> Federation:
    """Members as cards state them, but for keys and certificates."""
    return Federation(tuple(_member(city) for city in cities))


def _member(city: str) -> Member:
    name, region6 = CAPITALS[city]
    return Member(city, name, region6, f"{city}.example:1", (), (), PLATFORMS.get(city, ()))


_NUMBERS = count(1)
TWO = [ZHANG.officer(), LI.officer()]


class CaseworkCity(City):
    """A city whose officers work on cases; `told` holds the audiences that were given a hint."""

    def __init__(self, folder: Path, city: str, members: Iterable[str], signer: Signer | None = None) -> None:
        super().__init__(folder, city, signer=signer)
        self.told: list[tuple[str, ...]] = []
        self.federation = federation(*members)
        self._sit_down()

    def reopen(self) -> None:
        """Closes the store and opens it anew, as a restart does."""
        super().reopen()
        self._sit_down()

    def _sit_down(self) -> None:
        self.cases = CaseIndex(self.store, vendored_calendar(), lambda: self.federation)
        self.casework = Casework(self.store, self.clock, lambda: self.federation, self._tell, self.cases)

    def _tell(self, audience: Collection[str]) -> None:
        self.told.append(tuple(audience))

    def act(self, name: str, case: str, body: Message, actor: Actor = ZHANG, also_to: tuple[str, ...] = ()) -> Recorded:
        return self.casework.act(actor, Submission(name, case, body.SerializeToString(), also_to))

    def decide(
        self,
        name: str,
        case: str,
        body: Message,
        maker: Actor = ZHANG,
        approver: Actor = LI,
        also_to: tuple[str, ...] = (),
    ) -> Recorded:
        draft = self.casework.prepare(maker, Submission(name, case, body.SerializeToString(), also_to))
        return self.casework.approve(approver, draft.number)

    def see(self, origin: "CaseworkCity") -> None:
        """Pulls what the other city's policy leaves: its audience alone, regulators' facets."""
        self.pull(origin, audience_view(self.city), purpose=PURPOSE)

    def state(self, case: str) -> str:
        return self.casework.open(LI, case).case.state


@contextmanager
def open_desks(
    folder: Path, *cities: str, signers: Mapping[str, Signer] = MappingProxyType({})
) -> Iterator[tuple[CaseworkCity, ...]]:
    """Desks of these cities, on Wednesday the sixth of May 2026; Changsha, Hefei and Wuhan are members."""
    desks = tuple(CaseworkCity(folder, city, ("changsha", "hefei", "wuhan"), signers.get(city)) for city in cities)
    for desk in desks:
        desk.clock.at_ms = at("2026-05-06")
    yield desks
    for desk in desks:
        desk.close()


def audience_view(city: str) -> Callable[[Record], Record]:
    def see(record: Record) -> Record:
        if not record.is_open or not {city, "all"} & set(record.header.audience):
            return withheld(record)
        return record.masked({1, 2} if record.header.standard in ("alert", "listing.serious", "complaint") else {1})

    return see


def act(name: str, **fields: object) -> act_pb2.Act:
    return act_pb2.Act(act=name, **fields)  # type: ignore[arg-type]


def with_act(body: Message, name: str, **fields: object) -> Message:
    said = act_of(body)
    said.Clear()
    said.MergeFrom(act(name, **fields))
    return body


def referring(name: str, **fields: object) -> referral_pb2.Referral:
    """An act in a referral that carries nothing but what every act does."""
    return referral_pb2.Referral(act=act(name, **fields))


def drafted_referral(to_city: str = "hefei") -> referral_pb2.Referral:
    body = referral()
    assert isinstance(body, referral_pb2.Referral)
    body.to_city, body.number = to_city, f"长市监案移〔2026〕{next(_NUMBERS)}号"  # no two cases share one
    with_act(body, "draft")
    return body


def send(
    origin: CaseworkCity, to_city: str = "hefei", party: Party | None = None, also_to: tuple[str, ...] = ()
) -> str:
    """A referral that went out; its case."""
    body = drafted_referral(to_city)
    if party is not None:
        body.party.CopyFrom(party)
        body.ClearField("id_hmac")
    case = origin.act("referral", "", body).case
    origin.decide("referral", case, referring("approve"))
    sending = referring("send", officers=TWO, article="市场监督管理行政处罚程序规定 第14条")
    origin.decide("referral", case, sending, also_to=also_to)
    return case


def at(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T10:00").replace(tzinfo=SHANGHAI).timestamp() * 1000)


def shown(desk: CaseworkCity, case: str, day: str = "2026-05-06") -> pb.Case:
    now = datetime.fromtimestamp(at(day) / 1000, SHANGHAI)
    file = desk.casework.open(LI, case)
    return show_case(file, LI, vendored_calendar(), now, desk.casework.members, desk.casework.out_of_rule(file))


def files_with(folder: Path, stem: str, found: bytes) -> list[str]:
    return [path.name for path in folder.glob(f"{stem}.db*") if found in path.read_bytes()]


def documents(*titles: str) -> list[act_pb2.Document]:
    return [act_pb2.Document(title=title, number="1号") for title in titles]


def broken_in(caught: pytest.ExceptionInfo[ActRefusedError]) -> set[tuple[str, Reason]]:
    return {(each.rule, each.reason) for each in caught.value.broken}
