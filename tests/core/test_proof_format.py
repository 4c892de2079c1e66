"""docs/proof-format.md is enough: a verifier built from it alone agrees with the node on every kind of proof."""

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.core.log.checkpoint import format_checkpoint, format_vkey, parse_checkpoint, parse_vkey
from node.core.log.cosignature import WitnessKey, cosign, witness_name
from node.core.log.fork import make_fork, parse_fork, verify_fork
from node.core.log.merkle import Frontier, consistency_proof
from node.core.log.proof import format_proof, parse_proof, verify_proof
from node.core.log.record import mask
from node.errors import NodeError, Reason
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader
from node.stubs.query.v1.query_pb2 import Proof, Standing
from node.usecases.records.prove import prove
from tests.kit.keys import KeySigner
from tests.kit.oracles import proof_verifier
from tests.kit.oracles.proof_verifier import check_fork, check_proof
from tests.kit.stores.city import PURPOSE, City, operator

ROOT = Path(__file__).parents[2]
VECTOR: dict[str, Any] = json.loads((ROOT / "tests" / "vectors" / "two_records_one_leaf.json").read_text("utf-8"))
COUNT = 300


class Made:
    def __init__(self, folder: Path) -> None:
        self.city = City(folder, "changsha")
        rows = (operator("", legacy_number=f"{number:04}") for number in range(COUNT))
        self.city.append([self.city.entry(row) for row in rows])
        self.reader = Reader(self.city.path)
        self.keys = [format_vkey(self.city.key)]
        self.signers = {city: KeySigner() for city in ("hefei", "wuhan")}
        self.pinned = [WitnessKey(witness_name(each), signer.public_key) for each, signer in self.signers.items()]
        self.witnesses = [format_vkey(each) for each in self.pinned]

    def proof(self, index: int = 77) -> Proof:
        return prove(self.reader, f"changsha-{index}", PURPOSE)

    def cosigned(self, note: bytes, city: str) -> bytes:
        key = next(each for each in self.pinned if each.name == witness_name(city))
        return note + cosign(parse_checkpoint(note), key, 5, self.signers[city].sign).line


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("format"))


def test_it_imports_nothing_of_the_node() -> None:
    tree = ast.parse(Path(proof_verifier.__file__).read_text("utf-8"))
    named = [each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    named += [name.name for each in ast.walk(tree) if isinstance(each, ast.Import) for name in each.names]
    assert {each.partition(".")[0] for each in named} <= {"base64", "json", "hashlib", "typing", "nacl"}


@pytest.mark.parametrize("shown", [{1, 2, 3, 4}, {1}, set()])
def test_records_are_proven_whatever_is_withheld(made: Made, shown: set[int]) -> None:
    for index in range(0, COUNT, 23):
        proof = made.proof(index)
        mask(proof.view, shown)
        assert check_proof(format_proof(proof), made.keys, made.witnesses) == set()


def test_witnesses_count_under_either_checkpoint(made: Made) -> None:
    proof = made.proof()
    plain = proof.checkpoint
    proof.checkpoint = made.cosigned(plain, "hefei")
    proof.also.append(Standing(inclusion=proof.inclusion, checkpoint=made.cosigned(plain, "wuhan")))
    text = format_proof(proof)
    assert check_proof(text, made.keys, made.witnesses) == {witness_name("hefei"), witness_name("wuhan")}
    assert check_proof(text, made.keys, []) == set()
    assert len(verify_proof(parse_proof(text), [made.city.key], made.pinned).cosignatures) == 2


def _other_index(file: dict[str, Any]) -> None:
    file["leaf_index"] += 1


def _facet_gone(file: dict[str, Any]) -> None:
    file["view"]["facets"].pop()


def _other_body(file: dict[str, Any]) -> None:
    file["view"]["facets"][0]["body"] = file["view"]["facets"][1]["body"]


def _other_root(file: dict[str, Any]) -> None:
    file["checkpoint"] = file["checkpoint"].replace(f"\n{COUNT}\n", f"\n{COUNT + 1}\n")


def _step_gone(file: dict[str, Any]) -> None:
    file["inclusion"].pop()


@pytest.mark.parametrize("alter", [_other_index, _facet_gone, _other_body, _other_root, _step_gone])
def test_what_is_altered_is_refused(made: Made, alter: Callable[[dict[str, Any]], None]) -> None:
    file = json.loads(format_proof(made.proof()))
    alter(file)
    with pytest.raises(ValueError, match=r"."):
        check_proof(json.dumps(file), made.keys, made.witnesses)


def test_one_leaf_is_one_record() -> None:
    """The attack: a withheld commitment, chosen to read as header fields, is moved into the header."""
    check_proof(json.dumps(VECTOR["record"]), [VECTOR["key"]], [])
    verify_proof(parse_proof(json.dumps(VECTOR["record"])), [parse_vkey(VECTOR["key"])])
    with pytest.raises(ValueError, match="out of order"):
        check_proof(json.dumps(VECTOR["attack"]), [VECTOR["key"]], [])
    with pytest.raises(NodeError) as caught:
        verify_proof(parse_proof(json.dumps(VECTOR["attack"])), [parse_vkey(VECTOR["key"])])
    assert caught.value.reason is Reason.BAD_COMMITMENT
    page = (ROOT / "docs" / "proof-format.md").read_text("utf-8")
    assert VECTOR["leaf"] in page.replace("\n", "")


# A header in other forms: each says the same by protobuf's rules, or nothing at all.
_FORMS = {
    "doubled": b"\x80\x01\x02",
    "unknown": b"\x8a\x01\x01x",
    "out of order": b"\x18\x01",
    "long varint": b"\x80\x01\x82\x00",
    "group": b"\x8b\x01\x8c\x01",
    "breaks off": b"\x8a\x01\x05x",
}


@pytest.mark.parametrize("added", _FORMS.values(), ids=_FORMS)
def test_a_header_has_one_form(made: Made, added: bytes) -> None:
    proof = made.proof()
    proof.view.header += added
    with pytest.raises(NodeError):
        verify_proof(proof, [made.city.key])
    with pytest.raises(ValueError, match=r"."):
        proof_verifier.parse_header(proof.view.header)
    assert proof_verifier.parse_header(made.proof().view.header)[1] == "changsha-77"


def test_forks_are_proven(made: Made) -> None:
    tree, hashes = made.reader.tree(OWN, COUNT), made.reader.leaf_hashes(OWN, 0, COUNT)
    prefix = Frontier()
    prefix.extend(hashes[:200])
    note, sign = made.proof().checkpoint, made.city.signer.sign
    lie = format_checkpoint(made.city.key, 200, bytes(32), sign)
    steps = consistency_proof(tree.node, 200, COUNT)
    proven = make_fork("changsha", lie, note, prefix.root(), steps)
    same = make_fork("changsha", format_checkpoint(made.city.key, COUNT, bytes(32), sign), note, _root(note), ())
    for evidence in (proven, same):
        verify_fork(parse_fork(evidence), [made.city.key])
        check_fork(evidence.decode(), made.keys)
    honest = format_checkpoint(made.city.key, 200, prefix.root(), sign)
    for nothing in (
        make_fork("changsha", honest, note, prefix.root(), steps),
        proven.replace(b"changsha", b"hefei", 1),
    ):
        with pytest.raises(ValueError, match=r"."):
            check_fork(nothing.decode(), made.keys)


def _root(note: bytes) -> bytes:
    return parse_checkpoint(note).root
