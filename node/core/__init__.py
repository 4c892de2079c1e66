"""Rules without input, output, clock or chance."""
