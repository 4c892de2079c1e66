"""A roster to be screened: read row by row, each ID number turned into its HMAC before anything leaves this process."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from node.cli.options import ask_passphrase
from node.config import Config
from node.core.screening import HMAC_BYTES, person_hmac
from node.errors import FileError, Reason
from node.rpc.client import officer_channel
from node.screening.v1.screening_pb2 import Entry
from node.screening.v1.screening_pb2_grpc import ScreeningServiceStub

_COLUMNS = {
    "uscc": "uscc", "统一社会信用代码": "uscc", "注册号": "uscc",
    "licence_number": "licence_number", "licence": "licence_number", "许可证编号": "licence_number",
    "许可证号": "licence_number",
    "id_number": "id_number", "证件号码": "id_number", "身份证号": "id_number", "身份证号码": "id_number",
    "id_hmac": "id_hmac", "证件号码密钥杂凑": "id_hmac",
    "name": "name", "名称": "name", "企业名称": "name", "姓名": "name",
}  # fmt: skip
_NOT_STATED = frozenset({"N/A", "n/a", "-", "NULL", "null"})
LoadKey = Callable[[], bytes]


class Row(NamedTuple):
    """A row of the file: what is asked, and what this process alone keeps of it. No ID number is among it."""

    line: int
    name: str
    entry: Entry


@contextmanager
def screening_service(config: Config) -> Iterator[ScreeningServiceStub]:
    """The node's screening service, asked as its officer.

    Raises:
        NodeError: What the node answered, or UNAVAILABLE.
    """
    with officer_channel(config, "query", ask_passphrase) as channel:
        yield ScreeningServiceStub(channel)


def read_rows(path: Path, load_key: LoadKey) -> Iterator[Row]:
    """The rows of a CSV file; `load_key` is asked for the key once there is an ID number.

    Raises:
        FileError: INVALID_ARGUMENT, cannot be read, has no known column or no HMAC where one should be; or what
            `load_key` raises.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = {name: _COLUMNS[name.strip()] for name in reader.fieldnames or () if name.strip() in _COLUMNS}
            if not columns:
                raise FileError(Reason.INVALID_ARGUMENT, str(path), f"no column of {', '.join(_COLUMNS)}", 1)
            for row in reader:
                cells = {field: _stated(row[name]) for name, field in columns.items()}
                yield Row(reader.line_num, cells.get("name", ""), _entry(cells, load_key, path, reader.line_num))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(Reason.INVALID_ARGUMENT, str(path), f"cannot be read: {type(error).__name__}") from None


def _entry(cells: dict[str, str], load_key: LoadKey, path: Path, line: int) -> Entry:
    id_hmac = b""
    if cells.get("id_number"):
        id_hmac = person_hmac(load_key(), cells["id_number"])
    elif cells.get("id_hmac"):
        id_hmac = _parse_hmac(cells["id_hmac"], path, line)
    return Entry(uscc=cells.get("uscc", ""), licence_number=cells.get("licence_number", ""), id_hmac=id_hmac)


def _parse_hmac(text: str, path: Path, line: int) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != HMAC_BYTES:
        # The cell is not shown: an ID number may have slipped into it.
        raise FileError(Reason.INVALID_ARGUMENT, str(path), "id_hmac is 64 hexadecimal digits", line)
    return found


def _stated(cell: str | None) -> str:
    text = (cell or "").strip()
    return "" if text in _NOT_STATED else text
