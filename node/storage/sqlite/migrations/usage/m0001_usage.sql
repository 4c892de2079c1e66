-- One row a question, or a batch of a roster.
CREATE TABLE usage (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,            -- of the caller: officer | adapter | platform
    name TEXT NOT NULL,
    rpc TEXT NOT NULL,
    purpose TEXT NOT NULL,
    legal_basis TEXT NOT NULL,
    questions INTEGER NOT NULL,
    -- What was asked about: subject or record id, of a search the SHA-256 of its text, of a batch of a roster
    -- the first 8 bytes of the SHA-256 of each subject, in order.
    subject BLOB NOT NULL,
    cities TEXT NOT NULL,          -- whose records answered, comma-separated
    result TEXT NOT NULL           -- a result, a number of records, or the reason of a refusal
);
