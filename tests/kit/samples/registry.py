"""Made-up rows with the columns of a registrar's export."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from node.core.standards.identifiers import ORGANISATION_WEIGHTS, USCC_ALPHABET, USCC_WEIGHTS

COLUMNS = (
    "企业名称", "统一社会信用代码", "注册日期", "企业类型", "法人代表",
    "注册资金", "经营范围", "所在省份", "地区", "注册地址",
)  # fmt: skip

ENGLISH = dict(
    zip(
        COLUMNS,
        ("Company Name", "USCC", "Date of Establishment", "Company Type", "Legal Representative",
         "Registered Capital", "Business Scope", "Province", "City", "Registered Address"),
        strict=True,
    )
)  # fmt: skip

_ALL = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def uscc(number: int) -> str:
    """The `number`th valid code."""
    organisation = f"{number:08d}"
    total = sum(weight * _ALL.index(char) for weight, char in zip(ORGANISATION_WEIGHTS, organisation, strict=False))
    body = f"91420100{organisation}{'0123456789X0'[(11 - total % 11) % 11 if total % 11 else 0]}"
    weighed = sum(weight * USCC_ALPHABET.index(char) for weight, char in zip(USCC_WEIGHTS, body, strict=False))
    return body + USCC_ALPHABET[(31 - weighed % 31) % 31]


def row(number: int, **changed: str) -> list[str]:
    """A good row; `changed` by column."""
    name, address = f"武汉市第{number}商行", f"武汉市江岸区胜利街{number}号"
    kind, person, capital, scope = "个体工商户", "吴**", "5,088(万元人民币)", "日用百货。"
    values = (name, uscc(number), "2019-10-01", kind, person, capital, scope, "湖北", "武汉", address)
    cells = dict(zip(COLUMNS, values, strict=True))
    return list((cells | changed).values())


def rows(count: int) -> list[list[str]]:
    return [row(number) for number in range(1, count + 1)]


def csv_text(body: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([columns, *body])
    return text.getvalue()


def write_csv(
    path: Path, body: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS, encoding: str = "utf-8"
) -> Path:
    path.write_bytes(csv_text(body, columns).encode(encoding))
    return path
