"""Functions of single numbers that a graph builds of several nodes, and what they are called here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from service.core.kinds import members
from service.imports.base import Layer
from service.nn.activations.base import Activation

Numbers = npt.NDArray[Any]
LONGEST_FORMULA = 400
_GRID = np.concatenate([np.linspace(-9.0, 9.0, 145), np.linspace(-0.93, 1.07, 29)])
_CLOSE = 2e-5, 2e-6  # relatively and not: constants are those of single precision


@dataclass(frozen=True)
class Function:
    """A function of every number of a signal: its values, how it is written of z, and its kind where it has one."""

    values: Callable[[Numbers], Numbers]
    formula: str
    layer: Layer | None = None


IDENTITY = Function(lambda z: z, "z")


def shortest(number: float) -> float:
    """The number with the fewest digits that is the same in single precision, as 0.1 and not 0.10000000149."""
    return float(str(np.float32(number))) if abs(number) < 1e38 else number


def layers_of(function: Function) -> list[Layer]:
    """The layers that apply a function: none, a scale, an activation, or the formula as an activation."""
    if function.layer is not None:
        return [{"kind": "activation", "activation": function.layer}]
    with np.errstate(all="ignore"):
        found = np.broadcast_to(np.asarray(function.values(_GRID), dtype=np.float64), _GRID.shape)
        ends = np.asarray(function.values(np.array([0.0, 1.0])), dtype=np.float64) + np.zeros(2)
    factor, offset = float(ends[1] - ends[0]), float(ends[0])
    if np.isfinite(ends).all() and np.allclose(found, factor * _GRID + offset, rtol=1e-9, atol=1e-9):
        return [] if (factor, offset) == (1.0, 0.0) else [{"kind": "scale", "factor": factor, "offset": offset}]
    same = (layer for layer, values in _known() if np.allclose(found, values, *_CLOSE))
    activation = next(same, {"kind": "expression", "formula": function.formula})
    return [{"kind": "activation", "activation": activation}]


def never_negative(function: Function) -> bool:
    """Whether a function has no negative value on the grid."""
    with np.errstate(all="ignore"):
        return bool(np.all(np.asarray(function.values(_GRID)) >= 0.0))


def same_as(function: Function, values: Callable[[Numbers], Numbers]) -> bool:
    """Whether a function of numbers of any shape has these values on the grid."""
    with np.errstate(all="ignore"):
        return bool(np.allclose(function.values(_GRID), values(_GRID), *_CLOSE))


def factor_of(function: Function) -> float | None:
    """The factor of a function that multiplies by one; None of another."""
    factor = float(np.asarray(function.values(np.ones(1))).reshape(-1)[0])
    return factor if same_as(function, lambda z: factor * z) else None


@cache
def _known() -> list[tuple[Layer, Numbers]]:
    """Every activation that is a function of its own number, with its values on the grid."""
    return [(layer, kind.model_validate(layer).f(_GRID)) for kind, layer in _candidates()]


def _candidates() -> Iterator[tuple[type[Activation], Layer]]:
    family: type[Any] = Activation
    for kind in members(family):
        name = kind.kind_name()
        needed = any(field.is_required() for field in kind.model_fields.values())
        if needed or kind.only_output or name in ("linear", "expression"):
            continue
        yield kind, {"kind": name}
        if name == "gelu":
            yield kind, {"kind": name, "approximate": "tanh"}
