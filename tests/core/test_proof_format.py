"""docs/proof-format.md is enough: a verifier built from it alone agrees with the node on every kind of proof."""

import ast
import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from nacl.exceptions import BadSignatureError

from node.core.log.checkpoint import format_checkpoint, format_vkey, parse_checkpoint, parse_vkey
from node.core.log.cosignature import WitnessKey, cosign, witness_name
from node.core.log.fork import make_fork, parse_fork, verify_fork
from node.core.log.merkle import consistency_proof
from node.core.log.proof import format_proof, parse_proof, verify_proof
from node.core.log.run import mask
from node.errors import NodeError, Reason
from node.stubs.query.v1.query_pb2 import Proof, Standing
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from tests.kit.keys import KeySigner
from tests.kit.oracles import proof_verifier
from tests.kit.oracles.proof_verifier import check_fork, check_proof
from tests.kit.samples import proof_vectors
from tests.kit.simulator.memory_log import Log, root

ROOT = Path(__file__).parents[2]
VECTORS: dict[str, Any] = json.loads(proof_vectors.PATH.read_text("utf-8"))
REFUSALS = (ValueError, BadSignatureError)
"""What the verifier raises of what it does not take; anything else is a fault of the page or of it."""
COUNT = 300


class Made:
    def __init__(self) -> None:
        self.log = Log(0, "changsha")
        self.log.register(*(OperatorRegistration(legacy_number=f"{number:04}", phone="1") for number in range(COUNT)))
        self.keys = [format_vkey(self.log.key)]
        self.signers = {city: KeySigner() for city in ("hefei", "wuhan")}
        self.pinned = [WitnessKey(witness_name(each), signer.public_key) for each, signer in self.signers.items()]
        self.witnesses = [format_vkey(each) for each in self.pinned]

    def proof(self, index: int = 77) -> Proof:
        return self.log.prove(index)

    def sign(self, text: bytes) -> bytes:
        return bytes(self.log.signing.sign(text).signature)

    def cosigned(self, note: bytes, city: str) -> bytes:
        key = next(each for each in self.pinned if each.name == witness_name(city))
        return note + cosign(parse_checkpoint(note), key, 5, self.signers[city].sign).line


@pytest.fixture(scope="module")
def made() -> Made:
    return Made()


def test_it_is_short_and_imports_nothing_of_the_node() -> None:
    source = Path(proof_verifier.__file__).read_text("utf-8")
    named = [each.module or "" for each in ast.walk(ast.parse(source)) if isinstance(each, ast.ImportFrom)]
    named += [name.name for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Import) for name in each.names]
    assert {each.partition(".")[0] for each in named} <= {"base64", "json", "hashlib", "typing", "nacl"}
    code = [line for line in source.splitlines() if line and not line.lstrip().startswith('"""')]
    assert len(code) <= 100


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
    assert len(verify_proof(parse_proof(text), [made.log.key], made.pinned).cosignatures) == 2


def _other_index(file: dict[str, Any]) -> None:
    file["leaf_index"] += 1


def _facet_gone(file: dict[str, Any]) -> None:
    file["view"]["facets"].pop()


def _other_opening(file: dict[str, Any]) -> None:
    file["view"]["facets"][0]["opening"] = file["view"]["facets"][1]["opening"]


def _no_own(file: dict[str, Any]) -> None:
    file["view"]["own"] = ""


def _other_city(file: dict[str, Any]) -> None:
    file["city"] = "wuhan"


def _format_1(file: dict[str, Any]) -> None:
    file["version"] = 1


def _unknown_key(file: dict[str, Any]) -> None:
    file["view"]["header"] = ""


def _unused_bits(file: dict[str, Any]) -> None:
    own = file["view"]["own"]
    assert own.endswith("=")
    file["view"]["own"] = own.replace("=", "", 1)


def _other_root(file: dict[str, Any]) -> None:
    file["checkpoint"] = file["checkpoint"].replace(f"\n{COUNT}\n", f"\n{COUNT + 1}\n")


def _step_gone(file: dict[str, Any]) -> None:
    file["inclusion"].pop()


ALTERATIONS = [
    _other_index, _facet_gone, _other_opening, _no_own, _other_city, _format_1, _unknown_key, _unused_bits,
    _other_root, _step_gone,
]  # fmt: skip


@pytest.mark.parametrize("alter", ALTERATIONS, ids=lambda alter: alter.__name__.strip("_"))
def test_what_is_altered_is_refused(made: Made, alter: Callable[[dict[str, Any]], None]) -> None:
    file = json.loads(format_proof(made.proof()))
    alter(file)
    with pytest.raises(REFUSALS):
        check_proof(json.dumps(file), made.keys, made.witnesses)
    with pytest.raises(NodeError):
        verify_proof(parse_proof(json.dumps(file)), [made.log.key])


def test_the_vectors_are_what_their_script_makes() -> None:
    assert proof_vectors.make() == VECTORS


