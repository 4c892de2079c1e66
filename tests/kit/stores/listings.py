"""Listings for the tests, appended to a city's log as a registry's own rows are."""

from collections.abc import Sequence
from hashlib import sha256

from google.protobuf.message import Message

from node.core.members.platforms import Connected, Connections
from node.core.standards import standard as standards
from node.storage.sqlite.log import Entry as LogEntry
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.screening.v1.screening_pb2 import RESULT_HIT, Entry, Hit, Screened
from node.stubs.standard.v1 import act_pb2
from node.usecases.casework.act_record import workflow_subject
from node.usecases.casework.case_file import CaseRepository
from node.usecases.casework.lists.screen import Screening, digest_keys
from node.usecases.records.verify_operator import Asker
from tests.kit.clock import HOUR_MS, NOW_MS
from tests.kit.samples.standards import COLLEAGUE as OFFICER_B
from tests.kit.samples.standards import OFFICER as OFFICER_A
from tests.kit.samples.standards import PLATFORM as ITS_PLATFORM
from tests.kit.samples.standards import abnormal, platform_list, serious
from tests.kit.stores.city import PURPOSE, City

OFFICER = Asker(PURPOSE, is_officer=True)
PLATFORM = Asker(PURPOSE, is_officer=False)
HMAC = bytes(range(32))
KEY = b"k" * 32
USCC = "91430100MA00TEXT01"
OTHER = "91420100MA00TEXT0W"
LICENCE = "SC12444034200297"
DAY_MS = 24 * HOUR_MS
NAMES = ("listing.serious", "listing.abnormal", "listing.platform")


def listing(name: str, **fields: object) -> Message:
    """A listing in force on 2026-09-21, the day of the tests' clock, of a party that `fields` may change."""
    made = {"listing.serious": serious, "listing.abnormal": abnormal, "listing.platform": platform_list}[name]()
    made.ClearField("act")
    for field, value in fields.items():
        if isinstance(value, Message):
            getattr(made, field).CopyFrom(value)
        else:
            setattr(made, field, value)
    return made


def entry(city: City, name: str, body: Message, key: str = "", **header: object) -> LogEntry:
    """A log entry of a record; rows of one `key` supersede one another."""
    standard = standards.get(name)
    told = {"as_of_ms": NOW_MS, "issued_at_ms": city.clock.now_ms(), "audience": ["all"], "purpose": PURPOSE}
    told |= {"legal_basis": "b"} | header
    made = Header(**({"standard": name, "version": 1, "city": city.city} | told))  # type: ignore[arg-type]
    made.subjects.extend(standard.subjects(body))
    if body.HasField("act"):
        made.subjects.append(workflow_subject(name))
    content = sha256(body.SerializeToString()).digest()[:16]
    return LogEntry.of(
        made, standard.split(body.SerializeToString()), sha256(key.encode()).digest()[:16] if key else None, content
    )


def publish(city: City, name: str, body: Message, key: str = "", **header: object) -> str:
    """Appends a record; returns its id."""
    return city.append([entry(city, name, body, key, **header)])[0]


def every(city: City) -> Connections:
    """Every city's platform is its own to speak for."""
    return Connections({origin.city: (Connected(ITS_PLATFORM.name),) for origin in city.store.origins()})


def screening(city: City, connected: Connections | None = None) -> Screening:
    return Screening(city.store, city.clock, DAY_MS, lambda: connected or every(city))


def repository(city: City) -> CaseRepository:
    return CaseRepository(city.store, lambda: every(city))


def screened(city: City, asker: Asker = OFFICER, **keys: object) -> Screened:
    """What a city says of one entry."""
    return screening(city).screen(digest_keys([Entry(**keys)]), asker)[0]  # type: ignore[arg-type]


def hits(city: City, asker: Asker = OFFICER, **keys: object) -> list[Hit]:
    found = screened(city, asker, **keys)
    assert bool(found.hits) == (found.result == RESULT_HIT)
    return list(found.hits)


def act(
    name: str, case: str = "", follows: Sequence[str] = (), on: str = "2026-09-21", **fields: object
) -> act_pb2.Act:
    """An act that carries whatever the workflows ask of one."""
    papers = "上级同意意见 列入告知书 列入决定书 移出申请书 撤销决定书 恢复列入决定书 信用修复申请书"
    titles = f"{papers} 准予信用修复决定书 撤销信用修复决定书".split()
    told = {"city": "changsha", "maker": OFFICER_A, "approver": OFFICER_B, "reasons": "理由"} | fields
    documents = [act_pb2.Document(title=title, number="1号") for title in titles]
    return act_pb2.Act(act=name, case=case, follows=follows, date=on, documents=documents, **told)  # type: ignore[arg-type]
