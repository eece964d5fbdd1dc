"""The axes that have a name of their own: what they do to a specification, whatever its layers are called.

Each is a function of a specification as JSON, which it changes, and of a value, as JSON; the specification is valid
before, unless another axis has spoilt it, and is validated afterwards.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from math import sqrt
from typing import Any

from pydantic import JsonValue

from service.core.errors import MisplacedAxis

Document = dict[str, Any]


def _depth(document: Document, value: JsonValue) -> None:
    """So many hidden layers, all like those there are: of one kind, or one block that is repeated."""
    *hidden, output = document["network"]["layers"]
    if not hidden or any(layer != hidden[0] for layer in hidden):
        raise MisplacedAxis(
            "The axis `depth` needs hidden layers that are all alike, or one `repeat`; name what is to be repeated by "
            "a pointer instead, such as /network/layers/0/times."
        )
    block = hidden[0]["layers"] if hidden[0]["kind"] == "repeat" else hidden[:1]
    document["network"]["layers"] = [{"kind": "repeat", "times": value, "layers": block}, output]


def _width(document: Document, value: JsonValue) -> None:
    """So many units in every hidden layer."""
    for layer in _dense(document["network"]["layers"][:-1], "width"):
        layer["units"] = value


def _weight_variance(document: Document, value: JsonValue) -> None:
    """Weights of N(0, value/fan_in), in every layer that has any: σ_w² of mean field theory."""
    for layer in _dense(document["network"]["layers"], "weight_variance"):
        layer["weights"] = {"kind": "variance_scaling", "scale": value, "mode": "fan_in", "distribution": "normal"}


def _bias_variance(document: Document, value: JsonValue) -> None:
    """Biases of N(0, value), in every layer that has any: σ_b² of mean field theory."""
    for layer in _dense(document["network"]["layers"], "bias_variance"):
        layer["bias"] = {"kind": "normal", "mean": 0.0, "std": _root(value)}


def _input_std(document: Document, value: JsonValue) -> None:
    """Inputs of N(mean, value²); the mean is that of the base where it is Gaussian, else 0."""
    given = document["data"]["inputs"]
    mean = given.get("mean", 0.0) if given["kind"] == "gaussian" else 0.0
    document["data"]["inputs"] = {"kind": "gaussian", "mean": mean, "std": value}


def _activation(document: Document, value: JsonValue) -> None:
    """That activation in every hidden layer: a kind without parameters by its name, or an object."""
    chosen = {"kind": value} if isinstance(value, str) else value
    hidden = list(_single(document["network"]["layers"][:-1]))
    if not hidden:
        raise MisplacedAxis("The axis `activation` needs hidden layers, and there are none.")
    for layer in hidden:
        layer["activation"] = deepcopy(chosen)  # a later axis may change that of one layer


NAMED_AXES: dict[str, Callable[[Document, JsonValue], None]] = {
    "depth": _depth,
    "width": _width,
    "weight_variance": _weight_variance,
    "bias_variance": _bias_variance,
    "input_std": _input_std,
    "activation": _activation,
}
SPOILT = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What they raise where the axes before them have left no specification."""

WHOLE = {"depth", "width"}
"""Those whose values are whole numbers."""


def _single(layers: list[Document]) -> Iterator[Document]:
    for layer in layers:
        if layer["kind"] == "repeat":
            yield from _single(layer["layers"])
        else:
            yield layer


def _dense(layers: list[Document], axis: str) -> list[Document]:
    found = [layer for layer in _single(layers) if layer["kind"] == "dense"]
    if not found:
        raise MisplacedAxis(f"The axis `{axis}` needs dense layers, and there are none where it applies.")
    return found


def _root(value: JsonValue) -> JsonValue:
    """√value, for the validation of a number that is no variance to complain of."""
    return sqrt(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0.0 else value
