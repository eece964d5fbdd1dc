"""The axes of a sweep: what is varied, over which values, and what that does to a specification.

An axis has a pointer to the place of its values, or a name of its own. The named ones are functions of a specification
as JSON, which they change, and of a value, as JSON; the specification is valid before, unless another axis has spoilt
it, and is validated afterwards.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from enum import StrEnum
from math import isfinite, log10, sqrt
from typing import Annotated, Any

from pydantic import AfterValidator, Field, JsonValue, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from service.core.errors import Incompatible, MisplacedAxis, SpecError
from service.core.kinds import BoundedFloat, Int64, Model
from service.core.pointers import LONGEST_POINTER, Edit, PatchError, patched, resolve
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec

MOST_POINTS = 100_000
_NAME = "^[A-Za-z][A-Za-z0-9_]*$"
_POINTER = "^(/([^~/]|~[01])*)+$"
_WHOLE = {"depth", "width"}
"""The named axes whose values are whole numbers."""
_LINEAR = {"kind": "linear"}
_SPOILT = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What named axes raise where the axes before them have left no specification."""

_Document = dict[str, Any]


def _written_bytes(value: JsonValue) -> int:
    """How long `value` is as JSON, in a result; a number is taken as short."""
    if value is None or (isinstance(value, int | float) and isfinite(value)):
        return 8
    return len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())


def _encodable(value: JsonValue) -> JsonValue:
    try:
        _written_bytes(value)
    except UnicodeEncodeError:
        raise PydanticCustomError("not_unicode", "half of a surrogate pair is no character") from None
    except ValueError:
        raise PydanticCustomError("finite_number", "a number is finite") from None
    return value


class Scale(StrEnum):
    """How values are spaced."""

    LINEAR = "linear"
    LOG = "log"


_Value = Annotated[JsonValue, AfterValidator(_encodable)]


class AxisRange(Model):
    """Equidistant values from `start` to `stop`, both of them included; whole numbers where the field wants those."""

    scale: Scale = Scale.LINEAR
    """Whether their differences are equal, or their ratios."""
    start: BoundedFloat
    """The first value."""
    stop: BoundedFloat
    """The last value."""
    count: Annotated[Int64, Field(ge=2, le=MOST_POINTS)]
    """How many there are."""

    @model_validator(mode="after")
    def _has_logarithms(self) -> "AxisRange":
        if self.scale is Scale.LOG and (self.start <= 0.0 or self.stop <= 0.0):
            raise PydanticCustomError("not_positive", "a logarithmic range needs a positive start and a positive stop")
        return self

    def values(self) -> list[float]:
        """The values, rising or falling; round ones where the ends are: 0.3 and not 0.30000000000000004."""
        if self.scale is Scale.LINEAR:
            inner = self._between(self.start, self.stop)
        else:
            inner = [10.0**decades for decades in self._between(log10(self.start), log10(self.stop))]
        low, high = sorted((self.start, self.stop))
        return [self.start, *(min(max(low, value), high) for value in inner), self.stop]

    def _between(self, start: float, stop: float) -> list[float]:
        """The equidistant numbers between two others."""
        last = self.count - 1
        return [(start * (last - step) + stop * step) / last for step in range(1, last)]


class Axis(Model):
    """One thing that is varied: what a pointer names, or one of the axes that have a name of their own."""

    name: Annotated[str, Field(pattern=_NAME, max_length=64)]
    """What it is called in the results; without a pointer, one of the named axes: depth, width, weight_variance, …"""
    pointer: Annotated[str, Field(pattern=_POINTER, max_length=LONGEST_POINTER)] | None = None
    """Where in the base specification its values are put (RFC 6901)."""
    values: Annotated[list[_Value], Field(max_length=MOST_POINTS, default_factory=list)]
    """The values one by one: numbers, names or objects, as the place wants them; none where there is a range."""
    range: AxisRange | None = None
    """The values by their ends and their number, instead of `values`."""

    @model_validator(mode="after")
    def _has_values_once(self) -> "Axis":
        if bool(self.values) == (self.range is not None):
            raise PydanticCustomError("values_or_range", "an axis has either `values` or a `range`")
        return self

    @property
    def scale(self) -> Scale:
        """The scale it is drawn on, linear where nothing is said."""
        return self.range.scale if self.range else Scale.LINEAR

    def given(self) -> list[JsonValue]:
        """The values as they were given."""
        return list(self.range.values()) if self.range else self.values

    def mean_bytes(self) -> float:
        """How long its values are as JSON, on the average."""
        return sum(map(_written_bytes, self.values)) / len(self.values) if self.values else 8.0

    def __len__(self) -> int:
        """How many values it has."""
        return self.range.count if self.range else len(self.values)

    def resolved(self, base: Any) -> list[JsonValue]:
        """Its values; those of a range are whole numbers where `base` has one, or where it counts something."""
        if self.range is None:
            return self.given()
        counts = self._counts(base)
        return [round(value) if counts or value.is_integer() else value for value in self.range.values()]

    def placed(self, document: Any, value: JsonValue, pointer: str) -> Any:
        """`document`, which is changed, with `value` in its place; MisplacedAxis points at this axis, at `pointer`."""
        if self.pointer is not None:
            edit = Edit(op="replace", path=self.pointer, value=value)
            try:
                return patched(document, [edit])
            except PatchError:
                raise MisplacedAxis(
                    "There is nothing at this place of the base specification, defaults written out.",
                    pointer=f"{pointer}/pointer",
                ) from None
        vary = NAMED_AXES.get(self.name)
        if vary is None:
            known = ", ".join(NAMED_AXES)
            raise MisplacedAxis(f"An axis without a pointer is one of {known}.", pointer=f"{pointer}/name")
        try:
            vary(document, value)
        except MisplacedAxis as error:
            error.pointer = f"{pointer}/name"
            raise
        except _SPOILT:
            raise MisplacedAxis("The axes before have left nothing that it could vary.", pointer=pointer) from None
        return document

    def _counts(self, base: Any) -> bool:
        if self.pointer is None:
            return self.name in _WHOLE
        try:
            found = resolve(base, self.pointer)
        except LookupError:
            return False
        return isinstance(found, int) and not isinstance(found, bool)


