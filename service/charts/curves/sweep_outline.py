"""What the networks of a sweep have in common, in a few words."""

from service.charts.curves.architecture import few, name_of
from service.nn.layers.dense import Dense
from service.simulation.diagnosis.statistics import Depth
from service.studies.axes import Axis
from service.studies.sweep import SweepSpec

_ACTIVATION, _DEPTH, _WIDTH, _WEIGHTS, _ALL = "activation", "depth", "width", "weights", "network"
_OF_AXES = {"weight_variance": _WEIGHTS}
_OF_POINTERS = {"activation": _ACTIVATION, "times": _DEPTH, "units": _WIDTH, "weights": _WEIGHTS}


def outline(spec: SweepSpec) -> str:
    """Such as `tanh × 50, width 128`: whatever no axis varies of the base."""
    varied = {part for axis in spec.axes for part in _varied(axis)}
    return (
        "" if _ALL in varied else ", ".join(text for part, text in _parts(spec, varied).items() if part not in varied)
    )


def _parts(spec: SweepSpec, varied: set[str]) -> dict[str, str]:
    layers = [layer for entry in spec.base.network.layers for _, layer in entry.unroll("")]
    ends = Depth.of([layer.weighted for layer in layers]).ends
    hidden = layers[: max(ends, default=-1) + 1] or layers
    dense = [layer for layer in hidden if isinstance(layer, Dense)]
    activations = _different([name_of(layer.activation) for layer in hidden])
    found = {_ACTIVATION: activations if _DEPTH in varied else f"{activations} × {len(ends)}"}
    if _ACTIVATION in varied:
        found[_DEPTH] = f"{len(ends)} hidden layers"
    if dense:
        found[_WIDTH] = f"width {_different([str(layer.units) for layer in dense])}"
        found[_WEIGHTS] = _different([layer.weights.name() for layer in dense])
    return found


def _varied(axis: Axis) -> set[str]:
    """What an axis varies; all of the network where its pointer names no part of a layer."""
    if axis.pointer is None:
        return {_OF_AXES.get(axis.name, axis.name)}
    tokens = axis.pointer.split("/")
    parts = {_OF_POINTERS[token] for token in tokens if token in _OF_POINTERS}
    whole = tokens[-1] in ("network", "layers") or (not parts and tokens[-1].isdigit())
    return {_ALL} if whole else parts


def _different(names: list[str]) -> str:
    return few(list(dict.fromkeys(names)))
