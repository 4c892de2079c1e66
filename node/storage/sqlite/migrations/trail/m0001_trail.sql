-- One row an act.
CREATE TABLE act (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    place TEXT NOT NULL,
    what TEXT NOT NULL,
    about TEXT NOT NULL,
    result TEXT NOT NULL,
    link BLOB NOT NULL             -- SHA-256 of the link before and of this row
);
CREATE TRIGGER act_no_update BEFORE UPDATE ON act
    BEGIN SELECT RAISE(ABORT, 'the trail is only added to'); END;
CREATE TRIGGER act_no_delete BEFORE DELETE ON act
    BEGIN SELECT RAISE(ABORT, 'the trail is only added to'); END;
