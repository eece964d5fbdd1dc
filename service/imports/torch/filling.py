"""What parameters are drawn from: recognised in draws, taken from the file, or left to a preset."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from service.core.arrays import Shape
from service.imports.base import Layer, Reading, Subject
from service.imports.torch.recognition import explicit, recognised
from service.imports.torch.values import Filling, Numbers

_GATES_OF_LSTM = 4
_MOST_EXPLICIT = 1 << 19
_BIAS_OF_LINEAR = {"kind": "variance_scaling", "scale": 1.0 / 3.0, "mode": "fan_in", "distribution": "uniform"}


class Rule(Protocol):
    """How a field that stands for parameters is written."""

    def __call__(self, filling: Filling, reading: Reading) -> Any:
        """The initialiser as JSON; None where the field is left out."""


def preset(filling: Filling, reading: Reading) -> Any:
    """Nothing: the file does not say how its numbers were drawn."""
    return None


def of_draws(draws: Callable[[str], Sequence[Numbers]]) -> Rule:
    """What draws of a parameter, found by its name and each of its shape, tell."""

    def rule(filling: Filling, reading: Reading) -> Any:
        arrays = [[weight.of(one) for one in draws(weight.name)] for weight in filling.weights]
        names = ", ".join(f"`{one.name}`" for one in filling.weights)
        by_shape: dict[Shape, list[Numbers]] = {}
        for each in arrays:
            by_shape.setdefault(each[0].shape, []).extend(each)
        found = [_of_some(names, each, filling, reading) for each in by_shape.values()]
        if all(one == found[0] for one in found):
            return found[0]
        std = float(np.std(np.concatenate([one.ravel() for each in arrays for one in each])))
        reading.assume(
            Subject.INITIALISER, "", f"{names} are drawn in several ways; here all have the deviation {std:.3g}."
        )
        return {"kind": "normal", "mean": 0.0, "std": std}

    return rule


def _of_some(names: str, numbers: Sequence[Numbers], filling: Filling, reading: Reading) -> Any:
    """The initialiser of parameters of one shape."""
    shape = numbers[0].shape
    several = filling.alone and len(filling.weights) > 1 and len(shape) == 2
    fans = (shape[0], shape[1]) if several else (filling.fan_in, filling.fan_out)
    rows = np.any([one.any(axis=-1) for one in numbers], axis=0) if len(shape) == 2 else np.ones(1, np.bool_)
    if 0 < np.count_nonzero(~rows) < len(rows) / 2:
        reading.assume(Subject.INITIALISER, "", f"Some rows of {names} begin as zeros; here all are drawn.")
        numbers = [one[rows] for one in numbers]
    found, known = recognised(numbers, *fans)
    if not known:
        sentence = f"{names}: drawn by no rule that is known. N({found['mean']:.3g}, {found['std']:.4g}²)"
        reading.assume(Subject.INITIALISER, "", f"{sentence} is what was measured.")
    return found


def of_file(numbers: Callable[[str], Numbers | None], total: int) -> Rule:
    """The numbers that the file holds, `total` of them; `numbers` finds an array of any shape by its name."""

    def rule(filling: Filling, reading: Reading) -> Any:
        if total > _MOST_EXPLICIT:
            reading.fault("", f"The model has {total} numbers; at most {_MOST_EXPLICIT} are taken from a file.")
            return None
        found = [(weight, numbers(weight.name)) for weight in filling.weights]
        told = [weight.of(values) for weight, values in found if values is not None]
        if len(told) < len(found):
            reading.fault("", f"The file does not hold the numbers of `{found[0][0].name}`.")
            return None
        if len(told) == 1 or all(np.array_equal(one, told[0]) for one in told):
            return explicit(np.asarray(told[0], np.float64))
        std = float(np.std(np.concatenate([one.ravel() for one in told])))
        names = ", ".join(f"`{one.name}`" for one in filling.weights)
        sentence = f"{names} are one field here, so they are drawn with their deviation, {std:.3g}."
        reading.assume(Subject.INITIALISER, "", sentence)
        return {"kind": "normal", "mean": 0.0, "std": std}

    return rule


def filled(layers: Sequence[Layer], rule: Rule, reading: Reading) -> list[Layer]:
    """Layers with every `Filling`, at any depth, written out."""
    return [_written(one, rule, reading) for one in layers]


def _written(value: Any, rule: Rule, reading: Reading) -> Any:
    if isinstance(value, Mapping):
        fields = {name: _field(value, name, one, (rule, reading)) for name, one in value.items()}
        return _gated({name: one for name, one in fields.items() if one is not None})
    return [_written(one, rule, reading) for one in value] if isinstance(value, list) else value


def _field(layer: Layer, name: str, value: Any, how: tuple[Rule, Reading]) -> Any:
    rule, reading = how
    if not isinstance(value, Filling):
        return _written(value, rule, reading)
    found = rule(value, reading)
    if found is None and name == "output_bias":  # which no preset fills
        return dict(_BIAS_OF_LINEAR)
    if layer.get("kind") != "scale":
        return found
    number = {"zeros": 0.0, "ones": 1.0}.get(str((found or {}).get("kind")), (found or {}).get("value"))
    if number is None:
        reading.fault("", f"The factor `{value.weights[0].name}`, which is learned, does not begin as one number.")
    return number


def _gated(layer: dict[str, Any]) -> dict[str, Any]:
    """A recurrent layer whose forget gates begin open says so."""
    for name in ("bias", "recurrent_bias"):
        values = (layer.get(name) or {}).get("values") if layer.get("kind") == "recurrent" else None
        if layer.get("cell") != "lstm" or not values or isinstance(values[0], list):
            continue
        parts = np.asarray(values).reshape(_GATES_OF_LSTM, -1)
        rest = parts[[0, 2, 3]]
        if (parts[1] == parts[1, 0]).all() and (rest == rest[0, 0]).all():
            layer[name] = recognised([rest], 1, 1)[0]
            layer["forget_bias"] = layer.get("forget_bias", 0.0) + float(parts[1, 0] - rest[0, 0])
    return layer
