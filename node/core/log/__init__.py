"""The signed log: records, their tree, checkpoints, and what makes a peer's log one to trust."""
