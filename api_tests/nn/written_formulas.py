"""The formulas that the kinds print in the catalog, computed: what is documented must be what is done."""

from collections.abc import Callable
from functools import reduce
from math import pi
from typing import Any


def evaluated(text: str, library: Any, erf: Callable[[Any], Any], **names: Any) -> Any:
    """The value of the formula `text`; its functions are those of `library` (numpy or torch)."""

    def larger(a: Any, b: Any) -> Any:
        return library.where(a > b, a, b)

    def smaller(a: Any, b: Any) -> Any:
        return library.where(a < b, a, b)

    vocabulary = {
        **{name: getattr(library, name) for name in ("where", "exp", "tanh", "sin", "cos", "sqrt", "abs")},
        "ln": library.log,
        "erf": erf,
        "pi": pi,
        "max": lambda *several: reduce(larger, several[::-1]),
        "min": lambda *several: reduce(smaller, several[::-1]),
        "sech": lambda z: 1.0 / library.cosh(z),
        "sigmoid": lambda z: 1.0 / (1.0 + library.exp(-z)),
        "softplus": lambda z: library.log1p(library.exp(z)),
    }
    return eval(text.replace("^", "**"), {"__builtins__": {}}, {**vocabulary, **names})
