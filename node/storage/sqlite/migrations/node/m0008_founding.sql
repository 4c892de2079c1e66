-- Which log this is: one row, written when it is founded (`founded.py`).
CREATE TABLE founding (id TEXT NOT NULL);
