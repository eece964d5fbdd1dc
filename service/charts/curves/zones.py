"""The bands of a policy, cut to what a chart shows."""

from dataclasses import dataclass

from service.charts.curves.rows import Row
from service.nn.policies import Policy

NAMES = ["explodes severely", "explodes mildly", "stable", "vanishes mildly", "vanishes severely"]
"""The bands from top to bottom."""
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

    @property
    def floor(self) -> float:
        """Just above the lower edge."""
        return self.low + _MARGIN / 2 * (self.high - self.low)


def ends(policy: Policy) -> list[float]:
    """Where a chart has shown all bands of a policy, in decades."""
    return [policy.vanishing_severe - _ROOM, policy.exploding_severe + _ROOM]


def zones(policy: Policy, frame: Frame) -> list[Row]:
    """The bands from top to bottom: where a depth ratio is stable, mild or severe, in decades."""
    edges = [policy.exploding_severe, policy.exploding_mild, policy.vanishing_mild, policy.vanishing_severe]
    within = [max(frame.low, min(frame.high, edge)) for edge in edges]
    bands = zip(NAMES, [*within, frame.low], [frame.high, *within], strict=True)
    return [_zone(zone, low, high, frame) for zone, low, high in bands if low < high]


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
