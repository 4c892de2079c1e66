"""The policies that were in force: a revision compares a peer's earlier grant with its new one."""

from node.storage.sqlite.schema import Connection


def write_policy(connection: Connection, text: str, at_ms: int) -> None:
    """Remembers the text of a policy that comes into force."""
    connection.execute("INSERT INTO policy (text, at_ms) VALUES (?, ?)", (text, at_ms))


def read_policies(connection: Connection, limit: int) -> list[str]:
    """The texts of the policies last in force, newest first."""
    rows = connection.execute("SELECT text FROM policy ORDER BY number DESC LIMIT ?", (limit,))
    return [text for (text,) in rows]
