"""Where a node keeps its data: SQLite databases behind one room, `sqlite`."""
