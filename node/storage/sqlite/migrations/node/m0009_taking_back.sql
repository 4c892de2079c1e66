-- What each client handed in (`loads.py`), and own acts that a forgotten log makes misread (`forget.py`).
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
CREATE TABLE misread (position INTEGER PRIMARY KEY);
