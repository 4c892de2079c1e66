"""What the law sets: deadlines, working days, terms of a listing, and where a complaint belongs. Rules are data."""
