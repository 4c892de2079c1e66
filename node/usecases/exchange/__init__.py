"""Exchange with peers: share, pull, compare, witness, freeze, and put a policy in force."""
