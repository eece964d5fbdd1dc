"""An exact rational → the decimal that a formula is written with."""

from fractions import Fraction

from service.formulas.language.tokens import LARGEST_DECIMAL_EXPONENT, MOST_DIGITS

MOST_PLACES = 340
"""Decimal places looked for: all that a number of a formula can have."""


def decimal(value: Fraction) -> str | None:
    """`value` as a finite decimal of at most 30 digits, with a power of ten where it is far from one; None without."""
    sign, size = "-" if value < 0 else "", abs(value)
    places = _places(size.denominator)
    if places is None or places > MOST_PLACES:
        return None
    digits = str(size.numerator * 10**places // size.denominator)
    if places <= MOST_DIGITS and len(digits) <= MOST_DIGITS:
        padded = digits.rjust(places + 1, "0")
        whole, fraction = padded[: len(padded) - places], padded[len(padded) - places :]
        return sign + whole + (f".{fraction}" if fraction else "")
    mantissa = digits.rstrip("0")
    exponent = len(digits) - len(mantissa) - places
    if exponent > LARGEST_DECIMAL_EXPONENT:
        mantissa += "0" * (exponent - LARGEST_DECIMAL_EXPONENT)
        exponent = LARGEST_DECIMAL_EXPONENT
    if exponent < -LARGEST_DECIMAL_EXPONENT:
        behind = -LARGEST_DECIMAL_EXPONENT - exponent
        padded = mantissa.rjust(behind + 1, "0")
        mantissa, exponent = f"{padded[:-behind]}.{padded[-behind:]}", -LARGEST_DECIMAL_EXPONENT
    return f"{sign}{mantissa}e{exponent}" if len(mantissa.replace(".", "")) <= MOST_DIGITS else None


def is_writable(value: Fraction) -> bool:
    """Whether a formula can have `value`, as a decimal or as one whole number over another."""
    too_long = 10**MOST_DIGITS
    return decimal(value) is not None or max(abs(value.numerator), value.denominator) < too_long


def _places(denominator: int) -> int | None:
    """How many decimal places a number over `denominator` has; None where they never end."""
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None
