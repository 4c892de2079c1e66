"""Persons come in by the keyed HMAC of their ID number, and the number does not."""

from pathlib import Path

import pytest

from adapters.cli import EXIT_FILE, main
from adapters.mapping import parse_mapping
from adapters.rows import Body, Mapper
from node.client import load_person_key
from node.core.screening import person_hmac
from node.errors import FileError, Reason
from node.folder.person_key import create_person_key
from node.stubs.standard.v1.listing_pb2 import ListingSerious
from tests.kit.commands import invoke

NUMBER = "11010119900307002X"
WIDE = {ord(each): ord(each) + 0xFEE0 for each in "0123456789X"}
KEY = bytes(range(32))
MAPPING = """\
standard: listing.serious
version: 1
source: s
key: [decision_number]
audience: [all]
purpose: enforcement
legal_basis: b
columns:
  文号: {to: decision_number}
  证件号码: {to: id_hmac, transform: [id_hmac]}
"""


def mapped(number: str) -> object:
    return Mapper(parse_mapping(MAPPING, "m.yaml", KEY), ["文号", "证件号码"], "f.csv").map(["1号", number])


@pytest.mark.parametrize("written", [NUMBER, f" {NUMBER.lower()} ", NUMBER.translate(WIDE)])
def test_an_id_number_becomes_its_hmac(written: str) -> None:
    body = mapped(written)
    assert isinstance(body, Body)
    assert ListingSerious.FromString(body.body).id_hmac == person_hmac(KEY, NUMBER)
    assert NUMBER.encode() not in body.body


@pytest.mark.parametrize("written", ["110101199003070020", "12345", "张三"])
def test_what_is_no_id_number_is_refused_and_not_repeated(written: str) -> None:
    problems = mapped(written)
    assert isinstance(problems, tuple)
    (problem,) = problems
    assert problem.reason.startswith("resident_id")
    assert written not in problem.message


def test_an_empty_cell_says_nothing_of_a_person() -> None:
    body = mapped("无")
    assert isinstance(body, Body)
    assert not ListingSerious.FromString(body.body).id_hmac


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("transform: [id_hmac]", "transform: [code]"), "needs the transform id_hmac"),
        (("{to: decision_number}", "{to: decision_number, transform: [id_hmac]}"), "is a text"),
        (("transform: [id_hmac]", "transform: [id_hmac, text]"), "needs the transform id_hmac"),
    ],
)
def test_it_suits_its_field_alone(change: tuple[str, str], message: str) -> None:
    with pytest.raises(FileError, match=message):
        parse_mapping(MAPPING.replace(*change), "m.yaml", KEY)


def test_without_the_key_the_mapping_says_what_it_takes() -> None:
    with pytest.raises(FileError, match="--person-key") as caught:
        parse_mapping(MAPPING, "m.yaml")
    assert caught.value.reason is Reason.INVALID_MAPPING


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "person.key"
    create_person_key(path)
    assert len(load_person_key(path)) == 32
    path.chmod(0o644)
    (tmp_path / "m.yaml").write_text(MAPPING)
    (tmp_path / "f.csv").write_text("文号,证件号码\n1号,11010119900307002X\n")
    options = ["load", "f.csv", "--mapping", "m.yaml", "--offline", "--person-key", "person.key"]
    done = invoke(main, *(tmp_path / each if "." in each else each for each in options))
    assert (done.exit_code, "chmod 600" in done.output) == (EXIT_FILE, True)
    (tmp_path / "other.key").write_text("nothing")
    (tmp_path / "other.key").chmod(0o600)
    with pytest.raises(FileError, match="not a key"):
        load_person_key(tmp_path / "other.key")
