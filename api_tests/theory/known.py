"""Activations that theory is tried on, and averages of theirs that are known in closed form."""

from collections.abc import Callable
from math import asin, exp, expm1, pi, sqrt
from typing import NamedTuple

from api_tests.nn.variants import every
from service.nn.activations import Activation
from service.nn.activations.expression import Expression
from service.nn.activations.piecewise import ARelu, Relu
from service.nn.activations.smooth import Erf, Sin

ELEMENTWISE: list[Activation] = [one for one in every(Activation) if not one.only_output]


def written(formula: str) -> Activation:
    return Expression(formula=formula)


class Known(NamedTuple):
    name: str
    activation: Activation
    square: Callable[[float], float]
    slope: Callable[[float], float]
    growth: Callable[[float], float]
    largest: float = 1e6


KNOWN = [
    Known("relu", Relu(), lambda q: q / 2, lambda q: 0.5, lambda q: 0.5),
    Known("a_relu", ARelu(), lambda q: q * 0.505, lambda q: 0.505, lambda q: 0.505),
    Known(
        "erf",
        Erf(),
        lambda q: 2 / pi * asin(2 * q / (1 + 2 * q)),
        lambda q: 4 / pi / sqrt(1 + 4 * q),
        lambda q: 4 / pi / (1 + 2 * q) / sqrt(1 + 4 * q),
    ),
    Known("sin", Sin(), lambda q: -expm1(-2 * q) / 2, lambda q: (1 + exp(-2 * q)) / 2, lambda q: exp(-2 * q)),
    Known("a kink nobody told of", written("abs(z - 0.3)"), lambda q: q + 0.09, lambda q: 1.0, lambda q: 1.0),
    Known("a cube", written("z^3"), lambda q: 15 * q**3, lambda q: 27 * q**2, lambda q: 45 * q**2),
    Known("exp", written("exp(z)"), lambda q: exp(2 * q), lambda q: exp(2 * q), lambda q: 2 * exp(2 * q), 30.0),
    Known(
        "a wave of length 0.1",
        written("cos(60 * z)"),
        lambda q: (1 + exp(-7200 * q)) / 2,
        lambda q: -1800 * expm1(-7200 * q),
        lambda q: -3600 * exp(-7200 * q),
        100.0,
    ),
]
