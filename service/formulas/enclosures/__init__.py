"""Formulas → proven facts: ball arithmetic (Arb), behaviour at infinity, kinks, zeros and extremes."""
