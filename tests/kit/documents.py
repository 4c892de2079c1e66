"""README and the guides: which there are, and their blocks and commands."""

import re
import shlex
from pathlib import Path

import click

from adapters.cli import main as gongzhi_adapter
from node.cli.main import gongzhi

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "tests/README.md"]
PROGRAMS: dict[str, click.Command] = {"gongzhi": gongzhi, "gongzhi-adapter": gongzhi_adapter}
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def pasted(document: Path, *headings: str) -> list[str]:
    """The blocks of a guide that are to be pasted into a terminal, those below headings that begin so, in order."""
    sections = re.split(r"(?m)^## ", document.read_text("utf-8"))
    chosen = [each for name in headings for each in sections if each.startswith(name)]
    assert len(chosen) == len(headings)
    return [block for section in chosen for block in re.findall(r"(?ms)^```bash\n(.*?)^```", section)]


def is_command(text: str) -> bool:
    return text.removeprefix("sudo ").split(" ", maxsplit=1)[0] in {*PROGRAMS, "make"}


def commands_of(block: str) -> list[str]:
    """The commands of a block, each whole: a line that ends with a backslash goes on in the next."""
    return [line for line in re.sub(r"\\\n\s*", "", block).splitlines() if is_command(line)]


def words_of(line: str) -> list[str]:
    """The words of one program, without redirection, comment, or what a table says of it after two blanks."""
    words = shlex.split(re.split(r"\s{2,}", line.removeprefix("sudo "))[0], comments=True)
    ends = [place for place, word in enumerate(words) if word in {">", "2>", "|", "&", "&&", ";"}]
    return words[: min(ends, default=len(words))]
