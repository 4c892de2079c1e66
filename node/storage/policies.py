"""The policies that were in force and the grants they gave: a revision compares a peer's old grant with its new."""

from collections.abc import Sequence

from node.storage.schema import Connection


def write_policy(connection: Connection, text: str, grants: Sequence[tuple[str, str, str]], at_ms: int) -> None:
    """Remembers a policy's text and its grants (peer, purpose, digest)."""
    number = connection.execute("INSERT INTO policy (text, at_ms) VALUES (?, ?)", (text, at_ms)).lastrowid
    connection.executemany(
        "INSERT OR REPLACE INTO policy_grant (peer, purpose, digest, policy) VALUES (?, ?, ?, ?)",
        [(*grant, number) for grant in grants],
    )


def read_policy_under(connection: Connection, peer: str, purpose: str, digest: str) -> str | None:
    """The text of the newest policy that gave this grant, or None."""
    row = connection.execute(
        "SELECT text FROM policy JOIN policy_grant ON policy.number = policy_grant.policy"
        " WHERE peer = ? AND purpose = ? AND digest = ?",
        (peer, purpose, digest),
    ).fetchone()
    return row[0] if row else None


def read_newest(connection: Connection) -> str | None:
    """The text of the policy last in force."""
    row = connection.execute("SELECT text FROM policy ORDER BY number DESC LIMIT 1").fetchone()
    return row[0] if row else None
