"""What a city lets each peer see. Default deny."""
