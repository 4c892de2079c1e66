"""What is looked at to tell whether a node is well: one list, for doctor, status, metrics and alert rules."""
