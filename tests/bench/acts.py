"""Acts for the benchmarks, as they stand in logs: one case of many acts by two cities, and many cases of few acts."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any

from node.config import Config
from node.core.standards import standard as standards
from node.folder.keyfile import load_log_key
from node.storage.sqlite.log import Entry
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.act_pb2 import Act, Officer
from node.usecases.casework.act_record import workflow_subject
from node.usecases.casework.case_file import PURPOSE
from tests.bench.world import ORIGIN, OTHER
from tests.kit.samples.standards import complaint, referral
from tests.kit.stores.city import City

CASE = f"{ORIGIN}-0"
DAY = "2026-05-06"
# Acts of the other city that a city has not seen when it acts.
LAG = 3
# A city has no more cases open, however large its log of registrations: a node keeps them in memory.
MAX_CASES = 20_000
ACTS_A_CASE = 3
_AT_ONCE = 500
_OFFICERS = (
    Officer(name="张三", account="zhang", certificate_number="43010001"),
    Officer(name="李四", account="li", certificate_number="43010002"),
)


def one_case(count: int) -> dict[str, list[Entry]]:
    """A referral of `count` acts: what each of the two cities has in its log."""
    entries: dict[str, list[Entry]] = {ORIGIN: [_sent()], OTHER: []}
    logs: dict[str, list[str]] = {ORIGIN: [CASE], OTHER: []}
    _add(entries, logs, OTHER, "receive", [CASE])
    _add(entries, logs, OTHER, "accept", logs[OTHER])
    for index in range(3, count):
        city, other = (ORIGIN, OTHER) if index % 2 else (OTHER, ORIGIN)
        seen = logs[other][max(1 if other == OTHER else 0, len(logs[other]) - 1 - LAG)]
        _add(entries, logs, city, "supplement", list(dict.fromkeys((logs[city][-1], seen))))
    return entries


def many_cases(count: int, day: date) -> Iterator[list[Entry]]:
    """`count` complaints in one city's own log, each received, accepted and mediated."""
    for number in range(count):
        case = f"{ORIGIN}-{ACTS_A_CASE * number}"
        body: Any = complaint()
        body.number_12315 = f"{number:022d}"
        register = _signed(body, "register", "", [], ORIGIN, day.isoformat())
        later = [
            _signed(type(body)(), name, case, [f"{ORIGIN}-{ACTS_A_CASE * number + at}"], ORIGIN, day.isoformat())
            for at, name in enumerate(("accept", "mediate"))
        ]
        yield [entry(each, "complaint", ORIGIN, [ORIGIN]) for each in (register, *later)]


def many_referrals(count: int, to_city: str) -> Iterator[Entry]:
    """`count` acts of referrals to a city, some to a case, every act a minute after the one before."""
    for number in range(count):
        first = number - number % ACTS_A_CASE
        case = f"{ORIGIN}-{first}"
        body: Any = referral()
        if number == first:
            body = _signed(body, "send", "", [], ORIGIN, DAY)
            body.to_city, body.number, body.party.uscc = to_city, f"长市监案移〔2026〕{number}号", f"{number:018d}"
        else:
            body = _signed(type(body)(), "supplement", case, [f"{ORIGIN}-{number - 1}"], ORIGIN, DAY)
            body.act.reasons = "补充检验报告与现场笔录"
        made = entry(body, "referral", ORIGIN, [ORIGIN, to_city])
        made.header.issued_at_ms += number * 60_000
        made.header.as_of_ms = made.header.issued_at_ms
        yield made


def entry(body: Any, name: str, city: str, audience: list[str]) -> Entry:
    """An act as a log takes it, recorded on the day that it names."""
    made_at_ms = int(datetime.fromisoformat(f"{body.act.date}T12:00+08:00").timestamp() * 1000)
    standard = standards.get(name)
    header = Header(
        standard=name,
        version=standard.version,
        city=city,
        subjects=[*dict.fromkeys(standard.subjects(body)), workflow_subject(name)],
        issued_at_ms=made_at_ms,
        as_of_ms=made_at_ms,
        audience=audience,
        purpose=PURPOSE,
        legal_basis="市场监督管理行政处罚程序规定 第14条",
        source="casework",
    )
    return Entry.of(header, standard.split(body.SerializeToString()))


def append(city: City, entries: Iterable[Entry]) -> None:
    """Appends by hundreds."""
    left = iter(entries)
    while some := list(islice(left, _AT_ONCE)):
        city.append(some)


def append_singly(config: Config, entries: Iterable[Entry]) -> None:
    """Appends to the log of a node that does not run, each entry by itself; only the commits are shared."""
    city = City(config.data_dir, config.city, config.node_db, load_log_key(config.log_key))
    left = iter(entries)
    while some := list(islice(left, _AT_ONCE)):
        for appended in [city.store.append([each]) for each in some]:
            appended.result()
    city.close()


def _sent() -> Entry:
    body: Any = referral()
    body.to_city = OTHER
    return entry(_signed(body, "send", CASE, [CASE], ORIGIN, DAY), "referral", ORIGIN, [ORIGIN, OTHER])


def _add(entries: dict[str, list[Entry]], logs: dict[str, list[str]], city: str, name: str, follows: list[str]) -> None:
    body: Any = _signed(type(referral())(), name, CASE, follows[-2:], city, DAY)
    body.act.reasons = "补充检验报告与现场笔录"
    entries[city].append(entry(body, "referral", city, [ORIGIN, OTHER]))
    logs[city].append(f"{city}-{len(logs[city])}")


def _signed(body: Any, name: str, case: str, follows: list[str], city: str, day: str) -> Any:
    made = Act(act=name, case=case, follows=follows, city=city, date=day, officers=_OFFICERS)
    made.maker.CopyFrom(_OFFICERS[0])
    made.approver.CopyFrom(_OFFICERS[1])
    made.article = "市场监督管理行政处罚程序规定 第14条"
    body.act.CopyFrom(made)
    return body
