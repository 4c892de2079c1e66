"""A roster to be screened: read row by row, each ID number turned into its HMAC before anything leaves this process."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from node.cli.shared.caller import Caller
from node.cli.shared.named_rows import named_rows
from node.core.screening import HMAC_BYTES, person_hmac
from node.core.standards.identifiers import Problem
from node.core.standards.party_key import (
    IS_ID_NUMBER,
    advice,
    canonical_key,
    code_of,
    is_person,
    key_in_cell,
    problem_of_id_number,
)
from node.errors import FileError, Reason
from node.messages import Message, _
from node.stubs.screening.v1.screening_pb2 import Entry
from node.stubs.screening.v1.screening_pb2_grpc import ScreeningServiceStub
from node.tables.titles import columns_of
from node.tables.unfit import UnfitError

_KEYS = ("uscc", "legacy_number", "tax_number", "licence_number", "id_number", "id_hmac")
_COLUMNS = columns_of(*_KEYS, "name")
LoadKey = Callable[[], bytes]


class Row(NamedTuple):
    """A row of the file: what is asked, and what this process alone keeps of it. No ID number is among it.

    `advice` says what the node cannot: cells that could not be read, and ID numbers, which it is not sent.
    """

    line: int
    name: str
    entry: Entry
    advice: tuple[Message, ...] = ()


@contextmanager
def screening_service(caller: Caller) -> Iterator[ScreeningServiceStub]:
    """The node's screening service, asked as somebody.

    Raises:
        NodeError: What the node answered, or UNAVAILABLE.
    """
    with caller.connect() as node:
        yield node.screening


def read_rows(path: Path, load_key: LoadKey) -> Iterator[Row]:
    """The rows of a CSV file or workbook; `load_key` is asked for the key once there is an ID number.

    Raises:
        FileError: INVALID_ARGUMENT, cannot be read, has no known column or no HMAC where one should be; or what
            `load_key` raises.
    """
    for row in named_rows(path, _COLUMNS, _KEYS):
        doubts: list[UnfitError | Problem] = [fault for field, fault in row.faults.items() if field != "name"]
        entry = Entry()
        for field, (text, problem) in (("uscc", code_of(row.cells)), ("licence_number", _licence_of(row.cells))):
            setattr(entry, field, text)
            doubts += [problem] if problem else []
        if number := row.cells.get("id_number"):
            problem = problem_of_id_number(number)
            doubts += [problem] if problem else []
            entry.id_hmac = b"" if problem else person_hmac(load_key(), canonical_key(number))
        elif "id_hmac" in row.cells:
            entry.id_hmac = _parse_hmac(row.cells["id_hmac"], path, row.line)
        yield Row(row.line, row.cells.get("name", ""), entry, tuple(map(advice, doubts)))


def _licence_of(cells: Mapping[str, str]) -> tuple[str, Problem | None]:
    text = key_in_cell(cells.get("licence_number", ""))
    return ("", IS_ID_NUMBER) if is_person(canonical_key(text)) else (text, None)


def _parse_hmac(text: str, path: Path, line: int) -> bytes:
    try:
        mac = bytes.fromhex(text)
    except ValueError:
        mac = b""
    if len(mac) != HMAC_BYTES:
        # The cell is not shown: an ID number may have slipped into it.
        raise FileError(Reason.INVALID_ARGUMENT, str(path), _("id_hmac must be 64 hexadecimal digits"), line)
    return mac
