"""A hostile city in memory, in the spirit of python-tuf's repository simulator: a real log behind a lying peer port."""
