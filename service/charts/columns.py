"""The numbers of a layer that tables have columns for."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from service.charts.rows import other_share
from service.simulation.layer_results import LayerStatistics, Spread
from service.simulation.wording import signed

NONE = "–"
"""What stands for null."""


class Column(NamedTuple):
    """A number with its name above."""

    name: str
    number: Callable[[LayerStatistics], float | None]
    written: Callable[[float], str] = signed  # decades, unless said otherwise
    optional: bool = False  # whether it is left out where no layer has it
    of_output: bool = False  # whether it is about what comes out: of layers in a row, that of the last

    def text(self, number: float | None) -> str:
        """A number as the column has it; a dash for null."""
        return NONE if number is None else self.written(number)


def plain(number: float) -> str:
    """A number in three significant digits, with a true minus."""
    return f"{number:.3g}".replace("-", "−")


def percent(share: float) -> str:
    """A share in whole percents."""
    return f"{share:.0%}"


def shown(columns: Iterable[Column], layers: Iterable[LayerStatistics]) -> list[Column]:
    """The columns without those that are optional and null in all layers."""
    all_layers = [*layers]
    return [one for one in columns if not one.optional or any(one.number(layer) is not None for layer in all_layers)]


def _median(spread: Spread | None) -> float | None:
    return None if spread is None else spread.median


DELTA = Column("δ", lambda layer: layer.log10_delta_norm.median, of_output=True)
GAINS = (
    Column("gain", lambda layer: layer.log10_backward_gain.median),
    Column("weights", lambda layer: _median(layer.log10_gain.weights)),
    Column("slope", lambda layer: _median(layer.log10_gain.derivative)),
    Column("other", lambda layer: _median(other_share(layer.log10_gain)), optional=True),
)
WEIGHT_GRADIENT = Column("∇W", lambda layer: layer.log10_weight_gradient_norm.median)
PER_WEIGHT = Column("∂e/∂w", lambda layer: layer.log10_weight_gradient_rms.median)
SIGNALS = (
    Column("signal", lambda layer: layer.log10_forward_rms.median, of_output=True),
    Column("separation", lambda layer: layer.log10_angular_spread.median, of_output=True),
    Column("tokens", lambda layer: _median(layer.log10_token_spread), optional=True, of_output=True),
    Column("time", lambda layer: layer.time.time_ratio.median if layer.time else None, optional=True),
)
SHARES = (
    Column("entropy", lambda layer: layer.attention.entropy.median if layer.attention else None, plain, optional=True),
    Column("saturated", lambda layer: layer.saturated_fraction, percent),
)
