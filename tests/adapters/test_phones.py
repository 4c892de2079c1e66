"""A telephone number that cannot be read is left out and told; it never spoils the row."""

import pytest

from adapters.noted import Noted
from adapters.phones import phone_numbers
from node.core.standards.standard import get
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("0731-88888888", "0731-88888888"),
        ("0731-88888888转8001", "0731-88888888-8001"),
        ("0731-88888888 转 8001", "0731-88888888-8001"),
        ("0731-88888888分机8001", "0731-88888888-8001"),
        ("0731-88888888 ext. 12", "0731-88888888-12"),
        ("13800001234、13900001234", "13800001234;13900001234"),
        ("13800001234 13900001234", "13800001234;13900001234"),
        ("13800001234/0731-88888888", "13800001234;0731-88888888"),
        ("13800001234,13900001234", "13800001234;13900001234"),
        ("13800001234（张）", "13800001234"),
        ("13800001234(微信同号)", "13800001234"),
        ("张三13800001234", "13800001234"),
        ("13800001234张经理", "13800001234"),
        ("13800001234 张三 13900001234 李四", "13800001234;13900001234"),
        ("电话：0731-88888888", "0731-88888888"),
        ("（０７３１）８８８８８８８８", "(0731)88888888"),
        ("+86 13800001234", "+86 13800001234"),
        ("400-800-8888", "400-800-8888"),
        ("138 0000 1234", "138 0000 1234"),
        ("0731 8888 8888", "0731 8888 8888"),
    ],
)
def test_numbers_as_they_come(cell: str, numbers: str) -> None:
    assert phone_numbers(cell) == numbers


@pytest.mark.parametrize(
    ("cell", "value", "reason"),
    [
        ("138****1234", None, "phone_masked"),
        ("0731-8888****", None, "phone_masked"),
        ("138xxxx1234", None, "phone_masked"),
        ("无电话", None, "phone_unreadable"),
        ("见附件", None, "phone_unreadable"),
        ("123", None, "phone_unreadable"),
        ("430102190001010015", None, "phone_unreadable"),
        ("13800001234、138****5678", "13800001234", "phone_unreadable"),
    ],
)
def test_what_cannot_be_read_is_left_out_and_noted(cell: str, value: str | None, reason: str) -> None:
    found = phone_numbers(cell)
    assert isinstance(found, Noted)
    assert (found.value, found.reason) == (value, reason)
    assert cell not in found.message


@pytest.mark.parametrize("cell", ["0731-88888888转8001", "13800001234、13900001234", "（０７３１）８８８８８８８８"])
def test_what_is_read_is_as_the_standard_wants_it(cell: str) -> None:
    found = phone_numbers(cell)
    message = OperatorRegistration(phone=found if isinstance(found, str) else "")
    assert not [each for each in get("operator.registration").findings(message) if each.field == "phone"]
