"""The image: what is in it, who it runs as, how it says that it is well."""

import json
import re
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kit.containers.docker import CONFINED, derived, inspect, node, run, volume
from tests.kit.waiting import eventually

USER = "10001:10001"
# A private key's own bytes, PEM or signed note: not the code that writes one.
SECRETS = (rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}", rb"PRIVATE\+KEY\+[\w./]+\+[0-9a-f]{8}\+A")
# What a build would take along by mistake: how it reached its packages, who built it, the project's history.
TRACES = re.compile(
    r"(^|/)(pip\.conf|\.netrc|\.pypirc|\.git|\.git-credentials|\.env|id_\w+|auth\.conf)$|apt\.conf\.d/.*proxy"
)
# Prints the process id of the node's answering process.
FIND_QUERY = """
from pathlib import Path
for path in Path("/proc").glob("[0-9]*/cmdline"):
    if b"\\0--role\\0query\\0" in path.read_bytes():
        print(path.parent.name)
"""


@contextmanager
def founded(image: str) -> Iterator[str]:
    """A volume with Changsha's folder."""
    with volume() as data:
        run("docker", "run", "--rm", "--network", "none", *CONFINED, "--volume", f"{data}:/data", image,
            "init", "--city", "changsha", "--dir", "/data")  # fmt: skip
        yield data


@pytest.fixture(scope="module")
def running(image: str) -> Iterator[str]:
    with founded(image) as data, node(image, data) as name:
        eventually(
            lambda: inspect("container", name)["State"]["Health"]["Status"] == "healthy",
            f"{name} is healthy",
            timeout_s=120,
        )
        yield name


def shell(image: str, script: str) -> str:
    return run("docker", "run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", script)


def test_it_is_nobody_in_particular(image: str, running: str) -> None:
    assert inspect("image", image)["Config"]["User"] == USER
    status = run("docker", "exec", running, "cat", "/proc/1/status")
    assert re.search(r"^Uid:\t10001\t10001\t10001\t10001$", status, re.MULTILINE)
    assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)


def test_only_its_data_can_be_written(image: str) -> None:
    found = shell(
        image, "find / -xdev -writable -not -type l -not -path '/proc/*' -not -path '/dev/*' 2>/dev/null || true"
    )
    allowed = ("/data", "/tmp", "/var/tmp", "/run/lock", "/var/lock")
    assert [path for path in found.splitlines() if not path.startswith(allowed)] == []


def test_no_program_of_it_gives_its_caller_rights(image: str) -> None:
    with_rights = shell(image, "find / -xdev -perm /6000 -type f 2>/dev/null || true").split()
    assert not [path for path in with_rights if not path.startswith(("/usr/bin", "/usr/sbin", "/bin", "/sbin"))]
    code = run("docker", "run", "--rm", *CONFINED, "--entrypoint", "su", image, "-c", "id", codes=(1, 126))
    assert "uid=0" not in code


def test_the_root_file_system_is_not_needed(running: str) -> None:
    assert inspect("container", running)["HostConfig"]["ReadonlyRootfs"]
    assert "Read-only" in run("docker", "exec", running, "sh", "-c", "touch /opt/gongzhi/x 2>&1", codes=(1,))


def test_it_installs_nothing_and_holds_what_the_lock_says(image: str) -> None:
    assert shell(image, "ls /opt/gongzhi/bin/pip /opt/gongzhi/bin/hatchling 2>/dev/null || true") == ""
    listed = shell(image, "python3 -c 'import importlib.metadata as m; print(*(d.name for d in m.distributions()))'")
    lock = (Path(__file__).parents[2] / "requirements.lock").read_text("utf-8")
    pinned = set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)) | {"gongzhi"}
    assert {_canonical(name) for name in listed.split()} <= {_canonical(name) for name in pinned}


def test_its_sqlite_has_no_wal_bug(image: str) -> None:
    version = shell(image, "python3 -c 'import pysqlite3; print(*pysqlite3.sqlite_version_info)'")
    assert tuple(map(int, version.split())) >= (3, 51, 3)


def test_no_secret_is_in_a_layer_or_in_its_history(image: str, tmp_path: Path) -> None:
    run("docker", "save", "--output", tmp_path / "image.tar", image)
    seen = 0
    with tarfile.open(tmp_path / "image.tar") as saved:
        for member in saved:
            if member.name.endswith(("layer.tar",)) or member.name.startswith("blobs/"):
                seen += _look_through(saved, member)
    assert seen > 1000
    history = run("docker", "history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    assert not re.search(r"https?://|password|passphrase|token|PIP_INDEX_URL", history, re.IGNORECASE)
    variables = {each.partition("=")[0] for each in inspect("image", image)["Config"]["Env"]}
    assert variables == {"PATH", "LANG", "PYTHONDONTWRITEBYTECODE", "GONGZHI_NODE", "SQLITE_TMPDIR"}


def _look_through(saved: tarfile.TarFile, layer: tarfile.TarInfo) -> int:
    """The number of files in a layer, none of which is a secret."""
    content = saved.extractfile(layer)
    assert content is not None
    if content.read(1) == b"{":  # a manifest of the newer format
        return 0
    content.seek(0)
    count = 0
    with tarfile.open(fileobj=content) as files:
        for file in files:
            count += 1
            assert not TRACES.search(file.name), file.name
            body = files.extractfile(file) if file.isfile() and file.size < 2**20 else None
            text = body.read() if body else b""
            assert not any(re.search(secret, text) for secret in SECRETS), file.name
    return count


def test_its_data_is_private_to_it(running: str) -> None:
    modes = run(
        "docker", "exec", running, "stat", "-c", "%a %u %n", "/data", "/data/keys/log.key", "/data/keys/tls.pem"
    )
    assert modes.splitlines() == ["700 10001 /data", "600 10001 /data/keys/log.key", "600 10001 /data/keys/tls.pem"]


def test_its_health_is_asked_by_the_nodes_own_command(image: str, running: str) -> None:
    assert inspect("image", image)["Config"]["Healthcheck"]["Test"] == ["CMD", "gongzhi", "health"]
    pid = run("docker", "exec", running, "python3", "-c", FIND_QUERY).strip()
    run("docker", "exec", running, "sh", "-c", f"kill -STOP {pid}")
    try:
        run("docker", "exec", running, "gongzhi", "health", codes=(2,))
    finally:
        run("docker", "exec", running, "sh", "-c", f"kill -CONT {pid}")
    eventually(
        lambda: run("docker", "exec", running, "gongzhi", "health", codes=(0, 2)) == "", "well again", timeout_s=30
    )


def test_it_stops_when_told(image: str) -> None:
    with founded(image) as data, node(image, data) as name:
        run("docker", "exec", name, "gongzhi", "status", "--wait", "60")
        begun = time.monotonic()
        run("docker", "stop", "--time", "30", name)
        assert time.monotonic() - begun < 25
        assert inspect("container", name)["State"]["ExitCode"] == 0
        last = run("sh", "-c", f"docker logs --tail 1 {name} 2>&1")
        assert json.loads(last)["event"] == "stopped"


def test_an_old_sqlite_does_not_build(image: str) -> None:
    check = next(
        line for line in (Path(__file__).parents[2] / "deploy/compose/Dockerfile").read_text().splitlines()
        if "sqlite_version_info" in line
    )  # fmt: skip
    module = "$(python3 -c 'import pysqlite3; print(pysqlite3.__file__)')"
    old = f"RUN printf 'sqlite_version_info = (3, 51, 2)\\n' >> {module}"
    with pytest.raises(AssertionError, match="3, 51, 2"), derived(image, "USER 0", old, check):
        pass


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
