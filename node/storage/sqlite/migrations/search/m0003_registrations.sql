-- What questions about operators are answered from, by position (`kept.py`); no row for what was superseded or
-- retracted. The last leaf that was followed tells another log from this one. The log is followed anew.
CREATE TABLE registration (
    position INTEGER PRIMARY KEY,
    subjects TEXT NOT NULL,        -- a line each
    version INTEGER NOT NULL,      -- of its standard; 0: nobody can read it
    as_of_ms INTEGER NOT NULL,
    issued_at_ms INTEGER NOT NULL,
    valid_until_ms INTEGER NOT NULL,
    disclosed INTEGER NOT NULL,    -- a bit for each disclosed facet
    public BLOB NOT NULL,          -- bodies of the public facets, end to end
    others BLOB NOT NULL
);
INSERT INTO pair (pair) VALUES ('delete-all');
DELETE FROM name;
DELETE FROM unreadable;
DROP TABLE followed;
CREATE TABLE followed (origin INTEGER PRIMARY KEY, size INTEGER NOT NULL, leaf_hash BLOB NOT NULL);
DROP TABLE followed_change;
CREATE TABLE followed_change (number INTEGER NOT NULL, position INTEGER, at_ms INTEGER);
INSERT INTO followed_change (number) VALUES (0);
