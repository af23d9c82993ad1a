"""A fuzz target for the parser, and what it found."""
