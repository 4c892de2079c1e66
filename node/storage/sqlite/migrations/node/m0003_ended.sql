-- Marks of listings that had ended (`ended.py`).
CREATE TABLE ended (mark BLOB PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE ended_key (key BLOB NOT NULL);
INSERT INTO ended_key (key) VALUES (randomblob(32));
