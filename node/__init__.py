"""A city's node: its log of signed records, and what it has verified of its peers."""
