"""Records that an act makes or takes back, in the same transaction and before it: who has the act has them too.

Listings are not among them: they follow the state of their case day by day (`KeepTerms`).
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

from google.protobuf.message import Message

from node.core import standard as standards
from node.core.record import EVERYONE, parse_header
from node.core.workflow.model import Act, Product
from node.errors import NodeError, Reason
from node.record.v1.record_pb2 import Header, View
from node.standard.v1.act_pb2 import Act as ActMessage
from node.standard.v1.credit_pb2 import CreditRepair
from node.standard.v1.penalty_pb2 import Penalty
from node.standard.v1.referral_pb2 import Referral
from node.storage.log import OWN, Entry
from node.storage.reader import Reader
from node.usecases.casework.case_file import CaseFile
from node.usecases.casework.follow_up import said_in
from node.usecases.screen import read_body
from node.usecases.withdraw import retraction

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
    if act.takes_back and first is not None:
        return [retraction(first.header, header.issued_at_ms, header)]
    return [
        entry
        for made in act.makes
        if made.standard == _PENALTY
        for entry in _PENALTIES[made.product](reader, file, message, header)
    ]


def _penalise(_: Reader, file: CaseFile, message: Message, header: Header) -> Iterator[Entry]:
    case: Any = said_in(file)
    said: Any = message
    sanction = said.sanction
    body = Penalty(
        party=case.party if case.HasField("party") else None,
        decision_number=said.act.document_number,
        decided_on=said.act.date,
        organ=sanction.organ,
        violation=sanction.violation,
        facts=sanction.facts,
        legal_basis=said.act.article,
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
        f"{each.field}: {each.message or each.reason}" for each in standard.findings(body) if not each.warning
    ]:
        raise NodeError(Reason.INVALID_FIELD, f"the record of the penalty: {'; '.join(errors)}")
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
    key, content = f"{_PENALTY}\0{file.id}\0{body.decision_number}".encode(), b"".join(bodies)
    yield Entry(made, bodies, sha256(key).digest()[:16], sha256(content).digest()[:16])


def _take_back(reader: Reader, file: CaseFile, message: Message, header: Header) -> Iterator[Entry]:
    case = said_in(file)
    number = case.penalty_number if isinstance(case, CreditRepair) else _penalised_by(file).document_number
    del message
    for found in _own_penalties(reader, _party_subjects(case), number):
        yield retraction(found, header.issued_at_ms, header)


def _penalised_by(file: CaseFile) -> ActMessage:
    bodies: list[Any] = [file.acts[each.fact.id].body for each in file.case.history() if each.fact.act == "penalise"]
    return bodies[-1].act if bodies else ActMessage()


def _party_subjects(case: Message) -> list[str]:
    """The keys under which a penalty of the case's party is indexed."""
    said: Any = case
    id_hmac = said.id_hmac if isinstance(case, Referral) else b""
    return standards.get(_PENALTY).subjects(Penalty(party=said.party, id_hmac=id_hmac))


def _own_penalties(reader: Reader, subjects: list[str], number: str) -> list[Header]:
    found: dict[str, Header] = {}
    for subject in subjects if number else ():
        for origin, _, stored in reader.by_subject(subject):
            view = View.FromString(stored)
            header = parse_header(view.header)
            if origin == OWN and header.standard == _PENALTY and subject in header.subjects:
                body = read_body(header, view)
                if isinstance(body, Penalty) and body.decision_number == number:
                    found[header.id] = header
    return list(found.values())


_PENALTIES: dict[Product, Callable[[Reader, CaseFile, Message, Header], Iterator[Entry]]] = {
    Product.RECORD: _penalise,
    Product.RETRACTION: _take_back,
}
