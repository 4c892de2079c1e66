"""What can refuse an act before it is recorded. Begin at `table.py`: every rule, its law and its function, in order."""
