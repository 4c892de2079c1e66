"""A running node as a scanner sees it: what its listeners offer to whoever knocks."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.nodes.processes import Running, found

PORTS = ("exchange", "intake", "control", "query")
TLS13_SUITES = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
# The beginning of what an HTTP/2 server says first: a SETTINGS frame (RFC 9113 section 3.4).
SETTINGS = 0x4
CLOSED = (ssl.SSLError, ConnectionError)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    changsha, _ = found(tmp_path_factory.mktemp("cities"), "changsha", "wuhan")
    with Running(changsha) as running:
        yield running


def outsider(version: ssl.TLSVersion) -> ssl.SSLContext:
    """A client that speaks one version of TLS, with any cipher, and believes whoever answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2"])
    return context


def known(node: Running, version: ssl.TLSVersion) -> ssl.SSLContext:
    """An outsider that holds a certificate which the node has pinned."""
    context = outsider(version)
    context.load_cert_chain(node.config.officer / "client.pem")
    return context


def address(node: Running, port: str) -> tuple[str, int]:
    host, _, number = str(getattr(node.config.listen, port)).rpartition(":")
    return host, int(number)


def first_frame(node: Running, port: str, context: ssl.SSLContext) -> tuple[ssl.SSLSocket, bytes]:
    """Shakes hands and waits for the server's first frame: in TLS 1.3 a client learns only then that it is refused."""
    raw = socket.create_connection(address(node, port), timeout=10)
    connection = context.wrap_socket(raw, server_hostname="node")
    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, SETTINGS, 0, 0, 0, 0, 0]))
    return connection, connection.recv(9)


@pytest.mark.parametrize("port", PORTS)
def test_tls_1_3_is_spoken(node: Running, port: str) -> None:
    connection, frame = first_frame(node, port, known(node, ssl.TLSVersion.TLSv1_3))
    with connection:
        assert frame[3] == SETTINGS
        assert (connection.version(), connection.selected_alpn_protocol()) == ("TLSv1.3", "h2")
        cipher = connection.cipher()
        assert cipher is not None
        assert cipher[0] in TLS13_SUITES


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
def test_nothing_older_than_tls_1_3_is_spoken(node: Running, port: str, version: ssl.TLSVersion) -> None:
    with pytest.raises(CLOSED):
        first_frame(node, port, known(node, version))


@pytest.mark.parametrize("port", PORTS)
def test_a_client_certificate_is_demanded(node: Running, port: str) -> None:
    try:
        connection, frame = first_frame(node, port, outsider(ssl.TLSVersion.TLSv1_3))
    except CLOSED:
        return
    with connection:
        assert frame == b""  # closed, without an HTTP/2 frame


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("said", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /metrics HTTP/1.1\r\nHost: node\r\n\r\n"])
def test_plaintext_gets_no_answer(node: Running, port: str, said: bytes) -> None:
    with socket.create_connection(address(node, port), timeout=10) as connection:
        connection.sendall(said)
        try:
            answer = connection.recv(64)
        except ConnectionError:
            answer = b""
    # Nothing, or a TLS alert (RFC 8446 section 6): never HTTP.
    assert answer[:1] in {b"", b"\x15"}


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_sees_the_same(node: Running, version: str) -> None:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("there is no openssl on this machine")
    host, port = address(node, "exchange")
    identity = str(node.config.officer / "client.pem")
    seen = subprocess.run(
        [program, "s_client", "-connect", f"{host}:{port}", version, "-cert", identity, "-key", identity, "-cipher",
         "ALL:@SECLEVEL=0", "-brief"],
        input=b"", capture_output=True, check=False, timeout=30,
    )  # fmt: skip
    said = (seen.stdout + seen.stderr).decode(errors="replace")
    if version == "-tls1_3":
        assert "Protocol version: TLSv1.3" in said
        assert "Requested Signature Algorithms" in said  # of the client's certificate
    else:
        assert "Protocol version" not in said, said


def test_only_the_declared_listeners_are_open(node: Running) -> None:
    pids = [node.process.pid, *node.children()]
    inodes = {link.readlink().name for pid in pids for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    listening = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{node.process.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                listening.add(int(fields[1].rpartition(":")[2], 16))
    assert listening == {address(node, port)[1] for port in (*PORTS, "metrics")}
