"""Makes the seeds of the corpus anew: `python -m tests.fuzz.make_seeds`. What once broke a parser stays beside them."""

import gzip
import io
import lzma
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import yaml
from nacl.signing import SigningKey
from openpyxl import Workbook

from node.core.document import format_document
from node.core.log.checkpoint import format_vkey, parse_checkpoint
from node.core.log.cosignature import Cosigned, cosign
from node.core.log.fork import make_fork
from node.core.log.merkle import EMPTY_ROOT, Frontier
from node.core.log.proof import format_proof
from node.core.log.record import FORMAT
from node.core.log.run import join, mask
from node.core.members.federation_file import format_card
from node.demo.founding import found_federation
from node.folder.files import load_federation
from node.folder.founding import shipped_policy
from node.stubs.exchange.v1.exchange_pb2 import PullResponse, ReviseResponse
from node.usecases.evidence.pack import make_manifest, pack
from node.usecases.evidence.read import show_case
from node.usecases.records.prove import prove
from tests.fuzz.peer_targets import CITY, KEY, SIGNING, WITNESS, WITNESS_KEY
from tests.fuzz.target import CORPUS
from tests.kit.samples.growing_files import xls
from tests.kit.samples.registry import csv_text, rows
from tests.kit.samples.standards import SAMPLES
from tests.kit.simulator.memory_log import on_wire, run_on_wire, withheld
from tests.kit.simulator.receiver import views
from tests.kit.simulator.telling import Tree, note
from tests.kit.stores.city import PURPOSE, City, operator
from tests.kit.stores.evidence import put, record, referring, store

Seed = tuple[str, str, bytes]
EXAMPLES = Path(__file__).parents[2] / "docs/examples"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Signer:
    def __init__(self, key: SigningKey) -> None:
        self.public_key = bytes(key.verify_key)
        self.sign = lambda message: bytes(key.sign(message).signature)


def seeds(folder: Path) -> Iterator[Seed]:
    city = City(folder, CITY, signer=Signer(SIGNING))
    held = store(folder)
    put(held, b"content" * 20)
    case = record(city, referring(b"content" * 20))
    for number in range(4):
        city.register(operator("", legacy_number=f"430100{number:06}", name=f"第{number}号商行"))
    city.retract(f"{CITY}-2")
    yield from of_log(city)
    yield from of_proofs(folder, city, case, held)
    yield from of_files(folder)
    yield from of_tables()
    city.close()


def of_log(city: City) -> Iterator[Seed]:
    told = views(city.store, CITY)
    told[1] = told[1].masked({1, 2})
    told[2] = withheld(told[2])
    leaves = [record.leaf_hash for record in told]
    tree = Tree(leaves)
    signed = note(CITY, tree.size, tree.root, SIGNING)
    batch = PullResponse(runs=on_wire(told), checkpoint=signed, grant="g", leaf_hashes=b"".join(leaves), format=FORMAT)
    yield "batch", "whole", batch.SerializeToString()
    empty = PullResponse(checkpoint=note(CITY, 0, EMPTY_ROOT, SIGNING), grant="g", format=FORMAT)
    yield "batch", "empty", empty.SerializeToString()
    yield "batch", "format_1", PullResponse(checkpoint=signed, grant="g").SerializeToString()
    revision = ReviseResponse(to_index=tree.size, grant="h")
    for stored in join(told[index] for index in (0, 1, 4)):
        revision.runs.add(first=stored.first, run=run_on_wire(stored))
    yield "revision", "whole", revision.SerializeToString()
    for name, each in zip(("open", "masked", "withheld", "plain"), told, strict=False):
        yield "run", name, each.run().SerializeToString()
    yield "run", "retraction", told[-1].run().SerializeToString()
    yield "run", "several", on_wire(views(city.store, CITY)[3:5])[0]
    yield "checkpoint", "signed", signed
    cosigned = Cosigned(parse_checkpoint(signed)).joined(
        [cosign(parse_checkpoint(signed), WITNESS_KEY, 1_790_000_000, Signer(WITNESS).sign)]
    )
    yield "checkpoint", "cosigned", cosigned.note
    yield "verifier_key", "log", format_vkey(KEY).encode()
    yield "verifier_key", "witness", format_vkey(WITNESS_KEY).encode()
    yield "record_ids", "plain", f"{CITY}-17".encode()
    other = Frontier()
    other.extend([bytes(32)] * 3)
    small = note(CITY, 3, other.root(), SIGNING)
    yield "fork", "prefix", make_fork(CITY, small, signed, Tree(tree._levels[0][:3]).root, tree.proof(3))
    yield "fork", "one_size", make_fork(CITY, note(CITY, tree.size, bytes(32), SIGNING), signed, tree.root)


