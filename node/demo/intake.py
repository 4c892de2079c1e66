"""Takes a city's file in through `gongzhi-adapter`, as the city's own officer would."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from node.demo.failure import DemoError
from node.demo.nodes import Node
from node.demo.programs import Program
from node.messages import _

# Of gongzhi-adapter: all rows are in; some rows are rejected and reported.
_DONE = (0, 3)


class Load:
    """One run of the adapter."""

    def __init__(self, node: Node, file: Path, name: str) -> None:
        self.city = node.city
        self._node = node
        self.rejects = node.folder / f"{name}.rejects.csv"
        self._file = file
        to = ("--mapping", "registry", "--identity", node.folder / "officer")
        arguments = ("load", *to, "--rejects", self.rejects, "--json", "--", file)
        self._program = Program("gongzhi-adapter", arguments, node.folder / f"{name}.log")

    @property
    def is_done(self) -> bool:
        """Whether it came to its end.

        Raises:
            DemoError: It failed; of a node that ended, that it did.
        """
        code = self._program.exit_code
        if code is not None and code not in _DONE:
            self._node.check_running()
            raise DemoError(
                _(
                    "{city}: {name} could not be loaded:\n{last_lines}",
                    city=self.city,
                    name=self._file.name,
                    last_lines=self._program.last_lines(),
                )
            )
        return code is not None

    @property
    def rejected(self) -> int:
        """Rows not fit to be taken in, once done."""
        return int(json.loads(self._program.output.read_text("utf-8"))["rejected"])

    @property
    def output(self) -> str:
        """All it said so far of how far it got."""
        return self._program.log.read_text("utf-8", errors="replace")

    def stop(self) -> None:
        """Ends it if it has not ended."""
        self._program.ask_to_stop()
        self._program.wait()


@contextmanager
def loading(nodes: Sequence[Node], files: Mapping[str, Path], name: str = "load") -> Iterator[list[Load]]:
    """One load for each node, all at once; none is left behind."""
    loads: list[Load] = []
    try:
        loads.extend(Load(node, files[node.city], name) for node in nodes)
        yield loads
    finally:
        for load in loads:
            load.stop()
