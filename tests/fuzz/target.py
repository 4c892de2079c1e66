"""What a fuzz target is: a parser, and what must hold of everything it takes and everything it refuses."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from node.errors import MAX_MESSAGE_CHARS, NodeError, Reason

CORPUS = Path(__file__).parent / "corpus"
Run = Callable[[bytes], None]


class Target:
    """A parser that faces a peer, an adapter or a file."""

    def __init__(self, name: str, parse: Run, make: Callable[[], list[bytes]]) -> None:
        """Names a parser.

        Args:
            name: Also that of its folder in the corpus.
            parse: Raises a NodeError for what it refuses, and AssertionError where what it takes does not hold.
            make: Seeds that are made when they are needed, because they hold keys.
        """
        self.name = name
        self._parse = parse
        self._make = make

    @property
    def corpus(self) -> Path:
        """The folder of its seeds and of what once broke it."""
        return CORPUS / self.name

    def seeds(self) -> list[bytes]:
        """Every file of the corpus, and what is made."""
        files = sorted(self.corpus.iterdir()) if self.corpus.is_dir() else []
        return [*(path.read_bytes() for path in files), *self._make()]

    def run(self, data: bytes) -> bool:
        """Feeds the parser; returns whether it took the input.

        Raises:
            Exception: Anything but a refusal of the taxonomy is a bug.
        """
        try:
            self._parse(data)
        except NodeError as refusal:
            check_refusal(refusal)
            return False
        return True


def check_refusal(refusal: NodeError) -> None:
    """A refusal has a reason that says something, and a text that every terminal and every peer can take."""
    assert refusal.reason is not Reason.INTERNAL
    assert len(refusal.message) <= MAX_MESSAGE_CHARS + 4
    str(refusal).encode()


TARGETS: dict[str, Target] = {}


def target(make: Callable[[], list[bytes]] = list) -> Callable[[Run], Run]:
    """Enters a parser under its function's name."""

    def enter(parse: Run) -> Run:
        TARGETS[parse.__name__] = Target(parse.__name__, parse, make)
        return parse

    return enter


@contextmanager
def file_of(data: bytes, name: str = "input") -> Iterator[Path]:
    """A file that holds `data` and that nobody else may read."""
    with tempfile.TemporaryDirectory(prefix="gongzhi-fuzz-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        path.chmod(0o600)
        yield path
