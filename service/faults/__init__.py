"""What validation found wrong, with true pointers and without a word of what was sent."""
