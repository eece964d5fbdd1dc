"""Measurements: the engine against its rivals, and its verdicts against labels."""
