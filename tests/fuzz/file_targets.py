"""What an officer or an operator of a node puts into its files, and cards that other cities hand over."""

from datetime import UTC, date, datetime

from node.cli.evidence_entry import add_entry, read_entries
from node.cli.shared.casework import make_body, plain_body
from node.config import load_config
from node.core.law.calendar import Year, make_calendar, parse_year
from node.core.law.legal_rules import parse_rules
from node.core.members.clients import format_clients, parse_clients
from node.core.members.federation_file import format_card, format_federation, parse_card, parse_federation
from node.core.standards import standard as standards
from node.core.standards.batch import acceptance
from node.core.workflow.declaration import parse_workflow
from node.errors import NodeError
from node.folder.clock import ShiftedClock
from node.folder.keyfile import create_log_key, create_tls_identity, load_log_key, load_tls_identity
from node.folder.person_key import create_person_key, load_person_key
from node.stubs.evidence.v1.evidence_pb2 import Attachment, Extraction
from node.stubs.record.v1.record_pb2 import Header
from node.usecases.exchange.enforce_policy import read_policy
from tests.fuzz.peer_targets import text_of
from tests.fuzz.target import file_of, target

TODAY = date(2026, 11, 29)


@target()
def federation(data: bytes) -> None:
    parsed = parse_federation(text_of(data))
    assert parse_federation(format_federation(parsed)) == parsed


@target()
def card(data: bytes) -> None:
    parsed = parse_card(text_of(data))
    assert parse_card(format_card(parsed)) == parsed
    assert len(parsed.fingerprint) == 64


@target()
def clients(data: bytes) -> None:
    parsed = parse_clients(text_of(data))
    assert parse_clients(format_clients(parsed)) == parsed


@target()
def config(data: bytes) -> None:
    """What is taken can be waited by: no wait is without end."""
    with file_of(data, "node.yaml") as path:
        sync = load_config(path).sync
    waits = (sync.interval_s, sync.connect_timeout_s, sync.batch_timeout_s, sync.backoff_base_s, sync.backoff_max_s)
    assert all(int(wait) >= 0 for wait in waits)


@target()
def policy(data: bytes) -> None:
    """A policy that is taken decides about every standard, whatever its conditions say."""
    parsed = read_policy(text_of(data), "policy.yaml")
    for purpose in parsed.purposes():
        for standard in standards.standards():
            header = Header(standard=standard.name, version=standard.version, audience=["all"])
            grant = parsed.grant("wuhan", purpose)
            grant.decide(header, (standard.name, standard.version), standard.message_type)


@target()
def calendar(data: bytes) -> None:
    year: Year = parse_year(text_of(data), "year.yaml")
    made = make_calendar([year])
    assert made.first.year == made.horizon.year == year.year


@target()
def legal_rules(data: bytes) -> None:
    book = parse_rules(text_of(data), "rules.yaml")
    assert all(book.all_versions(rule) for rule in book.versions)


@target()
def workflow(data: bytes) -> None:
    parsed = parse_workflow(text_of(data), "workflow.yaml")
    assert all(act.law.zh and act.law.en for act in parsed.acts)


_NOT_TYPED = {
    **dict.fromkeys(("article", "reasons", "number", "day", "extends_by")),
    **dict.fromkeys(("fields", "officers", "documents"), ()),
}


@target()
def case_file(data: bytes) -> None:
    """What an officer hands over with `--file` becomes a body of the standard."""
    with file_of(data) as path:
        body = make_body("referral", "draft", {**_NOT_TYPED, "files": [path]})
    assert plain_body("referral", body)["act"]["act"] == "draft"


@target()
def evidence_file(data: bytes) -> None:
    """A file that is taken can be added to."""
    with file_of(data) as path:
        add_entry(path, Attachment(name="页面.png"), Extraction(place="长沙"), kind="screenshot")
        assert read_entries(path)["evidence"][-1]["title"] == "页面.png"


@target()
def clock_offset(data: bytes) -> None:
    with file_of(data) as path:
        ShiftedClock(path).now_ms()


def _log_keys() -> list[bytes]:
    with file_of(b"", "none") as path:
        create_log_key(path.parent / "open.key", "wuhan")
        return [(path.parent / "open.key").read_bytes()]


def _identities() -> list[bytes]:
    with file_of(b"", "none") as path:
        create_tls_identity(path.parent / "tls.pem", "wuhan.gongzhi.internal", datetime(2026, 1, 1, tzinfo=UTC))
        return [(path.parent / "tls.pem").read_bytes()]


def _person_keys() -> list[bytes]:
    with file_of(b"", "none") as path:
        create_person_key(path.parent / "person.key")
        return [(path.parent / "person.key").read_bytes()]


@target(_log_keys)
def log_key(data: bytes) -> None:
    with file_of(data) as path:
        key = load_log_key(path, lambda: b"passphrase")
    assert len(key.sign(b"message")) == 64


@target(_identities)
def tls_identity(data: bytes) -> None:
    with file_of(data) as path:
        load_tls_identity(path, lambda: b"passphrase")


@target(_person_keys)
def person_key(data: bytes) -> None:
    with file_of(data) as path:
        load_person_key(path)


@target()
def body(data: bytes) -> None:
    """The row of an adapter or the facets of a peer, taken for each standard there is."""
    refusals = [refusal for standard in standards.standards() if (refusal := _take(standard, data))]
    if len(refusals) == len(standards.standards()):
        raise refusals[0]


def _take(standard: standards.Standard, data: bytes) -> NodeError | None:
    try:
        message = standard.parse(data)
    except NodeError as refusal:
        return refusal
    findings = [*standard.findings(message), *standard.future_findings(message, TODAY)]
    assert not findings or acceptance(standard, TODAY).doubtful([message])
    standard.subjects(message)
    assert standard.merge(standard.split(data)) == message
    return None
