"""Only node/storage sees a database: nobody else holds a connection, hands a store a job of its own, or says SQL.

That nobody else imports what opens a database import-linter holds (`pyproject.toml`).
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.kit.documents import ROOT

SQL = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT (OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM|PRAGMA \w|BEGIN IMMEDIATE|VACUUM)\b",
    re.DOTALL,
)


def _sights(source: str) -> Iterator[str]:
    for part in ast.walk(ast.parse(source)):
        match part:
            case ast.Attribute(attr="connection" | "execute" | "executemany" | "executescript" as name):
                yield name
            case ast.Lambda(args=ast.arguments(args=[ast.arg(arg="connection"), *_])):
                yield "a job"
            case ast.Attribute(attr="submit", value=of) if ast.unparse(of).endswith("store"):
                yield "submit"
            case ast.Constant(value=str(text)) if SQL.search(text):
                yield "SQL"


def test_nobody_but_the_storage_sees_a_database() -> None:
    seen = {}
    for top in ("node", "adapters"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if ROOT / "node/storage" not in path.parents and (sights := sorted(_sights(path.read_text("utf-8")))):
                seen[str(path.relative_to(ROOT))] = sights
    assert not seen


@pytest.mark.parametrize(
    ("source", "sights"),
    [
        ("read_heard(self._reader.connection, city)", ["connection"]),
        ("self._store.submit(lambda connection: add_fork(connection, city)).result()", ["a job", "submit"]),
        ("def job(connection: object) -> None:\n    connection.executemany(text, ())", ["executemany"]),
        ('ask("SELECT 1"\n    " FROM change")', ["SQL"]),
        ('run(f"INSERT OR IGNORE INTO {table}")', ["SQL"]),
        ("pool.submit(look); store.append(entries).result()", []),
        ('say("select one from the list")', []),
    ],
)
def test_a_sight_of_a_database_is_noticed(source: str, sights: list[str]) -> None:
    assert sorted(_sights(source)) == sights
