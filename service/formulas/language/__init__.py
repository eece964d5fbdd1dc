"""Formulas of one real variable as data: read by our own grammar, differentiated, evaluated, written; never run."""
