"""Rows of numbers for charts: those of layers, and the bands of a policy within the frame of a chart."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from service.nn.policies import Policy
from service.simulation.layer_results import GainAccounts, LayerStatistics, Spread

_Item = TypeVar("_Item")

Row = dict[str, float | int | str | None]
"""One mark of a chart by the names of its fields; every number is finite or null."""

BAND_NAMES = ["explodes severely", "explodes mildly", "stable", "vanishes mildly", "vanishes severely"]
"""The bands of a policy from top to bottom."""

_MOST_LAYERS = 100
"""More would be too close together to be told apart."""
_BESIDE_BANDS = 0.5
"""Decades of the outermost bands that a chart shows."""
_FURTHEST = 4.0
"""How far from the lines, in decades, a band may stretch a chart."""
_MARGIN = 0.04
_TOO_THIN_FOR_A_NAME = 0.07


def downsample(items: Sequence[_Item], most: int = _MOST_LAYERS) -> list[_Item]:
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
            "median": _subtract(of(layer).median, anchor),
            "p05": _subtract(of(layer).p05, anchor),
            "p95": _subtract(of(layer).p95, anchor),
            "trials": of(layer).count,
        }
        for layer in layers
    ]


def _subtract(value: float | None, anchor: float) -> float | None:
    return None if value is None else value - anchor


def other_share(gain: GainAccounts) -> Spread | None:
    """The share of a gain that is neither the weights' nor the activation's: of normalisation, a block, another layer.

    A step back has one of them at most; None where it has none.
    """
    shares = (share for account, share in gain if account not in ("weights", "derivative"))
    return next((share for share in shares if share is not None), None)


def numbers(rows: Iterable[Row], *fields: str) -> list[float]:
    """All numbers in those fields."""
    found = (row[field] for row in rows for field in fields)
    return [value for value in found if isinstance(value, int | float)]


def clamp(row: Row, field: str, low: float, high: float) -> float | None:
    """The number in that field, or the edge that it is beyond; null stays null."""
    return next((max(low, min(high, value)) for value in numbers([row], field)), None)


@dataclass(frozen=True)
class Frame:
    """What a chart shows: the layers from `first` to `last`, and the decades from `low` to `high`."""

    first: float
    last: float
    low: float
    high: float

    @classmethod
    def around(
        cls, values: list[float], ends: tuple[float, float], policy: Policy | None, beside: Sequence[float] = ()
    ) -> "Frame":
        """All `values` between the two `ends`, and the bands of `policy` and what stands `beside` them, where near."""
        bands = [policy.vanishing_severe - _BESIDE_BANDS, policy.exploding_severe + _BESIDE_BANDS] if policy else []
        near, least, most = [*bands, *beside], min(values, default=0.0), max(values, default=0.0)
        low = min(least, max([least - _FURTHEST, min(near, default=least)]))
        high = max(most, min([most + _FURTHEST, max(near, default=most)]))
        margin = _MARGIN * (high - low)
        return cls(*ends, low - margin, high + margin)

    @property
    def floor(self) -> float:
        """Just above the lower edge."""
        return self.low + _MARGIN / 2 * (self.high - self.low)

    def bands(self, policy: Policy) -> list[Row]:
        """The bands from top to bottom: where a depth ratio is stable, mild or severe, in decades."""
        edges = [policy.exploding_severe, policy.exploding_mild, policy.vanishing_mild, policy.vanishing_severe]
        within = [max(self.low, min(self.high, edge)) for edge in edges]
        bands = zip(BAND_NAMES, [*within, self.low], [self.high, *within], strict=True)
        return [self._band(name, low, high) for name, low, high in bands if low < high]

    def _band(self, name: str, low: float, high: float) -> Row:
        thin = high - low < _TOO_THIN_FOR_A_NAME * (self.high - self.low)
        return {
            "zone": name,
            "name": "" if thin else name,
            "low": low,
            "high": high,
            "first": self.first,
            "last": self.last,
        }
