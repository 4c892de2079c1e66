"""Records of the own log and of replicas: take in, retract, verify, search, prove, and account for every question."""
