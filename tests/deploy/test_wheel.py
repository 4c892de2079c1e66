"""The wheel in an environment of its own, away from this tree: programs and every file they need."""

import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node.demo.inputs import write_input
from tests.kit.containers.docker import run
from tests.kit.nodes.ports import five_ports

ROOT = Path(__file__).parents[2]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; of this tree's it sees the libraries, but not its link to the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir", "--wheel-dir", folder, ROOT)
    [wheel] = folder.glob("gongzhi-*.whl")
    made = folder / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", made)
    run(*PIP, "--python", made / "bin/python", "install", "--no-index", "--no-deps", wheel)
    # Links (.pth) in a folder that a link names are not followed.
    (site(made) / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")
    return made


def site(environment: Path) -> Path:
    [found] = environment.glob("lib/python3*/site-packages")
    return found


def test_it_holds_every_file_of_the_program(environment: Path) -> None:
    tracked = run("git", "-C", ROOT, "ls-files", "node", "adapters", "policies").splitlines()
    assert len(tracked) > 300
    places = [name.replace("policies/", "node/policies/", 1) for name in tracked]
    assert [name for name in places if not (site(environment) / name).is_file()] == []
    assert not (site(environment) / "tests").exists()


@contextmanager
def running(program: Path, folder: Path) -> Iterator[None]:
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([program, "run", "--node", "node"], cwd=folder, stderr=log) as node,
    ):
        try:
            yield
        finally:
            node.terminate()


def test_a_node_runs_and_takes_in_rows(environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    gongzhi, adapter = environment / "bin/gongzhi", environment / "bin/gongzhi-adapter"
    from_where = run(environment / "bin/python", "-c", "import adapters, node; print(adapters.__file__, node.__file__)")
    assert from_where.count(str(environment)) == 2
    run(gongzhi, "init", "--city", "changsha", "--dir", "node", "--port", str(five_ports()))
    write_input(tmp_path / "operators.csv", "changsha", 20)
    with running(gongzhi, tmp_path):
        run(gongzhi, "status", "--wait", "60", "--node", "node")
        run(gongzhi, "client", "add", "registry", "--kind", "adapter", "--out", "registry", "--node", "node")
        run(adapter, "load", "operators.csv", "--mapping", "registry", "--identity", "registry")
        assert "20 records" in run(gongzhi, "status", "--node", "node")


def test_a_city_can_do_without_the_demonstrations(environment: Path, tmp_path: Path) -> None:
    demonstrations = site(environment) / "node/demo"
    aside = demonstrations.rename(tmp_path / "demo")
    try:
        listed = run(environment / "bin/gongzhi", "--help")
        assert "  doctor " in listed
        assert "  demo " not in listed
        assert "  story " not in listed
        every = "from node.cli.main import _COMMANDS, gongzhi; [gongzhi.get_command(None, name) for name in _COMMANDS]"
        run(environment / "bin/python", "-c", every)
        run(environment / "bin/gongzhi-adapter", "load", "--help")
    finally:
        aside.rename(demonstrations)
