"""The node's databases and key files."""
