"""A Debian machine in a container: systemd is its first process, an administrator with sudo works on it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tests.kit.containers.docker import TIMEOUT_S, run
from tests.kit.waiting import eventually

MACHINE = "gongzhi-machine:bookworm"
"""What `make machine` builds."""
HOME = "/home/admin"
# All that systemd and the confinement of its services need; not the one that some engines do not have to give.
_RIGHTS = ("--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--security-opt", "seccomp=unconfined",
           "--security-opt", "apparmor=unconfined", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw",
           "--tmpfs", "/run", "--tmpfs", "/tmp:exec,mode=1777")  # fmt: skip


class Machine:
    """One such machine; `typed` holds all that was ever printed on it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.typed = ""

    def root(self, script: str, codes: tuple[int, ...] = (0,)) -> str:
        """Runs a script as root; returns what it printed."""
        return run("docker", "exec", self.name, "bash", "-c", script, codes=codes)

    def paste(self, block: str, answer: str = "") -> str:
        """What an administrator sees who pastes a block of a guide into a terminal, and then answers what he is asked.

        Raises:
            AssertionError: A command failed, or a frame of Python's stack was shown.
        """
        command = ["docker", "exec", "--interactive", "--user", "admin", "--workdir", HOME, self.name, "bash", "-es"]
        done = subprocess.run(
            command, input=block + answer, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
        shown = done.stdout + done.stderr
        self.typed += shown
        assert done.returncode == 0, f"{block}\n{shown}"
        assert "Traceback" not in shown, f"{block}\n{shown}"
        return done.stdout

    def receive(self, file: Path, name: str | None = None) -> None:
        """Puts a file into the administrator's home."""
        place = f"{HOME}/{name or file.name}"
        run("docker", "cp", file, f"{self.name}:{place}")
        self.root(f"chown admin: {place}")

    def hand_out(self, name: str, to: Path) -> Path:
        """Takes a file out of the administrator's home."""
        run("docker", "cp", f"{self.name}:{HOME}/{name}", to)
        return to


@contextmanager
def machine(network: str = "none", hostname: str = "machine") -> Iterator[Machine]:
    """A machine that has booted; it is ended afterwards."""
    name = f"gongzhi-test-{uuid4().hex[:12]}"
    where = ("--network", network, "--hostname", hostname)
    run("docker", "run", "--detach", "--name", name, *_RIGHTS, *where, MACHINE, "/sbin/init")
    made = Machine(name)
    try:
        states = ("running", "degraded")
        eventually(
            lambda: made.root("systemctl is-system-running || true").strip() in states, "systemd is up", timeout_s=60
        )
        made.root(f"useradd --create-home --home-dir {HOME} --shell /bin/bash admin; chmod 700 {HOME}")
        made.root(f"echo 127.0.1.1 {hostname} >> /etc/hosts")
        made.root("echo 'admin ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/admin")
        yield made
    finally:
        run("docker", "rm", "--force", "--volumes", name)
