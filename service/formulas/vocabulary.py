"""How a value belongs to a place, and what a function does where it is not smooth."""

from enum import StrEnum


class Approach(StrEnum):
    """How a value of a function belongs to a place."""

    AT = "at"
    BETWEEN = "between"
    FROM_LEFT = "from_left"
    FROM_RIGHT = "from_right"
    MINUS_INFINITY = "minus_infinity"
    PLUS_INFINITY = "plus_infinity"


class BreakKind(StrEnum):
    """What a function does at a point where it is not smooth."""

    JUMP = "jump"
    KINK = "kink"
    POLE = "pole"
    HOLE = "hole"
    EDGE = "edge"
    UNKNOWN = "unknown"
