"""Numbers as people read them."""

from collections.abc import Callable

from service.simulation.results import Spread

NONE = "–"


def signed(value: float | None) -> str:
    """Two digits behind the point and the sign, which is a true minus; a dash for null."""
    return NONE if value is None else _minus(f"{value:+.2f}")


def median(spread: Spread) -> str:
    """The median, signed."""
    return signed(spread.median)


def between(spread: Spread) -> str:
    """Where nine of ten trials are: `−5.90 … −5.50`; a dash where no trial has a number."""
    return NONE if spread.p05 is None else f"{signed(spread.p05)} … {signed(spread.p95)}"


def plain(value: float | None) -> str:
    """Three significant digits; a dash for null."""
    return NONE if value is None else _minus(f"{value:.3g}")


def percent(value: float | None) -> str:
    """As a percentage; a dash for null."""
    return NONE if value is None else f"{value:.0%}"


def words(name: str) -> str:
    """A name of the vocabulary as words."""
    return name.replace("_", " ")


def _minus(text: str) -> str:
    return text.replace("-", "−")


FILTERS: dict[str, Callable[..., str]] = {
    function.__name__: function for function in (signed, median, between, plain, percent, words)
}