def _depth(document: _Document, value: JsonValue) -> None:
    """So many hidden layers, all like those there are: of one kind, or one block that is repeated."""
    *hidden, output = document["network"]["layers"]
    if not hidden or any(layer != hidden[0] for layer in hidden):
        raise MisplacedAxis(
            "The axis `depth` needs hidden layers that are all alike, or one `repeat`; name what is to be repeated by "
            "a pointer instead, such as /network/layers/0/times."
        )
    block = hidden[0]["layers"] if hidden[0]["kind"] == "repeat" else hidden[:1]
    document["network"]["layers"] = [{"kind": "repeat", "times": value, "layers": block}, output]


def _width(document: _Document, value: JsonValue) -> None:
    """So many units in every hidden layer, those inside blocks as well, where signals that meet still fit."""
    network = document["network"]
    hidden = _dense(network["layers"][:-1], "width")
    fitted = _misfit(network) is None
    for layer in hidden:
        layer["units"] = value
    why = _misfit(network) if fitted else None
    if why is not None:
        raise MisplacedAxis(
            f"The axis `width` gives all hidden layers the same width, and then signals that meet do not fit. {why} "
            "Name what may change by a pointer instead, such as /network/layers/0/layers/0/units."
        )


def _weight_variance(document: _Document, value: JsonValue) -> None:
    """Weights of N(0, value/fan_in), in every layer that has any, inside blocks as well: σ_w² of mean field theory."""
    for layer in _dense(document["network"]["layers"], "weight_variance"):
        layer["weights"] = {"kind": "variance_scaling", "scale": value, "mode": "fan_in", "distribution": "normal"}


def _bias_variance(document: _Document, value: JsonValue) -> None:
    """Biases of N(0, value), in every layer that has any, inside blocks as well: σ_b² of mean field theory."""
    for layer in _dense(document["network"]["layers"], "bias_variance"):
        layer["bias"] = {"kind": "normal", "mean": 0.0, "std": _root(value)}


def _input_std(document: _Document, value: JsonValue) -> None:
    """Inputs of N(mean, value²); the mean is that of the base where it is Gaussian, else 0."""
    given = document["data"]["inputs"] or {}
    mean = given.get("mean", 0.0) if given.get("kind") == "gaussian" else 0.0
    document["data"]["inputs"] = {"kind": "gaussian", "mean": mean, "std": value}


def _activation(document: _Document, value: JsonValue) -> None:
    """That activation in every hidden layer: a kind without parameters by its name, or an object.

    Inside blocks as well; what a block applies to its sum is changed where it is not linear.
    """
    chosen = {"kind": value} if isinstance(value, str) else value
    hidden = [node for node in _nodes(document["network"]["layers"][:-1]) if _is_activated(node)]
    if not hidden:
        raise MisplacedAxis("The axis `activation` needs hidden layers with an activation, and there are none.")
    for layer in hidden:
        layer["activation"] = deepcopy(chosen)  # a later axis may change that of one layer


NAMED_AXES: dict[str, Callable[[_Document, JsonValue], None]] = {
    "depth": _depth,
    "width": _width,
    "weight_variance": _weight_variance,
    "bias_variance": _bias_variance,
    "input_std": _input_std,
    "activation": _activation,
}
"""What the axes that have a name of their own do."""


def _nodes(layers: list[_Document]) -> Iterator[_Document]:
    """Every node of a list of layers and of the lists inside it; repeats and branches are none, but have some."""
    for entry in layers:
        if entry.get("kind", "repeat") != "repeat":
            yield entry
        for inside in filter(_is_list_of_objects, entry.values()):
            yield from _nodes(inside)


def _is_list_of_objects(field: JsonValue) -> bool:
    return isinstance(field, list) and bool(field) and isinstance(field[0], dict)


def _is_activated(node: _Document) -> bool:
    """Whether its activation is one of a hidden layer; linear is, too, in layers that are there for it."""
    return node["kind"] in ("dense", "activation") or (node.get("activation") or _LINEAR)["kind"] != "linear"


def _dense(layers: list[_Document], axis: str) -> list[_Document]:
    found = [layer for layer in _nodes(layers) if layer["kind"] == "dense"]
    if not found:
        raise MisplacedAxis(f"The axis `{axis}` needs dense layers, and there are none where it applies.")
    return found


def _misfit(network: _Document) -> str | None:
    """Why signals that meet in `network` do not fit; None where they do, or where something else is wrong."""
    if not any(isinstance(field, list) for node in _nodes(network["layers"]) for field in node.values()):
        return None  # there is no block
    try:
        plan(SimulationSpec.model_validate({"network": network}))
    except Incompatible as error:
        return error.sentence
    except (SpecError, ValidationError):
        return None  # the point tells what is wrong with a value
    return None


def _root(value: JsonValue) -> JsonValue:
    """√value, for the validation of a number that is no variance to complain of."""
    return sqrt(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0.0 else value
