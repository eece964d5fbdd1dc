"""Clocks: the time of day, and one that only goes forward; tests hand over others."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], float]
"""Seconds since some moment, as `time.monotonic` tells them."""
WallClock = Callable[[], datetime]
"""The time of day, in UTC."""


def now() -> datetime:
    """The time of day by the system's clock, in UTC."""
    return datetime.now(UTC)
