"""Programs that bring a source's rows to a node through its intake API only."""
