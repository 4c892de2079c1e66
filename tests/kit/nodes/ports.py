"""Free ports of this machine."""

import socket


def five_ports() -> int:
    """The first of five free ports in a row."""
    for port in range(21000, 29000, 10):
        sockets = [socket.socket() for _ in range(5)]
        try:
            for offset, each in enumerate(sockets):
                each.bind(("127.0.0.1", port + offset))
        except OSError:
            continue
        else:
            return port
        finally:
            for each in sockets:
                each.close()
    raise AssertionError("no free ports")
