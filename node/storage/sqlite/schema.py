"""The tables of `node.db`, as numbered migrations (sqlite-utils); opening and checking connections.

A record's *position* is `origin number << 40 | leaf index`: records of one city lie together, in log order,
and a record id leads to its row without an index. Origin 0 is the node's own log.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.row_sum import row_sum

if TYPE_CHECKING:
    import sqlite3 as sqlite
else:
    from pysqlite3 import dbapi2 as sqlite

# WAL with two connections can corrupt a database before this version (sqlite.org/wal.html, WAL-reset bug).
MIN_SQLITE = (3, 51, 3)
PAGE_CACHE_KIB = 64 * 1024

Connection = sqlite.Connection
Error = sqlite.Error
migrations = Migrations("node")


@migrations()
def m0001_log(db: Database) -> None:
    """Origins, records, tiles, subjects, idempotency keys."""
    execute_all(
        db,
        """
        CREATE TABLE origin (
            number INTEGER PRIMARY KEY,
            city TEXT NOT NULL UNIQUE,
            size INTEGER NOT NULL DEFAULT 0,
            root BLOB NOT NULL,
            checkpoint BLOB,               -- signed note, verbatim: the newest verified
            checkpoint_size INTEGER NOT NULL DEFAULT 0,
            confirmed_at_ms INTEGER NOT NULL DEFAULT 0,
            verified INTEGER NOT NULL DEFAULT 0,
            withheld INTEGER NOT NULL DEFAULT 0,
            held_grant TEXT NOT NULL DEFAULT '',
            wanted_grant TEXT NOT NULL DEFAULT '',
            revised INTEGER NOT NULL DEFAULT 0,    -- [revised, revise_upto) is still under held_grant
            revise_upto INTEGER NOT NULL DEFAULT 0,
            purpose TEXT NOT NULL DEFAULT ''
        );
        CREATE TABLE record (
            position INTEGER PRIMARY KEY,
            leaf_hash BLOB NOT NULL,
            view BLOB                      -- NULL: withheld whole or destroyed
        );
        CREATE TABLE tile (
            origin INTEGER NOT NULL, height INTEGER NOT NULL, number INTEGER NOT NULL, nodes BLOB NOT NULL,
            PRIMARY KEY (origin, height, number)
        ) WITHOUT ROWID;
        CREATE TABLE subject (
            digest INTEGER NOT NULL, position INTEGER NOT NULL,
            PRIMARY KEY (digest, position)
        ) WITHOUT ROWID;
        CREATE TABLE idempotency (
            key BLOB PRIMARY KEY,          -- SHA-256 of standard, source and the row's key, 16 bytes
            content BLOB NOT NULL,         -- SHA-256 of the row's body, 16 bytes
            as_of_ms INTEGER NOT NULL,
            leaf_index INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX idempotency_leaf_index ON idempotency (leaf_index);
        -- What happened to a stored view: destruction records (Decree 809 Art 29), and the feed of the search index.
        CREATE TABLE change (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            position INTEGER NOT NULL,
            kind TEXT NOT NULL,            -- superseded | retracted | narrowed | widened | forgotten
            by_position INTEGER,           -- of what superseded or retracted it
            at_ms INTEGER NOT NULL
        );
        CREATE INDEX change_position ON change (position);
    """,
    )


@migrations()
def m0002_peers(db: Database) -> None:
    """Back-off, circuit and incidents of each peer; the policies that were in force."""
    execute_all(
        db,
        """
        CREATE TABLE link (
            city TEXT PRIMARY KEY,
            failures INTEGER NOT NULL DEFAULT 0,
            next_attempt_at_ms INTEGER NOT NULL DEFAULT 0,
            frozen INTEGER NOT NULL DEFAULT 0,
            last_reason TEXT NOT NULL DEFAULT '',
            last_error TEXT NOT NULL DEFAULT ''
        );
        CREATE TABLE incident (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            city TEXT NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL, at_ms INTEGER NOT NULL,
            evidence BLOB NOT NULL
        );
        CREATE TABLE policy (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            text TEXT NOT NULL,
            at_ms INTEGER NOT NULL
        );
    """,
    )


@migrations()
def m0003_ended(db: Database) -> None:
    """Marks of listings that had ended (`ended.py`)."""
    execute_all(
        db,
        """
        CREATE TABLE ended (mark BLOB PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE ended_key (key BLOB NOT NULL);
        INSERT INTO ended_key (key) VALUES (randomblob(32))
    """,
    )


@migrations()
def m0004_drafts(db: Database) -> None:
    """Acts that wait for an approver (`drafts.py`)."""
    execute_all(
        db,
        """
        CREATE TABLE draft (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            workflow TEXT NOT NULL, case_id TEXT NOT NULL, act TEXT NOT NULL,
            body BLOB NOT NULL,            -- the standard's message; empty once the draft is closed
            also_to TEXT NOT NULL,
            maker TEXT NOT NULL,           -- account
            made_at_ms INTEGER NOT NULL,
            closed_by TEXT NOT NULL DEFAULT '',
            closed_at_ms INTEGER NOT NULL DEFAULT 0,
            record TEXT NOT NULL DEFAULT ''
        );
        CREATE INDEX draft_open ON draft (number) WHERE closed_by = ''
    """,
    )


@migrations()
def m0005_witness(db: Database) -> None:
    """Checkpoints that this node and others vouch for, and those it only heard of (`witness.py`)."""
    execute_all(
        db,
        """
        CREATE TABLE witnessed (       -- the largest checkpoint of each log that this node cosigned
            city TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE cosigned (        -- checkpoints that stand in the verified tree
            city TEXT NOT NULL, size INTEGER NOT NULL,
            note BLOB NOT NULL,        -- with the log's own signatures alone
            PRIMARY KEY (city, size)
        ) WITHOUT ROWID;
        CREATE TABLE cosignature (
            city TEXT NOT NULL, size INTEGER NOT NULL, witness TEXT NOT NULL,
            at_s INTEGER NOT NULL, line BLOB NOT NULL,
            PRIMARY KEY (city, size, witness)
        ) WITHOUT ROWID;
        CREATE TABLE heard (           -- signed checkpoints beyond the verified tree, the largest each peer told
            city TEXT NOT NULL, teller TEXT NOT NULL, size INTEGER NOT NULL, note BLOB NOT NULL,
            at_ms INTEGER NOT NULL,
            PRIMARY KEY (city, teller)
        ) WITHOUT ROWID
    """,
    )


@migrations()
def m0006_kept(db: Database) -> None:
    """What is left of destroyed evidence; the signed tree that all is here of; what a peer published again."""
    execute_all(
        db,
        """
        ALTER TABLE incident ADD COLUMN digest BLOB;           -- SHA-256 of evidence that was destroyed
        ALTER TABLE origin ADD COLUMN whole_size INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE origin ADD COLUMN whole_checkpoint BLOB;   -- the newest whose records are all here
        UPDATE origin SET whole_size = size, whole_checkpoint = checkpoint WHERE checkpoint_size = size;
        CREATE TABLE republished (position INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL)
    """,
    )


@migrations()
def m0007_replaced(db: Database) -> None:
    """What a row said before at the moment it was true: sent again, it changes nothing (`idempotency.py`)."""
    db.execute("ALTER TABLE idempotency ADD COLUMN replaced BLOB NOT NULL DEFAULT x''")


@migrations()
def m0008_founding(db: Database) -> None:
    """Which log this is: one row, written when it is founded (`founded.py`)."""
    db.execute("CREATE TABLE founding (id TEXT NOT NULL)")


@migrations()
def m0009_taking_back(db: Database) -> None:
    """What each client handed in (`loads.py`), and own acts that a forgotten log makes misread (`forget.py`)."""
    execute_all(
        db,
        """
        CREATE TABLE load (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            client TEXT NOT NULL, standard TEXT NOT NULL, source TEXT NOT NULL, file TEXT NOT NULL,
            begun_at_ms INTEGER NOT NULL,
            purpose TEXT NOT NULL DEFAULT '', legal_basis TEXT NOT NULL DEFAULT '',
            asked_by TEXT NOT NULL DEFAULT '', asked_at_ms INTEGER NOT NULL DEFAULT 0,
            approved_by TEXT NOT NULL DEFAULT '', approved_at_ms INTEGER NOT NULL DEFAULT 0
        );
        CREATE TABLE load_run (            -- records of a load that stand one after the other in the own log
            load INTEGER NOT NULL, first_index INTEGER NOT NULL, records INTEGER NOT NULL,
            PRIMARY KEY (load, first_index)
        ) WITHOUT ROWID;
        CREATE TABLE misread (position INTEGER PRIMARY KEY)
    """,
    )


@migrations()
def m0010_kinds(db: Database) -> None:
    """The index key of a subject says which kind of record it leads to (`rows.py`)."""
    execute_all(
        db,
        """
        CREATE TABLE subject_of_kind (
            digest INTEGER NOT NULL,       -- 62 bits of the subject's SHA-256, 2 of the kind of record
            position INTEGER NOT NULL,
            PRIMARY KEY (digest, position)
        ) WITHOUT ROWID;
        INSERT INTO subject_of_kind (digest, position)
            SELECT digest & ~3 | CASE
                WHEN instr(substr(view, 1, 96), CAST('operator.registration' AS BLOB)) THEN 1
                WHEN instr(substr(view, 1, 96), CAST('listing.serious' AS BLOB)) THEN 2
                WHEN instr(substr(view, 1, 96), CAST('listing.abnormal' AS BLOB)) THEN 2
                WHEN instr(substr(view, 1, 96), CAST('listing.platform' AS BLOB)) THEN 2
                ELSE 0 END, position
            FROM subject LEFT JOIN record USING (position) ORDER BY 1, 2;
        DROP TABLE subject;
        ALTER TABLE subject_of_kind RENAME TO subject
    """,
    )


@migrations()
def m0011_row_keys(db: Database) -> None:
    """A sum over each idempotency row: nothing else tells that a bit of a row's key fell over (`idempotency.py`)."""
    db.conn.create_function("row_sum", 5, row_sum, deterministic=True)
    execute_all(
        db,
        """
        ALTER TABLE idempotency ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
        UPDATE idempotency SET sum = row_sum(key, content, as_of_ms, leaf_index, replaced)
    """,
    )


@migrations()
def m0012_peer_clock(db: Database) -> None:
    """How far the clock of each peer was ahead when it was last asked (`links.py`)."""
    db.execute("CREATE TABLE peer_clock (city TEXT PRIMARY KEY, ahead_ms INTEGER NOT NULL) WITHOUT ROWID")


def execute_all(db: Database, statements: str) -> None:
    """Runs statements one by one: `executescript` would end the migration's transaction."""
    statement = ""
    for part in statements.split(";"):
        statement += part + ";"
        if sqlite.complete_statement(statement):  # else the semicolon stands in a comment
            db.execute(statement)
            statement = ""


def open_writer(path: Path) -> Connection:
    """Opens (creating, migrating) the one writing connection; fsyncs each commit (synchronous=FULL).

    Raises:
        NodeError: UNSUPPORTED_SQLITE or NEWER_DATA.
    """
    check_sqlite_version()
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = _connect(f"file:{path}?mode=rw")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")  # destroyed values leave no bytes behind
    connection.execute("PRAGMA wal_autocheckpoint=16000")
    migrate(connection, migrations)
    return connection


def migrate(connection: Connection, known: Migrations) -> None:
    """Brings a database to this version.

    Raises:
        NodeError: NEWER_DATA, a newer version has had it, whose tables this one would not keep true.
    """
    database = Database(connection)
    every = {each.name for each in known.pending(Database(memory=True))}
    later = {each.name for each in known.applied(database)} - every
    if later:
        connection.close()
        names = ", ".join(sorted(later))
        raise NodeError(
            Reason.NEWER_DATA,
            _(
                "{name}.db was written by a newer version ({names}): run that version, or restore a backup",
                name=known.name,
                names=names,
            ),
        )
    known.apply(database)


def is_migrated(path: Path) -> bool:
    """Whether the database has every table this version knows."""
    try:
        connection = open_reader(path)
    except Error:  # killed while it was being made: the writer that opens it next mends it
        return False
    try:
        return not migrations.pending(Database(connection))
    finally:
        connection.close()


def open_reader(path: Path) -> Connection:
    """Opens a read-only connection, for use by one thread at a time."""
    return _connect(f"file:{path}?mode=ro")


def check_sqlite_version() -> None:
    """Refuses an SQLite that may corrupt the database.

    Raises:
        NodeError: UNSUPPORTED_SQLITE.
    """
    if sqlite.sqlite_version_info < MIN_SQLITE:
        needed = ".".join(map(str, MIN_SQLITE))
        raise NodeError(
            Reason.UNSUPPORTED_SQLITE,
            _("SQLite {version} is older than {needed}", version=sqlite.sqlite_version, needed=needed),
        )


def _connect(uri: str) -> Connection:
    connection = sqlite.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute(f"PRAGMA cache_size=-{PAGE_CACHE_KIB}")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection
