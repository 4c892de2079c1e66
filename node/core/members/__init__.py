"""Who takes part: cities and their keys, programs, officers and platforms."""
