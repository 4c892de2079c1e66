"""Records that an act makes or retracts, in the same transaction and before it: who has the act has them too.

Listings are not among them: they follow the state of their case day by day (`ListingLifecycle`).
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Any

from google.protobuf.message import Message

from node.core.log.body import read_body
from node.core.log.record import EVERYONE, Record, parse_record_id
from node.core.log.trusted_log import MAX_TREE_SIZE
from node.core.standards import standard as standards
from node.core.workflow.model import Act, Product
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.log import OWN, Entry
from node.storage.sqlite.reader import Reader
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.credit_pb2 import CreditRepair
from node.stubs.standard.v1.penalty_pb2 import Penalty
from node.usecases.casework.case_file import PURPOSE, CaseFile
from node.usecases.casework.follow_up import said_in
from node.usecases.records.retract import retraction
from node.usecases.records.usage import is_obtained_for

_PENALTY = "penalty"


def products(reader: Reader, file: CaseFile, act: Act, message: Message, header: Header) -> list[Entry]:
    """The entries that go before an act into the log.

    Args:
        reader: of the own store.
        file: the case before the act.
        act: its declaration.
        message: what it says.
        header: its header.

    Raises:
        NodeError: INVALID_FIELD, what the act says makes no valid record.
    """
    first = file.disclosing
    if act.retracts and first is not None:
        return [retraction(first.header, header.issued_at_ms, header)]
    return [
        entry
        for made in act.makes
        if made.standard == _PENALTY
        for entry in _PENALTIES[made.product](reader, file, message, header)
    ]


def _penalise(_reader: Reader, file: CaseFile, message: Message, header: Header) -> Iterator[Entry]:
    case: Any = said_in(file)
    stated: Any = message
    sanction = stated.sanction
    body = Penalty(
        party=case.party if case.HasField("party") else None,
        decision_number=stated.act.document_number,
        decided_on=stated.act.date,
        organ=sanction.organ,
        violation=sanction.violation,
        facts=sanction.facts,
        legal_basis=stated.act.article,
        kinds=sanction.kinds,
        content=sanction.content,
        fine=sanction.fine if sanction.HasField("fine") else None,
        confiscated=sanction.confiscated if sanction.HasField("confiscated") else None,
        public_until=sanction.public_until,
        origins=[file.id],
        id_hmac=case.id_hmac,
    )
    standard = standards.get(_PENALTY)
    if errors := [
        f"{finding.field}: {finding.message or finding.reason}"
        for finding in standard.findings(body)
        if not finding.warning
    ]:
        raise NodeError(Reason.INVALID_FIELD, _("the penalty record is invalid: {errors}", errors="; ".join(errors)))
    made = Header(
        standard=_PENALTY,
        version=standard.version,
        city=header.city,
        issued_at_ms=header.issued_at_ms,
        as_of_ms=header.as_of_ms,
        audience=[EVERYONE],
        purpose=header.purpose,
        legal_basis=header.legal_basis,
        source=header.source,
        subjects=standard.subjects(body),
    )
    bodies = standard.split(body.SerializeToString())
    # No standard is called so: the key of a row (`ingest.row_key`) is never that of a penalty made here.
    key, content = f"case\0{file.id}\0{body.decision_number}".encode(), b"".join(bodies)
    yield Entry.of(made, bodies, sha256(key).digest()[:16], sha256(content).digest()[:16])


def _retract_penalties(reader: Reader, file: CaseFile, message: Message, header: Header) -> Iterator[Entry]:
    del message
    case = said_in(file)
    if isinstance(case, CreditRepair):
        named = own_penalties(reader, penalty_subjects(applied_for(file, case)), case.penalty_number)
        penalties = [header for header, _ in named]
    else:
        penalties = _made_by(reader, file, header.city)
    for penalty in penalties:
        yield retraction(penalty, header.issued_at_ms, header)


def applied_for(file: CaseFile, message: CreditRepair) -> CreditRepair:
    """What was applied for: whose repair it is says the act that opened the case, and no later one."""
    body = file.acts[file.id].body if file.id in file.acts else message
    return body if isinstance(body, CreditRepair) else message


def _made_by(reader: Reader, file: CaseFile, city: str) -> list[Header]:
    """The penalties of a case, whatever names their party, and what else stands in the log of the same decision."""
    headers: dict[str, Header] = {}
    for fact in file.case.in_force():
        if fact.act == "penalise" and fact.city == city:
            made = _before(reader, fact.id)
            if made is not None and list(made[1].origins) == [file.id]:
                header, body = made
                same = own_penalties(reader, header.subjects, body.decision_number)
                headers |= {version.id: version for version in (header, *(other for other, _ in same))}
    return list(headers.values())


def _before(reader: Reader, act: str) -> tuple[Header, Penalty] | None:
    """The penalty that stands directly before an act of this city, which made it, if it was not retracted since."""
    index = parse_record_id(act)[1] - 1
    if index < 0 or reader.is_retracted(OWN, index):
        return None
    record = reader.record(OWN, index)
    return _penalty(record) if record is not None and record.is_open else None


def penalty_subjects(case: CreditRepair) -> list[str]:
    """The keys under which a penalty of an applicant is indexed."""
    return standards.get(_PENALTY).subjects(Penalty(party=case.party, id_hmac=case.id_hmac))


def own_penalties(reader: Reader, subjects: Iterable[str], number: str) -> list[tuple[Header, Penalty]]:
    """This city's current penalties of a party by the number of their decision."""
    known: dict[str, tuple[Header, Penalty]] = {}
    for subject in subjects if number else ():
        for record in reader.subject_records(subject, OWN, 0, MAX_TREE_SIZE):
            penalty = _penalty(record)
            if penalty and subject in penalty[0].subjects and penalty[1].decision_number == number:
                known[penalty[0].id] = penalty
    return list(known.values())


def penalties_since(reader: Reader, subjects: Iterable[str], day: str) -> Iterator[Penalty]:
    """The current penalties of a party that may be used and can be read here, of any city, decided after YYYY-MM-DD."""
    usable = {origin.number for origin in reader.origins() if is_obtained_for(origin, PURPOSE)}
    for subject in subjects:
        for number, record in reader.by_subject(subject):
            if number not in usable or subject not in record.header.subjects:
                continue
            with suppress(NodeError):  # of a version that this node does not know
                penalty = _penalty(record)
                if penalty and penalty[1].decided_on > day:
                    yield penalty[1]


def _penalty(record: Record) -> tuple[Header, Penalty] | None:
    header = record.header
    body = read_body(record) if header.standard == _PENALTY and not header.retracts else None
    return (header, body) if isinstance(body, Penalty) else None


_PENALTIES: dict[Product, Callable[[Reader, CaseFile, Message, Header], Iterator[Entry]]] = {
    Product.RECORD: _penalise,
    Product.RETRACTION: _retract_penalties,
}
