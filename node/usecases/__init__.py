"""What a node does, a verb a file."""
