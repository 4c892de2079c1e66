"""Data standards: messages, code lists, identifiers, and what is wrong with a value."""
