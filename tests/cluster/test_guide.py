"""The example in the guide runs as it stands there; the tests that the guide names are there."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/testing.md").read_text("utf-8")


def test_the_example_runs(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n# (\S+\.py).*?\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in blocks] == ["conftest.py", "test_platform.py"]
    for name, code in blocks:
        (tmp_path / name).write_text(code, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=240, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_each_test_of_a_fault_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", GUIDE))
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests/cluster").rglob("test_*.py"))
    assert named
    assert named - set(re.findall(r"def (test_\w+)", sources)) == set()
