"""Shows every current record of one subject, of any standard and city."""

from node.core.identifiers import normalise
from node.core.party_key import advice, problem_of_code
from node.core.record import parse_header
from node.errors import NodeError, Reason
from node.query.v1.query_pb2 import Record
from node.record.v1.record_pb2 import View
from node.storage.reader import Reader
from node.usecases.usage import check_obtained_for, is_obtained_for

_CODES = ("uscc", "reg")


def show_operator(reader: Reader, subject: str, purpose: str) -> list[Record]:
    """The current records of a subject, the own city's first; none where none is known.

    Args:
        reader: Of the store.
        subject: `<kind>:<value>`, e.g. `uscc:914300007121944054`.
        purpose: Replicas obtained for another one are left out.

    Raises:
        NodeError: INVALID_ARGUMENT, no subject or a code that can be nobody's; POLICY_DENIED where all there is was
            obtained for another purpose.
    """
    kind, _, value = subject.partition(":")
    key = f"{kind}:{normalise(value)}"
    if not kind or not normalise(value):
        raise NodeError(Reason.INVALID_ARGUMENT, "a subject is <kind>:<value>, e.g. uscc:914300007121944054")
    origins = {origin.number: origin for origin in reader.origins()}
    found = [
        (origins[number], index, view)
        for number, index, stored in sorted(reader.by_subject(key))
        if key in parse_header((view := View.FromString(stored)).header).subjects
    ]
    usable = [each for each in found if is_obtained_for(each[0], purpose)]
    if found and not usable:
        check_obtained_for(found[0][0], purpose)
    if not found and kind in _CODES and (problem := problem_of_code(value)):
        raise NodeError(Reason.INVALID_ARGUMENT, f"{kind}: {advice(problem)}")
    return [Record(id=f"{origin.city}-{index}", city=origin.city, view=view) for origin, index, view in usable]
