"""Upkeep of a node: checks, audit, backup, restore, members that leave."""
