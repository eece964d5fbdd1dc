"""The bands of a policy, cut to what a chart shows."""

from dataclasses import dataclass

from service.curves.rows import Row
from service.policies import Policy

_ROOM = 0.5
_FURTHEST = 4.0
"""How far from the lines, in decades, a band may stretch a chart."""
_MARGIN = 0.04
_TOO_THIN_FOR_A_NAME = 0.07


@dataclass(frozen=True)
class Frame:
    """What a chart shows: the layers from `first` to `last`, and the decades from `low` to `high`."""

    first: int
    last: int
    low: float
    high: float

    @classmethod
    def around(cls, values: list[float], beside: list[float], first: int, last: int) -> "Frame":
        """All `values`, and what stands `beside` them as far as it is near."""
        least, most = min(values, default=0.0), max(values, default=0.0)
        low = min(least, max([least - _FURTHEST, min(beside, default=least)]))
        high = max(most, min([most + _FURTHEST, max(beside, default=most)]))
        margin = _MARGIN * (high - low)
        return cls(first, last, low - margin, high + margin)

    def cut(self, row: Row, field: str) -> float | None:
        """The number in that field, or the edge that it is beyond; null stays null."""
        value = row[field]
        return max(self.low, min(self.high, value)) if isinstance(value, int | float) else None

    @property
    def floor(self) -> float:
        """Just above the lower edge."""
        return self.low + _MARGIN / 2 * (self.high - self.low)


def ends(policy: Policy) -> list[float]:
    """Where a chart has shown all bands of a policy, in decades."""
    return [policy.vanishing_severe - _ROOM, policy.exploding_severe + _ROOM]


def zones(policy: Policy, frame: Frame) -> list[Row]:
    """The bands from top to bottom: where a depth ratio is stable, mild or severe, in decades."""
    edges = [
        ("explodes severely", policy.exploding_severe, frame.high),
        ("explodes mildly", policy.exploding_mild, policy.exploding_severe),
        ("stable", policy.vanishing_mild, policy.exploding_mild),
        ("vanishes mildly", policy.vanishing_severe, policy.vanishing_mild),
        ("vanishes severely", frame.low, policy.vanishing_severe),
    ]
    cut = [(zone, max(low, frame.low), min(high, frame.high)) for zone, low, high in edges]
    return [_zone(zone, low, high, frame) for zone, low, high in cut if low < high]


def _zone(zone: str, low: float, high: float, frame: Frame) -> Row:
    thin = high - low < _TOO_THIN_FOR_A_NAME * (frame.high - frame.low)
    return {
        "zone": zone,
        "name": "" if thin else zone,
        "low": low,
        "high": high,
        "first": frame.first,
        "last": frame.last,
    }
