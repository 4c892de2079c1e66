"""The Debian package, installed and used as the Chinese guides say, block by block, on machines with systemd."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest

from node.demo.inputs import write_input
from node.testing.containers import missing_engine
from tests.kit.containers.docker import run
from tests.kit.containers.image import DIGEST, digest_of_tree
from tests.kit.containers.machine import MACHINE, Machine, machine
from tests.kit.documents import pasted
from tests.kit.waiting import eventually

ROOT = Path(__file__).parents[2]
FIRST_HOUR = ROOT / "README.zh.md"
GUIDE = ROOT / "docs/zh/deploy.md"
SETTINGS, DATA = "/etc/gongzhi/changsha", "/var/lib/gongzhi/changsha"
UNIT = "gongzhi@changsha"
# As systemd-analyze counts, of 100: sockets, the host's network and its clock are what a node needs.
EXPOSURE = 12
ANSWERED = {"federation add": "y\n", "apt remove": "y\n"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make deb` built, of the program beside this test."""
    built = sorted((ROOT / "dist").glob("gongzhi_*.deb"))
    why = missing_engine(MACHINE).replace("make image", "make machine") or (
        why_stale(built[-1], tmp_path_factory.mktemp("built")) if built else "there is no package: make deb"
    )
    if why:
        if os.environ.get("GONGZHI_ENGINE") == "required":
            pytest.fail(why)
        pytest.skip(f"the tests on containers: {why}")
    return built[-1]


def why_stale(package: Path, folder: Path) -> str:
    run("dpkg-deb", "--extract", package, folder)
    inside = run(
        sys.executable, "-P", "-c", DIGEST, PYTHONPATH=str(folder / "usr/lib/gongzhi/lib/python3.11/site-packages")
    )
    return "" if inside == digest_of_tree() else f"{package.name} is of another state of node/: make deb"


