-- Checkpoints that this node and others vouch for, and those it only heard of (`witness.py`).
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
) WITHOUT ROWID;
