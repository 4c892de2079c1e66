"""The databases of one node, in SQLite."""
