-- Attachments, where they came from, their extraction records, and what was destroyed.
CREATE TABLE attachment (
    sha256 TEXT PRIMARY KEY,
    sm3 TEXT NOT NULL, size INTEGER NOT NULL, name TEXT NOT NULL, stored_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE extraction (
    sha256 TEXT NOT NULL, content BLOB NOT NULL,  -- node.evidence.v1.Extraction
    by TEXT NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (sha256, content)
) WITHOUT ROWID;
CREATE TABLE source (
    sha256 TEXT NOT NULL,
    record TEXT NOT NULL,          -- id of the peer's record it was fetched for, empty: handed in here
    by TEXT NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (sha256, record)
) WITHOUT ROWID;
-- Destruction records (Decree 809 Art 29).
CREATE TABLE destruction (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL, record TEXT NOT NULL, at_ms INTEGER NOT NULL
);
