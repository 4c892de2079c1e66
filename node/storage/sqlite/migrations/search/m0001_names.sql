-- Names, their pairs, and how far the log was followed.
CREATE TABLE name (position INTEGER PRIMARY KEY, folded TEXT NOT NULL);
CREATE VIRTUAL TABLE pair USING fts5 (text, content = '', tokenize = 'unicode61 remove_diacritics 0');
INSERT INTO pair (pair, rank) VALUES ('secure-delete', 1);
CREATE TABLE followed (origin INTEGER PRIMARY KEY, size INTEGER NOT NULL);
CREATE TABLE followed_change (number INTEGER NOT NULL);
INSERT INTO followed_change VALUES (0);
