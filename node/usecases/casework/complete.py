"""States in an act what the node knows better than who acts."""

from datetime import date
from typing import Any

from google.protobuf.message import Message

from node.core.workflow.model import Act
from node.stubs.standard.v1.complaint_pb2 import Complaint
from node.usecases.casework.address_platform import address_platform
from node.usecases.casework.case_file import CaseFile
from node.usecases.casework.rules.candidate import Knowledge
from node.usecases.casework.rules.jurisdiction import say_route


def complete(known: Knowledge, file: CaseFile, act: Act, message: Message, on: date) -> None:
    """States which city a platform is asked at, where a complaint belongs, and what an act retracts.

    Raises:
        NodeError: INVALID_ARGUMENT, the platform is connected to no city, or to another.
    """
    if act.retracts:
        _name_what_goes(file, message)
    if act.opens:
        address_platform(message, file.workflow, known.members().connections, on)
    if isinstance(message, Complaint) and (act.opens or act.name == "hand_over"):
        say_route(file, message, known.members(), known.city)


def _name_what_goes(file: CaseFile, message: Any) -> None:
    """States the document number of what an act retracts: whoever held it has destroyed it, and must know which."""
    if "number" in message.DESCRIPTOR.fields_by_name and not message.number:
        numbers = [number for fact in file.case.in_force() if (number := fact.fields.get("number"))]
        message.number = numbers[-1] if numbers else ""
