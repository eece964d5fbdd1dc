"""An exact rational → the decimal that a formula is written with."""

from fractions import Fraction

from service.expressions.tokens import MOST_DIGITS

MOST_PLACES = 340
"""Decimal places looked for: all that a number of a formula can have."""


def decimal(value: Fraction) -> str | None:
    """`value` as a finite decimal of at most 30 digits, with a power of ten where it is far from one; None without."""
    sign, size = "-" if value < 0 else "", abs(value)
    places = next((places for places in range(MOST_PLACES) if 10**places % size.denominator == 0), None)
    if places is None:
        return None
    digits = str(size.numerator * 10**places // size.denominator)
    if places <= MOST_DIGITS and len(digits) <= MOST_DIGITS:
        padded = digits.rjust(places + 1, "0")
        whole, fraction = padded[: len(padded) - places], padded[len(padded) - places :]
        return sign + whole + (f".{fraction}" if fraction else "")
    mantissa = digits.rstrip("0")
    return f"{sign}{mantissa}e{len(digits) - len(mantissa) - places}" if len(mantissa) <= MOST_DIGITS else None