def of_proofs(folder: Path, city: City, case: str, held: object) -> Iterator[Seed]:
    proof = prove(city.store, f"{CITY}-1", PURPOSE)
    yield "proof", "open", format_proof(proof).encode()
    mask(proof.view, (1,))
    yield "proof", "masked", format_proof(proof).encode()
    found = show_case(city.store, held, case, PURPOSE)  # type: ignore[arg-type]
    made = make_manifest(case, found)
    path = folder / "case.zip"
    pack(path, made, [prove(city.store, each, PURPOSE) for each in found.records], lambda digest: held.read(digest, 0))  # type: ignore[attr-defined]
    yield "bundle", "case.zip", path.read_bytes()
    yield "manifest", "case.json", made.model_dump_json().encode()


def of_files(folder: Path) -> Iterator[Seed]:
    configs = found_federation(folder / "cities", NOW, ("changsha", "wuhan"))
    for config in configs[:1]:
        node = folder / "cities" / config.city
        yield "federation", "two.yaml", config.federation.read_bytes()
        yield "card", "card.yaml", format_card(load_federation(config.federation).member(config.city)).encode()
        yield "clients", "clients.yaml", config.clients.read_bytes()
        yield "config", "node.yaml", (node / "node.yaml").read_bytes()
    yield (
        "config",
        "more.yaml",
        (
            b"city: wuhan\nsync: {interval_s: 0.5, purpose: p}\nlimits:\n  peer: {requests_per_s: 5, burst: 9}\n"
            b"evidence: {max_bytes: 1000}\nclock: {offset_file: offset}\ncalendars: [2027.yaml]\nlog_level: debug\n"
        ),
    )
    yield "policy", "wuhan.yaml", shipped_policy("wuhan").encode()
    yield "calendar", "2026.yaml", (resources.files("node.core.law") / "calendar_data" / "2026.yaml").read_bytes()
    rules = yaml.safe_load((resources.files("node.core.law") / "legal_rules.yaml").read_text("utf-8"))
    yield "legal_rules", "rules.yaml", format_document(rules | {"rules": rules["rules"][:3]}).encode()
    declared = resources.files("node.core.workflow") / "declared"
    yield "workflow", "alert.yaml", (declared / "alert.yaml").read_bytes()
    yield "case_file", "referral.yaml", (EXAMPLES / "referral.yaml").read_bytes()
    yield "evidence_file", "one.yaml", "evidence:\n- {title: 商品页面, size_bytes: 17, kind: screenshot}\n".encode()
    yield "clock_offset", "ahead", b"-600.5\n"
    for name, make in SAMPLES.items():
        yield "body", name, make().SerializeToString()
    yield "body", "operator", operator().SerializeToString()


def of_tables() -> Iterator[Seed]:
    text = csv_text(rows(3))
    yield "table", "utf8.csv", text.encode()
    yield "table", "gb18030.csv", text.encode("gb18030")
    yield "table", "text.csv.gz", gzip.compress(text.encode(), mtime=0)
    yield "table", "text.csv.xz", lzma.compress(text.encode())
    yield "table", "quotes.csv", b'a,b\r\n"1\n2","3""4"\r\n"open,5\n6,7,8\n'
    yield "table", "report.csv", b"file,line,field,value,reason,message,a\nx.csv,7,a,1,r,m,'=1\n"
    book, content = Workbook(), io.BytesIO()
    for each in (
        ("name", "uscc", "when"),
        ("某商行", "91430100MA00TEXT01", NOW.replace(tzinfo=None)),
        (1.5, 2**60, None),
    ):
        book.worksheets[0].append(each)
    book.save(content)
    yield "table", "book.xlsx", content.getvalue()
    book.worksheets[0].merge_cells("A2:A3")
    content = io.BytesIO()
    book.save(content)
    yield "table", "merged.xlsx", content.getvalue()
    yield "table", "old.xls", xls(3)
    yield "roster", "plain.csv", "统一社会信用代码,企业名称\n91430100MA00TEXT01,某商行\n".encode()
    yield "screening_roster", "plain.csv", "uscc,id_number,name\n91430100MA00TEXT01,360426199101010071,张某\n".encode()
    for name in ("registry", "gsxt", "penalty_cf"):
        yield "mapping", f"{name}.yaml", (resources.files("adapters") / "mappings" / f"{name}.yaml").read_bytes()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for target, name, data in seeds(Path(folder)):
            (CORPUS / target).mkdir(exist_ok=True, parents=True)
            (CORPUS / target / name).write_bytes(data)


if __name__ == "__main__":
    main()
