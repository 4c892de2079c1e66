"""Casework: officers and platforms act in cases; the state of a case is computed from the logs of its parties."""
