"""The Makefile takes relative paths from the folder of the shell that called it."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def folder_of_the_demo(*options: str, cwd: Path, pwd: Path | None) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PWD"}
    if pwd is not None:
        environment["PWD"] = str(pwd)
    # -n prints the command; -o: as if the environment were there.
    command = ["make", "-n", "-o", ".venv/.installed", *options, "demo", "DATA=some folder"]
    printed = subprocess.run(command, check=True, cwd=cwd, env=environment, capture_output=True, text=True).stdout
    assert '--data "some folder"' in printed
    [folder] = re.findall(r'^cd "(.*?)" ', printed, re.MULTILINE)
    return str(folder)


@pytest.mark.parametrize("options", [(), ("-s",), ("--no-print-directory",)], ids=" ".join)
def test_make_in_another_folder_takes_paths_from_the_callers(options: tuple[str, ...], tmp_path: Path) -> None:
    assert folder_of_the_demo(*options, "-C", str(ROOT), cwd=tmp_path, pwd=tmp_path) == str(tmp_path)


def test_make_in_its_own_folder_takes_paths_from_there() -> None:
    assert folder_of_the_demo(cwd=ROOT, pwd=ROOT) == str(ROOT)
    assert folder_of_the_demo(cwd=ROOT, pwd=None) == str(ROOT)
