-- How far the clock of each peer was ahead when it was last asked (`links.py`).
CREATE TABLE peer_clock (city TEXT PRIMARY KEY, ahead_ms INTEGER NOT NULL) WITHOUT ROWID;
