"""Alerts of running nodes: what `gongzhi status` and /metrics say before and after a certificate's end."""

import re
import socket
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from node.config import Config
from node.core.law.calendar import legal_date
from node.demo.founding import found_federation
from node.errors import Reason
from node.folder.files import load_federation, save_federation
from node.folder.keyfile import load_tls_identity
from node.rpc.federation_check import probe
from tests.kit.nodes.processes import FAST, Running, batch
from tests.kit.waiting import eventually

TERM = timedelta(days=730)
_SECONDS = re.compile(r'^gongzhi_certificate_seconds\{city="(\w+)",whose="(?:own|peer)"\} (\S+)', re.MULTILINE)


def found(folder: Path, left: timedelta) -> list[Config]:
    """Hefei and Wuhan, whose certificates end so long from now."""
    return found_federation(folder, datetime.now(UTC) + left - TERM, ["hefei", "wuhan"], FAST)


def gongzhi(command: str, config: Config) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", "node.cli.main", command, "--node", str(config.keys.parent)]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)


def test_a_certificate_near_its_end_is_an_alert_and_a_metric(tmp_path: Path) -> None:
    hefei, _ = found(tmp_path, timedelta(days=5, hours=1))
    day = str(legal_date(load_tls_identity(hefei.tls_identity).certificate.not_after))
    with Running(hefei) as node:
        codes = {alert.reason: alert for alert in node.status().alerts}
        assert {"certificate_ends", "peer_certificate_ends", "client_certificate_ends"} <= codes.keys()
        assert day in codes["peer_certificate_ends"].text
        assert codes["peer_certificate_ends"].city == "wuhan"
        said = gongzhi("status", hefei)
        assert said.returncode == 3
        assert f"This node's TLS certificate ends on {day}" in said.stdout
        metrics = node.metrics()
    for line in ('code="certificate_ends",severity="must"} 1', 'code="disk_full",severity="must"} 0'):
        assert f'\ngongzhi_alert{{city="hefei",{line}' in metrics
    seconds = dict(_SECONDS.findall(metrics))
    assert all(5 * 86400 < float(each) < 6 * 86400 for each in seconds.values())
    assert seconds.keys() == {"hefei", "wuhan"}


def test_after_its_end_the_node_and_its_peers_say_on_which_day(tmp_path: Path) -> None:
    hefei, wuhan = found(tmp_path, timedelta(days=-1))
    day = str(legal_date(load_tls_identity(hefei.tls_identity).certificate.not_after))
    [fresh] = found_federation(tmp_path / "fresh", datetime.now(UTC), ["wuhan"])
    peer = load_federation(wuhan.federation).member("hefei")
    command = [sys.executable, "-m", "node.cli.main", "run", "--node", str(hefei.keys.parent)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as node:
        try:
            eventually(lambda: _answers(hefei.listen.exchange))
            for asked in ("status", "health"):
                said = gongzhi(asked, hefei)
                assert said.returncode == 2
                assert f"ended on {day}" in said.stderr
            for identity, whose in ((fresh, "the certificate of hefei"), (wuhan, "this node's own certificate")):
                error = probe(load_tls_identity(identity.tls_identity), peer, 10)
                assert error is not None
                assert error.reason is Reason.TLS_REFUSED
                assert error.message.startswith(f"{whose} ended on {day}")
        finally:
            node.terminate()


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with suppress(OSError), socket.create_connection((host, int(port)), 1):
        return True
    return False


def test_former_members_are_no_witnesses_and_each_shows_how_far_it_is(tmp_path: Path) -> None:
    hefei, wuhan, changsha = found_federation(tmp_path, datetime.now(UTC), ["hefei", "wuhan", "changsha"], FAST)
    with Running(hefei) as node, Running(wuhan), Running(changsha):
        list(node.submit(iter([batch(1, 5)])))
        eventually(lambda: {each.size for each in node.status().progress} == {5})
        said = gongzhi("status", hefei)
        assert "cosigned up to: wuhan 5, changsha 5" in said.stdout
        save_federation(hefei.federation, load_federation(hefei.federation).without("changsha"))
        list(node.submit(iter([batch(100, 3)])))
        eventually(lambda: [(each.city, each.size) for each in node.status().progress] == [("wuhan", 8)])
        status = node.status()
    assert (status.witnessed_size, list(status.witnesses)) == (8, ["wuhan"])
