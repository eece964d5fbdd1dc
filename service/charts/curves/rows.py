"""Rows of numbers, and those of a spread through the depth."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from service.simulation.results import LayerStatistics, Spread

T = TypeVar("T")

Row = dict[str, float | int | str | None]
"""One mark of a chart by the names of its fields; every number is finite or null."""

MOST_LAYERS = 100
"""More would be closer together than anybody tells apart."""
MOST_BARS = 50
"""Bars need more room than lines."""


def thinned(items: Sequence[T], most: int = MOST_LAYERS) -> list[T]:
    """All items, or `most` evenly spaced ones with the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[step * (len(items) - 1) // (most - 1)] for step in range(most)]


def spread_rows(
    layers: Iterable[LayerStatistics], of: Callable[[LayerStatistics], Spread], series: str, anchor: float = 0.0
) -> list[Row]:
    """A row for each layer: the median and the 5th and 95th percentile over trials, less `anchor`, in decades."""
    return [
        {
            "layer": layer.index,
            "series": series,
            "median": less(of(layer).median, anchor),
            "p05": less(of(layer).p05, anchor),
            "p95": less(of(layer).p95, anchor),
            "trials": of(layer).count,
        }
        for layer in layers
    ]


def less(value: float | None, anchor: float) -> float | None:
    """`value` less `anchor`; null stays null."""
    return None if value is None else value - anchor


def numbers(rows: Iterable[Row], *fields: str) -> list[float]:
    """All numbers in those fields."""
    found = (row[field] for row in rows for field in fields)
    return [value for value in found if isinstance(value, int | float)]


def cut(row: Row, field: str, low: float, high: float) -> float | None:
    """The number in that field, or the edge that it is beyond; null stays null."""
    return next((max(low, min(high, value)) for value in numbers([row], field)), None)
