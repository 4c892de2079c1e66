"""A caller that speaks HTTP/2 by hand and stops where it likes: after the headers, within a message, before reading.

It shakes hands with a real client's certificate; frames are those of RFC 9113, headers are never indexed (RFC 7541,
6.2.2), and the other side is told to index none, so that a status can be read in the bytes.
"""

import re
import socket
import ssl
import struct
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from node.core.members.federation import server_name
from node.folder.keyfile import TlsIdentity

_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _WINDOW_UPDATE, _CONTINUATION = 0, 1, 3, 4, 6, 8, 9
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_HEADER_TABLE_SIZE, _INITIAL_WINDOW_SIZE = 1, 4
_STATUS = re.compile(rb"grpc-status.(\d+)", re.DOTALL)
_REASON = re.compile(rb"gongzhi-reason.([a-z_]+)", re.DOTALL)


class Ending(NamedTuple):
    """How the other side ended a call: gRPC's status number and our reason code, where it said any."""

    status: int | None
    reason: str


class RawCaller:
    """One connection. A context manager.

    Args:
        identity: What it presents.
        city: Whose node it calls.
        address: host:port.
        folder: Where the certificate is put for the TLS library.
        window: Bytes it is ready to read of each answer; none with 0.
    """

    def __init__(self, identity: TlsIdentity, city: str, address: str, folder: Path, window: int = 65_535) -> None:
        self.ended: dict[int, Ending] = {}
        self.opened: list[int] = []
        self._host = f"{address}"
        self._socket = _handshake(identity, server_name(city), address, folder)
        self._unread = b""
        self._socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        settings = ((_HEADER_TABLE_SIZE, 0), (_INITIAL_WINDOW_SIZE, window))
        self._send(_SETTINGS, 0, 0, b"".join(struct.pack(">HI", *each) for each in settings))

    def __enter__(self) -> "RawCaller":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def open(self, method: str, body: bytes = b"", *, is_all: bool = False) -> int:
        """Sends the headers of a call, and what there is of its body; returns its number."""
        number = 2 * len(self.opened) + 1
        self.opened.append(number)
        headers = {
            ":method": "POST", ":scheme": "https", ":path": method, ":authority": self._host,
            "te": "trailers", "content-type": "application/grpc",
        }  # fmt: skip
        self._send(_HEADERS, _END_HEADERS, number, b"".join(map(_literal, headers.items())))
        self.send(number, body, is_all=is_all)
        return number

    def send(self, number: int, body: bytes, *, is_all: bool = False) -> None:
        """Sends more of a call's body."""
        if body or is_all:
            self._send(_DATA, _END_STREAM if is_all else 0, number, body)

    def read(self, seconds: float, most_open: int = 0) -> None:
        """Reads what comes within a time, or until no more than `most_open` calls have not ended."""
        deadline = time.monotonic() + seconds
        while len(self.open_calls) > most_open and (left_s := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left_s)
            try:
                came = self._socket.recv(65_536)
            except TimeoutError:
                return
            assert came, "the connection was closed"
            self._unread += came
            self._take_frames()

    @property
    def open_calls(self) -> set[int]:
        """Numbers of the calls that the other side has not ended."""
        return set(self.opened) - set(self.ended)

    def _take_frames(self) -> None:
        while len(self._unread) >= 9:
            length = int.from_bytes(self._unread[:3])
            if len(self._unread) < 9 + length:
                return
            kind, flags, number = struct.unpack(">BBI", self._unread[3:9])
            self._take(kind, flags, number, self._unread[9 : 9 + length])
            self._unread = self._unread[9 + length :]

    def _take(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if kind == _SETTINGS and not flags & _ACK:
            self._send(_SETTINGS, _ACK, 0, b"")
        elif kind == _PING and not flags & _ACK:
            self._send(_PING, _ACK, 0, payload)
        elif kind == _HEADERS and flags & _END_STREAM:
            status, reason = _STATUS.search(payload), _REASON.search(payload)
            self.ended[number] = Ending(status and int(status[1]), reason[1].decode() if reason else "")
        elif kind == _RST_STREAM:
            self.ended.setdefault(number, Ending(None, ""))

    def _send(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        self._socket.settimeout(10)
        self._socket.sendall(len(payload).to_bytes(3) + struct.pack(">BBI", kind, flags, number) + payload)


def message(body: bytes = b"", length: int | None = None) -> bytes:
    """A message as gRPC frames it; of another `length` it is not whole."""
    return struct.pack(">BI", 0, len(body) if length is None else length) + body


def all_read(callers: Iterable[RawCaller], seconds: float) -> None:
    """Reads on every connection until every call has ended, or the time is over."""
    deadline = time.monotonic() + seconds
    for caller in callers:
        caller.read(deadline - time.monotonic())


def _handshake(identity: TlsIdentity, name: str, address: str, folder: Path) -> ssl.SSLSocket:
    file = folder / f"{identity.certificate.fingerprint.replace(':', '')[:16]}.pem"
    file.write_bytes(identity.key_pem + identity.cert_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(file)
    context.set_alpn_protocols(["h2"])
    host, _, port = address.rpartition(":")
    return context.wrap_socket(socket.create_connection((host, int(port)), timeout=10), server_hostname=name)


def _literal(header: tuple[str, str]) -> bytes:
    name, value = (each.encode() for each in header)
    assert max(len(name), len(value)) < 127
    return b"\x10" + bytes([len(name)]) + name + bytes([len(value)]) + value
