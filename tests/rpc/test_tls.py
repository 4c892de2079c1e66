"""Who gets through TLS and the interceptor, over real loopback connections."""

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec

from node.client.channel import peer_channel
from node.client.errors import REASON_KEY
from node.config import Config
from node.core.members.clients import Clients, Kind
from node.core.members.federation import Member, parse_certificate, server_name
from node.errors import NodeError, Reason, TransientError
from node.folder.files import load_clients, load_federation, save_federation
from node.folder.identity import add_client, load_identity
from node.folder.keyfile import TlsIdentity, create_tls_identity, self_signed
from node.folder.rotation import finish_tls, prepare_tls
from node.folder.trust import RECHECK_S
from tests.kit.nodes.listener import NOW, WhoAsks, ask, channel, found, identity, refusal, serving


@pytest.fixture
def cities(tmp_path: Path) -> dict[str, Config]:
    return found(tmp_path)


def _expired(folder: Path, city: str) -> TlsIdentity:
    fresh = create_tls_identity(folder / "expired.pem", server_name(city), NOW)
    key = pem.load_pem_private_key(fresh.key_pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return replace(
        fresh, certificate=self_signed(key, server_name(city), NOW - timedelta(days=9), NOW - timedelta(days=1))
    )


def _pin(config: Config, member: Member) -> None:
    save_federation(config.federation, load_federation(config.federation).with_member(member))


def _settle() -> None:
    time.sleep(RECHECK_S + 0.1)


def test_member_is_answered_by_name(cities: dict[str, Config]) -> None:
    with serving(cities["changsha"]), channel(identity(cities["wuhan"]), cities["changsha"]) as connection:
        assert ask(connection) == "peer/wuhan"


def test_unknown_certificate_is_refused_in_the_handshake(cities: dict[str, Config], tmp_path: Path) -> None:
    # Its name is a member's; only the key is not.
    stranger = create_tls_identity(tmp_path / "stranger.pem", server_name("wuhan"), NOW)
    with serving(cities["changsha"]), channel(stranger, cities["changsha"]) as connection:
        error = refusal(connection)
    assert (error.reason, type(error)) == (Reason.TLS_REFUSED, TransientError)
    assert "handshake" in error.message


def test_expired_pinned_certificate_is_refused_in_the_handshake(cities: dict[str, Config], tmp_path: Path) -> None:
    expired = _expired(tmp_path, "wuhan")
    wuhan = load_federation(cities["changsha"].federation).member("wuhan")
    _pin(cities["changsha"], replace(wuhan, tls_certs=(*wuhan.tls_certs, expired.certificate)))
    with serving(cities["changsha"]), channel(expired, cities["changsha"]) as connection:
        assert refusal(connection).reason is Reason.TLS_REFUSED


def test_certificate_that_expires_while_connected_is_unauthenticated(cities: dict[str, Config]) -> None:
    now_s = [time.time()]
    clock = lambda: now_s[0]  # noqa: E731
    with (
        serving(cities["changsha"], clock=clock),
        channel(identity(cities["wuhan"]), cities["changsha"]) as connection,
    ):
        assert ask(connection) == "peer/wuhan"
        now_s[0] += timedelta(days=731).total_seconds()
        assert refusal(connection).reason is Reason.UNAUTHENTICATED


def test_removed_member_is_unauthenticated_on_the_old_connection_and_refused_on_a_new_one(
    cities: dict[str, Config],
) -> None:
    changsha, wuhan = cities["changsha"], identity(cities["wuhan"])
    with serving(changsha), channel(wuhan, changsha) as connection:
        assert ask(connection) == "peer/wuhan"
        save_federation(changsha.federation, load_federation(changsha.federation).without("wuhan"))
        _settle()
        assert refusal(connection).reason is Reason.UNAUTHENTICATED
        with channel(wuhan, changsha) as again:
            assert refusal(again).reason is Reason.TLS_REFUSED
        with channel(identity(cities["hefei"]), changsha) as other:
            assert ask(other) == "peer/hefei"


@pytest.mark.parametrize("kind", [Kind.OFFICER, Kind.ADAPTER, Kind.PLATFORM])
def test_local_clients_are_denied_at_the_exchange(cities: dict[str, Config], tmp_path: Path, kind: Kind) -> None:
    client = add_client(cities["changsha"], "program", kind, tmp_path / "identity", NOW)
    with serving(cities["changsha"]), channel(client.tls, cities["changsha"]) as connection:
        assert refusal(connection).reason is Reason.PERMISSION_DENIED


def test_a_client_is_known_at_once_and_a_stranger_makes_nobody_read_a_file(
    cities: dict[str, Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, reads = cities["changsha"], [0]

    def load(path: Path) -> Clients:
        reads[0] += 1
        return load_clients(path)

    monkeypatch.setattr("node.folder.trust.load_clients", load)
    stranger = create_tls_identity(tmp_path / "stranger.pem", server_name("wuhan"), NOW)
    with serving(config):
        for number in range(3):
            name = f"program{number}"
            client = add_client(config, name, Kind.ADAPTER, tmp_path / name, NOW)
            with channel(client.tls, config) as connection:
                assert refusal(connection).reason is Reason.PERMISSION_DENIED  # known, though not for this service
            with channel(stranger, config) as connection:
                assert refusal(connection).reason is Reason.TLS_REFUSED
    assert reads == [4]


def test_a_nodes_own_certificate_is_no_peer(cities: dict[str, Config]) -> None:
    with serving(cities["changsha"]), channel(identity(cities["changsha"]), cities["changsha"]) as connection:
        assert refusal(connection).reason is Reason.UNAUTHENTICATED


def test_unauthenticated_on_the_wire_is_a_status_with_its_reason(cities: dict[str, Config]) -> None:
    with serving(cities["changsha"]), channel(identity(cities["changsha"]), cities["changsha"]) as connection:
        cause = cast(grpc.Call, refusal(connection).__cause__)
    assert cause.code() is grpc.StatusCode.UNAUTHENTICATED
    assert dict(cause.trailing_metadata())[REASON_KEY] == "unauthenticated"


def test_plaintext_is_refused(cities: dict[str, Config]) -> None:
    with serving(cities["changsha"]) as address, grpc.insecure_channel(address) as connection:
        assert refusal(connection).reason is Reason.TLS_REFUSED


def test_no_certificate_is_refused(cities: dict[str, Config]) -> None:
    pinned = identity(cities["changsha"]).cert_pem
    options = [("grpc.ssl_target_name_override", server_name("changsha"))]
    bare = grpc.secure_channel(cities["changsha"].listen.exchange, grpc.ssl_channel_credentials(pinned), options)
    with serving(cities["changsha"]), bare as connection:
        assert refusal(connection).reason is Reason.TLS_REFUSED


def test_a_node_that_is_down_is_not_called_a_tls_refusal(cities: dict[str, Config]) -> None:
    with channel(identity(cities["wuhan"]), cities["changsha"]) as connection:
        assert refusal(connection).reason is Reason.UNAVAILABLE


def test_a_member_cannot_stand_in_for_another(cities: dict[str, Config]) -> None:
    # Hefei listens where Wuhan expects Changsha.
    members = load_federation(cities["wuhan"].federation)
    lured = replace(members.member("changsha"), address=cities["hefei"].listen.exchange)
    with serving(cities["hefei"]), peer_channel(identity(cities["wuhan"]), lured) as connection:
        error = refusal(connection)
    assert error.reason is Reason.TLS_REFUSED
    assert "this side refused the other's certificate" in error.message


def _signed_by(issuer: TlsIdentity, name: str) -> tuple[TlsIdentity, str]:
    """A certificate for `name` signed with the issuer's key, and the issuer's remade as an authority."""
    key, issuer_key = ec.generate_private_key(ec.SECP256R1()), pem.load_pem_private_key(issuer.key_pem, None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    subject = x509.load_pem_x509_certificate(issuer.cert_pem).subject

    def make(of: x509.Name, public: ec.EllipticCurvePublicKey, authority: bool) -> str:
        term = (NOW - timedelta(hours=1), NOW + timedelta(days=9))
        builder = x509.CertificateBuilder(subject, of, public, x509.random_serial_number(), *term)
        builder = builder.add_extension(x509.BasicConstraints(authority, None), critical=True)
        return builder.sign(issuer_key, hashes.SHA256()).public_bytes(pem.Encoding.PEM).decode()

    of = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    leaf = make(of, key.public_key(), authority=False)
    secret = key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())
    with pytest.raises(NodeError, match="one self-signed PEM certificate"):
        parse_certificate(leaf)
    # No more than a text to present: TLS and the interceptor are what is tried here.
    presented = replace(issuer.certificate, pem=leaf)
    return TlsIdentity(presented, secret), make(subject, issuer_key.public_key(), authority=True)


@pytest.mark.parametrize(("ca", "reason"), [(False, Reason.TLS_REFUSED), (True, Reason.UNAUTHENTICATED)])
def test_a_member_cannot_vouch_for_another(cities: dict[str, Config], ca: bool, reason: Reason) -> None:
    wuhan = load_federation(cities["changsha"].federation).member("wuhan")
    forged, issuer = _signed_by(identity(cities["wuhan"]), server_name("hefei"))
    if ca:
        _pin(cities["changsha"], replace(wuhan, tls_certs=(parse_certificate(issuer),)))
    with serving(cities["changsha"]), channel(forged, cities["changsha"]) as connection:
        assert refusal(connection).reason is reason


def test_rotation_overlaps_without_a_restart(cities: dict[str, Config]) -> None:
    changsha, wuhan = cities["changsha"], cities["wuhan"]
    old = identity(changsha)
    with serving(changsha), serving(wuhan):
        prepare_tls(changsha, NOW)
        _settle()
        # The old certificate is still in use, and still known.
        with channel(old, wuhan) as connection:
            assert ask(connection) == "peer/changsha"
        overlapping = load_federation(wuhan.federation).member("changsha")
        finish_tls(changsha)
        _settle()
        new = identity(changsha)
        assert new.certificate != old.certificate
        # A peer that pinned both reaches the server under its new certificate, and knows the client by it.
        with peer_channel(identity(wuhan), overlapping) as connection:
            assert ask(connection) == "peer/wuhan"
        with channel(new, wuhan) as connection:
            assert ask(connection) == "peer/changsha"
        with channel(old, wuhan) as connection:
            assert refusal(connection).reason is Reason.TLS_REFUSED


def test_a_broken_federation_file_leaves_the_old_in_force(cities: dict[str, Config]) -> None:
    changsha = cities["changsha"]
    with serving(changsha), channel(identity(cities["wuhan"]), changsha) as connection:
        text = changsha.federation.read_text()
        changsha.federation.write_text("members: [")
        _settle()
        assert ask(connection) == "peer/wuhan"
        changsha.federation.write_text(text)


def test_an_unexpected_error_says_nothing(cities: dict[str, Config]) -> None:
    service = WhoAsks()
    service.error = RuntimeError("secret in a traceback")
    with (
        serving(cities["changsha"], service),
        channel(identity(cities["wuhan"]), cities["changsha"]) as connection,
    ):
        error = refusal(connection)
        assert error.reason is Reason.INTERNAL
        assert "secret" not in error.message
        service.error = NodeError(Reason.POLICY_DENIED, "无权查看")
        denied = refusal(connection)
    assert (denied.reason, denied.message) == (Reason.POLICY_DENIED, "无权查看")


def test_too_many_calls_are_told_apart(cities: dict[str, Config]) -> None:
    rate = cities["changsha"].limits.peer.model_copy(update={"requests_per_s": 0.01, "burst": 2})
    limits = cities["changsha"].limits.model_copy(update={"peer": rate})
    config = cities["changsha"].model_copy(update={"limits": limits})
    eager, other = (channel(identity(cities[city]), config) for city in ("wuhan", "hefei"))
    with serving(config), eager, other:
        assert [ask(eager), ask(eager)] == ["peer/wuhan"] * 2
        assert refusal(eager).reason is Reason.RATE_LIMITED
        assert ask(other) == "peer/hefei"


def test_bundle_read_back_reaches_its_node(cities: dict[str, Config], tmp_path: Path) -> None:
    made = add_client(cities["changsha"], "jd", Kind.PLATFORM, tmp_path / "jd", NOW, host="10.0.0.1")
    read = load_identity(tmp_path / "jd")
    assert (read.tls.certificate, read.server_certs) == (made.tls.certificate, made.server_certs)
    ports = {name: getattr(cities["changsha"].listen, name).rpartition(":")[2] for name in ("intake", "query")}
    assert read.addresses == {name: f"10.0.0.1:{port}" for name, port in ports.items()}
    with pytest.raises(NodeError, match="no access to control"):
        read.address("control")
