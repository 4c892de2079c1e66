"""A roster to be screened: read row by row, each ID number turned into its HMAC before anything leaves this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from node.cli.named_rows import NamedRow, named_rows
from node.cli.options import ask_passphrase
from node.config import Config
from node.core.identifiers import Problem, check_resident_id
from node.core.party_key import IS_ID_NUMBER, MANGLED, advice, canonical_key, is_id_number, is_number_mangled
from node.core.screening import HMAC_BYTES, person_hmac
from node.errors import FileError, Reason
from node.rpc.client import officer_channel
from node.screening.v1.screening_pb2 import Entry
from node.screening.v1.screening_pb2_grpc import ScreeningServiceStub
from node.tables.unfit import UnfitError

_COLUMNS = {
    "uscc": "uscc", "统一社会信用代码": "uscc", "统一社会信用代码/注册号": "uscc", "统一社会信用代码（注册号）": "uscc",
    "社会信用代码": "uscc", "信用代码": "uscc", "注册号": "uscc",
    "licence_number": "licence_number", "licence": "licence_number", "许可证编号": "licence_number",
    "许可证号": "licence_number",
    "id_number": "id_number", "证件号码": "id_number", "身份证号": "id_number", "身份证号码": "id_number",
    "id_hmac": "id_hmac", "证件号码密钥杂凑": "id_hmac",
    "name": "name", "名称": "name", "企业名称": "name", "单位名称": "name", "主体名称": "name",
    "店铺名称": "name", "姓名": "name",
}  # fmt: skip
LoadKey = Callable[[], bytes]


class Row(NamedTuple):
    """A row of the file: what is asked, and what this process alone keeps of it. No ID number is among it.

    `advice` says what the node cannot: cells that could not be read, and ID numbers, which it is not sent.
    """

    line: int
    name: str
    entry: Entry
    advice: tuple[str, ...] = ()


@contextmanager
def screening_service(config: Config) -> Iterator[ScreeningServiceStub]:
    """The node's screening service, asked as its officer.

    Raises:
        NodeError: What the node answered, or UNAVAILABLE.
    """
    with officer_channel(config, "query", ask_passphrase) as channel:
        yield ScreeningServiceStub(channel)


def read_rows(path: Path, load_key: LoadKey) -> Iterator[Row]:
    """The rows of a CSV file or workbook; `load_key` is asked for the key once there is an ID number.

    Raises:
        FileError: INVALID_ARGUMENT, cannot be read, has no known column or no HMAC where one should be; or what
            `load_key` raises.
    """
    for row in named_rows(path, _COLUMNS):
        entry, doubts = Entry(), _doubts(row)
        for field in ("uscc", "licence_number"):
            text = row.cells.get(field, "")
            if is_id_number(canonical_key(text)):
                doubts.append(IS_ID_NUMBER)  # it does not leave this process
            else:
                setattr(entry, field, text)
        if "id_number" in row.cells and MANGLED not in doubts:
            entry.id_hmac = person_hmac(load_key(), canonical_key(row.cells["id_number"]))
        elif "id_hmac" in row.cells:
            entry.id_hmac = _parse_hmac(row.cells["id_hmac"], path, row.line)
        yield Row(row.line, row.cells.get("name", ""), entry, tuple(map(advice, doubts)))


def _doubts(row: NamedRow) -> list[UnfitError | Problem]:
    """What this process alone can say: cells that cannot be read, and ID numbers, which it sends nowhere."""
    doubts: list[UnfitError | Problem] = [fault for field, fault in row.faults.items() if field != "name"]
    if "id_number" in row.cells:
        doubts += _doubts_of_id(canonical_key(row.cells["id_number"]))
    return doubts


def _doubts_of_id(number: str) -> list[Problem]:
    # Passports and the like have other forms; those of 15 digits have not been given out since 1999.
    if is_number_mangled(number):
        return [MANGLED]
    is_resident = number[:15].isdigit() and len(number) in {15, 18}
    return [each for each in check_resident_id(number) if is_resident and not each.warning]


def _parse_hmac(text: str, path: Path, line: int) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != HMAC_BYTES:
        # The cell is not shown: an ID number may have slipped into it.
        raise FileError(Reason.INVALID_ARGUMENT, str(path), "id_hmac is 64 hexadecimal digits", line)
    return found
