"""Tests on real parts: bytes, files, databases, processes, TLS."""