@pytest.fixture(scope="module")
def newer(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same program as the next version."""
    folder = tmp_path_factory.mktemp("newer")
    run("dpkg-deb", "--raw-extract", package, folder / "root")
    for place in ("DEBIAN/control", "usr/lib/gongzhi/lib/python3.11/site-packages/gongzhi-*.dist-info/METADATA"):
        [file] = (folder / "root").glob(place)
        file.write_text(re.sub(r"(?m)^Version: .*$", "Version: 0.3.0", file.read_text("utf-8")), "utf-8")
    made = folder / "gongzhi_0.3.0_amd64.deb"
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", folder / "root", made)
    return made


def play(at: Machine, guide: Path, *headings: str, names: tuple[tuple[str, str], ...] = ()) -> str:
    """Pastes every block below these headings, in order; returns what was shown."""
    shown = ""
    for block in pasted(guide, *headings):
        for old, new in names:
            block = block.replace(old, new)  # noqa: PLW2901 - as its reader does
        shown += at.paste(block, next((text for start, text in ANSWERED.items() if start in block), ""))
    return shown


@pytest.fixture(scope="module")
def tried(package: Path) -> Iterator[Machine]:
    """A machine on which somebody has followed the README to its end, but did not switch the nodes off."""
    with machine() as trial:
        trial.receive(package)
        *blocks, off = pasted(FIRST_HOUR, "第一小时")
        assert "disable" in off
        for block in blocks:
            trial.paste(block)
        yield trial


def test_by_the_chinese_readme_alone_two_cities_exchange(tried: Machine) -> None:
    assert re.search(r"accepted +2\b", tried.typed)
    assert re.search(r"match .*wuhan +wuhan-\d", tried.typed)
    asked = "sudo gongzhi operator verify 91420116TXT1RRPQ83 --name 武汉某某食品有限公司 --node /etc/gongzhi/changsha"
    assert re.search("mismatch +name", tried.paste(f"{asked} || [ $? = 1 ]\n"))


def test_the_unit_is_sound_and_hardened(tried: Machine) -> None:
    assert tried.root(f"systemd-analyze verify --man=no {UNIT}.service 2>&1") == ""
    tried.root(f"systemd-analyze security --threshold={EXPOSURE} {UNIT}.service")
    pid = tried.root(f"systemctl show --property MainPID --value {UNIT}").strip()
    status = tried.root(f"cat /proc/{pid}/status")
    user = tried.root("id --user gongzhi").strip()
    for line in (
        rf"Uid:\t{user}\t{user}\t{user}\t{user}",
        "CapEff:\t0+",
        "CapBnd:\t0+",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
    ):
        assert re.search(f"^{line}$", status, re.MULTILINE), line
    mounts = tried.root(f"cat /proc/{pid}/mountinfo")
    writable = {words[4] for words in map(str.split, mounts.splitlines()) if words[5].startswith("rw")}
    assert DATA in writable
    assert not [path for path in writable if path == "/" or path.startswith(("/etc", "/usr", "/home", SETTINGS))]


def test_keys_and_data_are_the_services_alone(tried: Machine) -> None:
    found = tried.root(
        f"find {SETTINGS} {DATA} -not -user gongzhi -o -perm /077 -not -name '*.yaml' -not -name '*.crt'"
    )
    assert found == ""
    assert tried.root(f"stat -c %a {SETTINGS}/keys/log.key {SETTINGS}/keys/tls.pem {SETTINGS} {DATA}").split() == [
        "600", "600", "700", "700",
    ]  # fmt: skip


def test_who_may_not_is_told_in_a_line(tried: Machine) -> None:
    for words, told in {
        f"gongzhi status --node {SETTINGS}": "sudo",
        "gongzhi init --city changsha --dir /etc/gongzhi/hefei": "sudo",
        f"sudo gongzhi run --node {SETTINGS}": f"systemctl start {UNIT}",
        f"sudo gongzhi init --city changsha --dir {SETTINGS}": "this folder already is a node",
        "sudo gongzhi status": f"--node {SETTINGS}, --node /etc/gongzhi/wuhan",
    }.items():
        shown = tried.paste(f"{words} 2>&1 || [ $? = 2 ]\n")
        assert told in shown, (words, shown)
        assert len(shown.splitlines()) <= 2, shown


def test_it_comes_again_when_it_dies_and_not_when_it_cannot_start(tried: Machine) -> None:
    tried.root(f"systemctl kill --signal KILL {UNIT}")
    eventually(
        lambda: tried.root(f"systemctl show --property NRestarts --value {UNIT}").strip() == "1",
        "restarted",
        timeout_s=120,
    )
    tried.paste(f"sudo gongzhi status --wait 60 --node {SETTINGS}\n")
    tried.root("systemctl start gongzhi@nowhere")
    state = "systemctl show --property ActiveState,NRestarts,ExecMainStatus gongzhi@nowhere"
    eventually(lambda: "ActiveState=failed" in tried.root(state), "it has failed", timeout_s=30)
    assert set(tried.root(state).split()) == {"ActiveState=failed", "NRestarts=0", "ExecMainStatus=2"}
    assert "no node here" in tried.root("journalctl -u gongzhi@nowhere -o cat --no-pager")


def test_manual_and_completions_are_there(tried: Machine) -> None:
    pages = tried.root("ls /usr/share/man/man1/").split()
    assert {"gongzhi.1.gz", "gongzhi-adapter.1.gz", "gongzhi-operator.1.gz"} <= set(pages)
    completed = tried.root(
        "source /usr/share/bash-completion/completions/gongzhi; COMP_WORDS=(gongzhi fed); COMP_CWORD=1;"
        "_gongzhi_completion gongzhi; echo ${COMPREPLY[@]}"
    )
    assert completed.split() == ["federation"]
    assert "#compdef gongzhi" in tried.root("cat /usr/share/zsh/vendor-completions/_gongzhi")


@contextmanager
def network() -> Iterator[str]:
    """A network of its own for machines that find each other by name."""
    name = f"gongzhi-test-{uuid4().hex[:12]}"
    run("docker", "network", "create", "--internal", name)
    try:
        yield name
    finally:
        run("docker", "network", "rm", name)


def test_by_the_guide_two_machines_exchange_are_restored_and_upgraded(
    package: Path, newer: Path, tmp_path: Path
) -> None:
    other = (("wuhan", "\0"), ("changsha", "wuhan"), ("\0", "changsha"))
    with (
        network() as shared,
        machine(shared, "node.changsha.example") as here,
        machine(shared, "node.wuhan.example") as there,
    ):
        for at, names in ((here, ()), (there, other)):
            run("docker", "network", "disconnect", shared, at.name)
            city = "changsha" if at is here else "wuhan"
            run("docker", "network", "connect", "--alias", f"node.{city}.example", shared, at.name)
            at.receive(package)
            at.receive(newer)
            play(at, GUIDE, "安装与建立节点", "密钥口令", names=names)
            at.paste("sudo gongzhi federation card > own.card.yaml\n")
        there.receive(here.hand_out("own.card.yaml", tmp_path / "changsha.yaml"), "changsha.card.yaml")
        here.receive(there.hand_out("own.card.yaml", tmp_path / "wuhan.yaml"), "wuhan.card.yaml")
        there.paste("sudo gongzhi federation add changsha.card.yaml --yes\n")
        here.paste("sudo gongzhi client add registry --kind adapter --out registry-identity\n")
        assert "2 members, all correct" in play(here, GUIDE, "与其他城市互联")
        write_input(tmp_path / "operators.csv", "changsha", 20)
        here.receive(tmp_path / "operators.csv")
        here.paste("gongzhi-adapter load operators.csv --mapping registry --identity registry-identity\n")
        play(here, GUIDE, "校时", "日志", "备份", "恢复")
        assert "ALERT restored" in here.paste("sudo gongzhi status --wait 60 || [ $? = 3 ]\n")
        here.paste("sudo systemctl stop gongzhi@changsha; sudo gongzhi restore --confirm 20\n")
        here.paste("sudo systemctl start gongzhi@changsha; sudo gongzhi status --wait 60\n")
        log = here.paste("sudo gongzhi audit\n")
        play(here, GUIDE, "升级")
        assert "0.3.0" in here.paste("gongzhi --version\n")
        play(here, GUIDE, "回退")
        assert "0.2.0" in here.paste("gongzhi --version\n")
        assert here.paste("sudo gongzhi audit\n") == log
        play(here, GUIDE, "卸载")
        assert "kept" in here.root("apt-get purge -y gongzhi 2>&1")
        assert here.root(f"ls {SETTINGS}/keys/log.key {DATA}/node.db").split() == [
            f"{SETTINGS}/keys/log.key", f"{DATA}/node.db",
        ]  # fmt: skip


def test_it_holds_every_file_of_the_program(package: Path) -> None:
    listed = run("bash", "-c", f"dpkg-deb --fsys-tarfile {package} | tar --list")
    site = "./usr/lib/gongzhi/lib/python3.11/site-packages/"
    held = {name.removeprefix(site) for name in listed.splitlines() if name.startswith(site)}
    tracked = run("git", "-C", ROOT, "ls-files", "node", "adapters", "policies").splitlines()
    assert len(tracked) > 300
    assert {name.replace("policies/", "node/policies/", 1) for name in tracked} <= held
    assert not [name for name in held if name.startswith(("pip/", "hatchling/", "tests/")) or "direct_url.json" in name]


def test_two_builds_are_the_same_bytes(package: Path, tmp_path: Path) -> None:
    run(ROOT / "deploy/deb/build", tmp_path, SOURCE_DATE_EPOCH=f"{time_of(package)}")
    assert (tmp_path / package.name).read_bytes() == package.read_bytes()


def time_of(package: Path) -> int:
    """The time of the commit it was built from, which every file in it has."""
    packed = run("bash", "-c", f"dpkg-deb --ctrl-tarfile {package} | tar --list --verbose --utc --full-time ./control")
    return int(datetime.fromisoformat(" ".join(packed.split()[3:5]) + "+00:00").timestamp())