@pytest.mark.parametrize("name", VECTORS["accept"])
def test_vectors_that_a_verifier_accepts(name: str) -> None:
    text = json.dumps(VECTORS["accept"][name])
    assert check_proof(text, [VECTORS["key"]], []) == set()
    verify_proof(parse_proof(text), [parse_vkey(VECTORS["key"])])


@pytest.mark.parametrize("name", VECTORS["refuse"])
def test_vectors_that_a_verifier_refuses(name: str) -> None:
    text = json.dumps(VECTORS["refuse"][name]["file"])
    with pytest.raises(ValueError, match=r"."):
        check_proof(text, [VECTORS["key"]], [])
    with pytest.raises(NodeError) as caught:
        verify_proof(parse_proof(text), [parse_vkey(VECTORS["key"])])
    unsigned = name in proof_vectors.UNSIGNED
    assert (caught.value.reason is Reason.BAD_INCLUSION) == (unsigned and "leaf" in proof_vectors.UNSIGNED[name][0])


def _leaf(name: str) -> bytes:
    told = proof_vectors.SIGNED[name][1] if name in proof_vectors.SIGNED else proof_vectors.ACCEPT[name]
    return proof_vectors.leaf(told["common"], told["own"], told["facets"])


@pytest.mark.parametrize(
    ("attack", "record"),
    [
        ("the last commitment moved into own", "a commitment that reads as own"),
        ("own cut into one more facet", "an own that begins as a commitment"),
        ("every commitment moved into own", "open"),
        ("a commitment that takes the first byte of own", "one facet withheld"),
    ],
)
def test_one_leaf_is_one_record(attack: str, record: str) -> None:
    """The attacks are on the very leaf of a record: nothing but their form tells them from it."""
    assert _leaf(attack) == _leaf(record)


def test_the_page_tells_the_leaf_of_the_vectors() -> None:
    page = (ROOT / "docs" / "proof-format.md").read_text("utf-8")
    assert _leaf("a commitment that reads as own").hex() in page.replace("\n", "")
    assert proof_vectors.SMUGGLED == b"\x0a\x1e" + b"uscc:91430100MA4L000000-000000"
    place = VECTORS["accept"]["a commitment that reads as own"]["leaf_index"]
    assert f"*{proof_vectors.CITY}-{place}*" in page


def _outside(name: str) -> list[Any]:
    cases = json.loads((ROOT / "tests" / "vectors" / name).read_text("utf-8"))
    return [pytest.param(case, id=case["file"].removeprefix("testdata/")) for case in cases]


def _decoded(*texts: str | None, size: int = 32) -> list[bytes]:
    """Hashes as a proof file has them."""
    return [proof_verifier.unbase64(text or "", size) for text in texts]


@pytest.mark.parametrize("case", _outside("merkle_inclusion.json"))
def test_outside_vectors_of_inclusion(case: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".") if case["wantErr"] else nullcontext():
        leaf, root_hash, *steps = _decoded(case["leafHash"], case["root"], *(case["proof"] or ()))
        proof_verifier.check_inclusion(leaf, case["leafIdx"], case["treeSize"], steps, root_hash)


@pytest.mark.parametrize("case", _outside("merkle_consistency.json"))
def test_outside_vectors_of_consistency(case: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".") if case["wantErr"] else nullcontext():
        # One true case has no roots at all.
        old, new, *steps = _decoded(case["root1"], case["root2"], *(case["proof"] or ()), size=-1)
        proof_verifier.check_consistency(case["size1"], case["size2"], steps, old, new)


def test_an_outside_cosignature() -> None:
    """Of a log whose own signature is of another kind: so much is said only after the cosignature was verified."""
    case = json.loads((ROOT / "tests/vectors/cosignature.json").read_text("utf-8"))
    note, log = case["note"], case["note"].partition("\n")[0]
    with pytest.raises(ValueError, match="no pinned key signed it"):
        proof_verifier.open_note(note, log, [], case["witness_vkeys"])
    with pytest.raises(BadSignatureError):
        proof_verifier.open_note(note.replace(str(case["size"]), "7"), log, [], case["witness_vkeys"])


def test_forks_are_proven(made: Made) -> None:
    prefix, key, sign = root(made.log.leaves[:200]), made.log.key, made.sign
    note = made.proof().checkpoint
    lie = format_checkpoint(key, 200, bytes(32), sign)
    steps = consistency_proof(made.log.node, 200, COUNT)
    proven = make_fork("changsha", lie, note, prefix, steps)
    same = make_fork("changsha", format_checkpoint(key, COUNT, bytes(32), sign), note, _root(note), ())
    for evidence in (proven, same):
        verify_fork(parse_fork(evidence), [key])
        check_fork(evidence.decode(), made.keys)
    honest = format_checkpoint(key, 200, prefix, sign)
    for nothing in (
        make_fork("changsha", honest, note, prefix, steps),
        proven.replace(b"changsha", b"hefei", 1),
    ):
        with pytest.raises(ValueError, match=r"."):
            check_fork(nothing.decode(), made.keys)


def _root(note: bytes) -> bytes:
    return parse_checkpoint(note).root
