"""Formulas as data, and proven facts about them; a library that imports the core alone."""
