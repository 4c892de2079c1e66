"""The federation file, cards and the clients file."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.members.clients import Clients, Kind, format_clients, parse_clients
from node.core.members.federation import Federation, Member, server_name
from node.core.members.federation_file import format_card, format_federation, parse_card, parse_federation
from node.core.members.platforms import Connected
from node.errors import FileError, NodeError, Reason
from node.folder.keyfile import create_log_key, create_tls_identity

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> tuple[Member, Member]:
    return _member(tmp_path_factory.mktemp("a"), "wuhan", "武汉"), _member(
        tmp_path_factory.mktemp("b"), "hefei", "合肥"
    )


def _member(folder: Path, city: str, name: str) -> Member:
    keys = tuple(create_log_key(folder / f"{i}.key", city).key for i in range(2))
    certs = tuple(create_tls_identity(folder / f"{i}.pem", server_name(city), NOW).certificate for i in range(2))
    return Member(city, name, "420100", f"{city}.example:7100", keys, certs)


def test_round_trip(members: tuple[Member, Member]) -> None:
    federation = Federation(members)
    assert parse_federation(format_federation(federation)) == federation
    assert parse_card(format_card(members[0])) == members[0]


@pytest.mark.parametrize(
    "text", ["合肥\nFingerprint: 0000 1111", "合\x1b[1A肥", "合\u202e肥", "合肥\x9b2K", "合\x00肥"]
)
def test_a_card_writes_nothing_but_its_names_beside_its_fingerprint(members: tuple[Member, Member], text: str) -> None:
    """Whoever compares it by telephone reads what this program printed, and no line that the card brought along."""
    for named in (replace(members[1], name_zh=text), replace(members[1], platforms=(Connected(text),))):
        with pytest.raises(FileError) as caught:
            parse_card(format_card(named))
        assert caught.value.reason is Reason.INVALID_FEDERATION


def test_a_blank_of_full_width_may_stand_in_a_name(members: tuple[Member, Member]) -> None:
    named = replace(members[1], name_zh="武　汉", platforms=(Connected("某某　平台"),))
    assert parse_card(format_card(named)) == named


def test_found_by_city(members: tuple[Member, Member]) -> None:
    federation = Federation(members)
    for member in members:
        assert federation.member(member.city) is member
    assert federation.peers_of("wuhan") == (members[1],)
    with pytest.raises(NodeError, match="not_found"):
        federation.member("taiyuan")


def test_the_fingerprint_covers_all_that_is_trusted(members: tuple[Member, Member]) -> None:
    one, other = members
    changed = [
        replace(one, address="elsewhere:7100"),
        replace(one, log_keys=one.log_keys[:1]),
        replace(one, tls_certs=one.tls_certs[:1]),
        replace(one, tls_certs=(one.tls_certs[0], other.tls_certs[0])),
    ]
    assert len({member.fingerprint for member in [one, *changed]}) == len(changed) + 1
    assert replace(one, log_keys=one.log_keys[::-1]).fingerprint == one.fingerprint


def test_a_card_names_the_platforms_connected_to_its_city(members: tuple[Member, Member]) -> None:
    jd = Connected("京东", "110115", date(2026, 5, 1), date(2026, 12, 31))
    one = members[0].with_platform(jd)
    assert parse_card(format_card(one)) == one
    assert one.fingerprint != members[0].fingerprint
    assert one.with_platform(Connected("京东")).platforms == (Connected("京东"),)
    federation = Federation((one, members[1]))
    assert federation.connections.city_of("京东", date(2026, 6, 1)) == "wuhan"
    assert federation.connections.seat_of("京东") == "110115"
    assert parse_federation(format_federation(federation)).connections == federation.connections
    assert (
        federation.with_member(federation.members[0].with_platform(Connected("拼多多"))).connections
        != federation.connections
    )
    assert parse_federation(format_federation(federation)) == federation


def test_a_platform_is_connected_to_one_city_at_a_time(members: tuple[Member, Member]) -> None:
    one = members[0].with_platform(Connected("京东", until=date(2026, 5, 31)))
    moved = members[1].with_platform(Connected("京东", since=date(2026, 6, 1)))
    assert Federation((one,)).with_member(moved).members == (one, moved)
    for other in (Connected("京东"), Connected("京东", since=date(2026, 5, 31))):
        with pytest.raises(NodeError) as caught:
            Federation((one,)).with_member(members[1].with_platform(other))
        assert caught.value.reason is Reason.INVALID_FEDERATION


def test_a_card_replaces_its_city_and_no_other(members: tuple[Member, Member]) -> None:
    moved = replace(members[0], address="new:1")
    federation = Federation(members).with_member(moved)
    assert federation.members == (moved, members[1])
    assert federation.without("wuhan").members == (members[1],)


@pytest.mark.parametrize("part", ["log_keys", "tls_certs"])
def test_keys_of_another_member_are_refused(members: tuple[Member, Member], part: str) -> None:
    thief = replace(members[1], **{part: getattr(members[0], part)})
    with pytest.raises(NodeError, match="already stands under wuhan"):
        Federation((members[0],)).with_member(thief)


def _lines(members: tuple[Member, Member]) -> list[str]:
    return format_federation(Federation(members)).splitlines()


@pytest.mark.parametrize(
    ("find", "put", "message"),
    [
        ("  region6:", "  region6: '42010'", "region6"),
        ("  region6:", "  region: '420100'", "region"),
        ("  address:", "  address: nowhere", "address"),
        ("  name_zh:", "  name_zh: ''", "name_zh"),
        ("- city: hefei", "- city: wuhan", "the key is of hefei"),
        ("- city: hefei", "- city: '../x'", "city"),
        (
            "  - hefei.gongzhi.internal/log",
            "  - hefei.gongzhi.internal/log+00000000+AAAA",
            "not an Ed25519 verifier key",
        ),
        ("  - fingerprint:", f"  - fingerprint: '{'0' * 64}'", "the fingerprint of this certificate is"),
        ("      MII", "      MIIx", "self-signed PEM certificate"),
        ("  address:", "  address: &a x:1", None),
        ("  address:", "  address: *a", "aliases are not allowed"),
        ("  address:", "  address: a:1\n  address: b:2", "address is given twice"),
        ("  address:", "  address: [", ""),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(
    members: tuple[Member, Member], find: str, put: str, message: str | None
) -> None:
    lines = _lines(members)
    at = max(index for index, line in enumerate(lines) if line.startswith((find, find.replace("  ", "- ", 1))))
    text = "\n".join([*lines[:at], put, *lines[at + 1 :]])
    if message is None:
        parse_federation(text)
        return
    with pytest.raises(FileError) as caught:
        parse_federation(text, "f.yaml")
    assert caught.value.reason is Reason.INVALID_FEDERATION
    assert message in caught.value.message
    assert caught.value.line is not None
    assert abs(caught.value.line - (at + 1)) <= 16  # a PEM block is pointed at by its first line


def test_a_certificate_in_another_citys_name_is_refused(members: tuple[Member, Member]) -> None:
    # It would sit among the TLS roots under the other's subject.
    mimic = replace(members[1], tls_certs=(replace(members[0].tls_certs[0]),))
    with pytest.raises(FileError, match=r"of 'wuhan\.gongzhi\.internal', not of hefei"):
        parse_card(format_card(mimic))


def test_the_same_city_twice_is_refused(members: tuple[Member, Member]) -> None:
    text = format_federation(Federation((members[0], members[0])))
    with pytest.raises(FileError, match="wuhan is listed twice"):
        parse_federation(text)


@pytest.mark.parametrize("text", ["", "[]", "version: 2\nmembers: []", "members: []", "a: 2026-99-99", "[" * 5000])
def test_what_is_no_federation_file_is_refused(text: str) -> None:
    with pytest.raises(FileError):
        parse_federation(text)


@given(st.text(max_size=200))
def test_any_text_is_refused_or_read(text: str) -> None:
    with pytest.raises(FileError):
        parse_card(text)


def test_clients_round_trip_and_refusals(members: tuple[Member, Member]) -> None:
    cert, other = members[0].tls_certs
    clients = Clients().with_certificate("jd", Kind.PLATFORM, cert).with_certificate("jd", Kind.PLATFORM, other)
    assert [len(client.tls_certs) for client in clients.clients] == [2]
    assert parse_clients(format_clients(clients)) == clients
    assert clients.without("jd") == Clients()
    with pytest.raises(NodeError, match="kind platform"):
        clients.with_certificate("jd", Kind.OFFICER, cert)
    with pytest.raises(NodeError, match="not_found"):
        clients.without("nobody")
    with pytest.raises(FileError, match="kind is peer"):
        parse_clients(format_clients(clients).replace("kind: platform", "kind: peer"))
