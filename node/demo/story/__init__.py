"""One matter through six cities, from a consumer's complaint to a warning withdrawn."""
