"""The city's own lists of operators: their life cycle, and screening a roster against all lists."""
