"""Workflows as declared machines: what the law lets whom do next in a case, as data, and one engine that applies it."""
