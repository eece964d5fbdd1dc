"""The activation's curve and that of its derivative, between the derivative's certified bounds."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from service.charts.architecture import activation_name, activations
from service.charts.chart import Chart
from service.charts.rows import Row
from service.nn.activations import Activation
from service.simulation.results import SimulationReport
from service.theory.bounds import bounds
from service.theory.facts import Bound

_FARTHEST = 5.0
_POINTS = 201
_MOST = 4
"""More curves than that are not told apart."""
_TALLEST = 6.0


class ActivationChart(Chart):
    """φ and φ' of the hidden layers' activations for z from −5 to 5."""

    name = "activation"
    title = "The activation and its derivative"
    how_to_read = "φ(z) and φ'(z); the dotted lines are proven bounds of φ'."
    position = 50
    tab = "Curve of φ"
    VALUE, DERIVATIVE = "φ(z)", "φ'(z)"

    def rows(self, reports: Sequence[SimulationReport]) -> dict[str, list[Row]]:
        """`curves`: φ and φ' point by point; `bounds`: the certified ones of φ'."""
        report, *_ = reports
        return {
            "curves": [row for one in _drawn(report) for row in self._curves(one)],
            "bounds": bound_rows(report),
        }

    def drawing(self) -> dict[str, Any]:
        """Marks over `curves` and `bounds`."""
        import altair as alt

        from service.charts import marks

        x = alt.X(
            "z:Q",
            axis=alt.Axis(title="z, the pre-activation", grid=False, format="~g", tickCount=10),
            scale=alt.Scale(nice=False),
        )
        y = alt.Y("value:Q", axis=alt.Axis(title="φ(z), φ'(z)"), scale=alt.Scale(zero=False))
        colour = alt.Color("activation:N", scale=alt.Scale(range="category"), legend=marks.LEGEND)
        curves = alt.Chart(alt.NamedData("curves")).mark_line(strokeWidth=2.2, invalid="break-paths-filter-domains")
        tooltip = [alt.Tooltip("activation:N"), alt.Tooltip("z:Q"), alt.Tooltip("value:Q", format=marks.NUMBER)]
        scale = alt.Scale(domain=[self.VALUE, self.DERIVATIVE], range=[[1, 0], [6, 4]])
        dashed = alt.StrokeDash("series:N", scale=scale, legend=marks.LEGEND)
        return marks.layered(*marks.derivative_bounds(), curves.encode(x, y, colour, dashed, tooltip=tooltip))

    def _curves(self, activation: Activation) -> Iterator[Row]:
        z = np.linspace(-_FARTHEST, _FARTHEST, _POINTS)
        with np.errstate(all="ignore"):
            value = activation.f(z)
            slope = activation.df(z, value)
        for series, values in ((self.VALUE, value), (self.DERIVATIVE, slope)):
            for at, height in zip(z.tolist(), values.tolist(), strict=True):
                visible = abs(height) <= _TALLEST  # a number that is none is not
                yield {
                    "activation": activation_name(activation),
                    "series": series,
                    "z": at,
                    "value": height if visible else None,
                }


def bound_rows(report: SimulationReport) -> list[Row]:
    """The infimum and the supremum of φ' of each activation that is drawn, where they are certified and finite."""
    return [row for activation in _drawn(report) for row in _bounds(activation)]


def _drawn(report: SimulationReport) -> list[Activation]:
    """The first four different activations of the hidden layers that are functions of one unit."""
    return [one for one in activations(report) if not one.only_output][:_MOST]


def _bounds(activation: Activation) -> list[Row]:
    found = bounds(activation.closed).derivative
    ends = [("infimum", found.inf, found.inf.low), ("supremum", found.sup, found.sup.high)]
    return [
        {
            "activation": activation_name(activation),
            "bound": f"{name} of φ'",
            "value": value,
            "attained": _attained(bound),
            "label": f"{name} {value:.6g}".replace("-", "−"),
        }
        for name, bound, value in ends
        if bound.certified and value is not None
    ]


def _attained(bound: Bound) -> str:
    return {True: "attained", False: "approached, never attained", None: "not known to be attained"}[bound.attained]
