-- Origins, runs of records, tiles, subjects, idempotency keys.
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
-- Neighbouring records of one log, at most 32, with one common header and one set of disclosed facets (`runs.py`).
CREATE TABLE run (
    first INTEGER PRIMARY KEY,     -- position of its first record
    standard TEXT NOT NULL DEFAULT '',
    hashes BLOB NOT NULL,          -- leaf hashes, 32 bytes each, end to end
    content BLOB                   -- NULL: withheld whole or destroyed
);
CREATE TABLE tile (
    origin INTEGER NOT NULL, height INTEGER NOT NULL, number INTEGER NOT NULL, nodes BLOB NOT NULL,
    PRIMARY KEY (origin, height, number)
) WITHOUT ROWID;
-- The subject index. What is new stands in a small table, which is merged into the large one now and then (`rows.py`).
CREATE TABLE subject_settled (
    digest INTEGER NOT NULL,       -- 62 bits of the subject's SHA-256, 2 of the kind of record
    position INTEGER NOT NULL,
    PRIMARY KEY (digest, position)
) WITHOUT ROWID;
CREATE TABLE subject_fresh (
    digest INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (digest, position)
) WITHOUT ROWID;
CREATE VIEW subject AS
    SELECT digest, position FROM subject_settled UNION ALL SELECT digest, position FROM subject_fresh;
CREATE TABLE idempotency (
    key BLOB PRIMARY KEY,          -- SHA-256 of standard, source and the row's key, 16 bytes
    content BLOB NOT NULL,         -- SHA-256 of the row's body, 16 bytes
    as_of_ms INTEGER NOT NULL,
    leaf_index INTEGER NOT NULL,
    replaced BLOB NOT NULL DEFAULT x'',    -- what the row said before at that moment: sent again, it changes nothing
    sum INTEGER NOT NULL           -- over the row: nothing else tells that a bit of its key fell over
) WITHOUT ROWID;
CREATE INDEX idempotency_leaf_index ON idempotency (leaf_index);
-- What happened to a stored record: destruction records (Decree 809 Art 29), and the feed of the search index.
CREATE TABLE change (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,            -- superseded | retracted | narrowed | widened | forgotten
    by_position INTEGER,           -- of what superseded or retracted it
    at_ms INTEGER NOT NULL
);
CREATE INDEX change_position ON change (position);
