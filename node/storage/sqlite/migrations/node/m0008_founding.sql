-- Which log this is: one row, written when it is founded (`founding.py`).
CREATE TABLE founding (id TEXT NOT NULL);
