-- Acts that wait for an approver (`drafts.py`).
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
CREATE INDEX draft_open ON draft (number) WHERE closed_by = '';
