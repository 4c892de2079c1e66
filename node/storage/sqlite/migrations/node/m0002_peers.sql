-- Back-off, circuit and incidents of each peer; the policies that were in force.
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
