"""Inputs and targets of order one; dropout, the scale of the loss, and the learning rate."""

from collections.abc import Iterator
from math import isfinite, sqrt
from statistics import fmean, pstdev
from typing import Any

from service.core.pointers import Edit
from service.nn.activations.smooth import Linear
from service.nn.data import (
    BernoulliData,
    Data,
    ExplicitData,
    GaussianData,
    PerFeatureData,
    PixelData,
    UniformData,
)
from service.nn.layers.dropout import Dropout
from service.nn.layers.transformer_block import TransformerBlock
from service.simulation.spec import Precision
from service.studies.prescriptions.subject import Change, Json, Remedy, Subject, put, short

_LARGEST_MEAN = 0.5
"""Of values, over their standard deviation."""
_STANDARD = (0.5, 2.0)
"""Root mean squares that are near enough to 1."""
_MILD_RATE = 0.1
_ROOT_3 = sqrt(3.0)


def inputs(subject: Subject) -> Iterator[Change]:
    """Standardised inputs: less their mean, over their standard deviation."""
    given = subject.plan.spec.inputs()
    mean, std = _centre(given)
    if std > 0.0 and _is_off(given, mean, std):
        code = _code("x", given, mean, std)
        how = "divided by the largest" if isinstance(given, PixelData) else "standardised"
        edit = _edit(subject, "inputs", _standardised(given, mean, std))
        yield Change(Remedy.INPUTS, f"Inputs {how}, {code}", (edit,), 1.0, code, code)


def targets(subject: Subject) -> Iterator[Change]:
    """Standardised targets of a linear output: predictions begin near 0."""
    given = subject.plan.targets
    activation = subject.plan.top[-1].node.output_activation
    linear = activation is None or isinstance(activation, Linear)
    mean, std = _centre(given)
    numbers = isinstance(given, ExplicitData | GaussianData | UniformData) and "error" in subject.plan.spec.loss.kind
    if linear and numbers and std > 0.0 and _is_off(given, mean, std):
        code = _code("y", given, mean, std)
        edit = _edit(subject, "targets", _standardised(given, mean, std))
        yield Change(Remedy.TARGETS, f"Targets standardised, {code}", (edit,), 1.2, code, code)


def dropout(subject: Subject) -> Iterator[Change]:
    """Milder dropout, and none."""
    found = [(f"{one.pointer}/{field}", rate) for one in subject.sites.values() for field, rate in _rates(one.node)]
    for rate in (_MILD_RATE, 0.0):
        edits = [put(pointer, rate) for pointer, before in found if before > rate]
        if edits:
            before = max(before for _, before in found)
            words = f"Dropout of {rate:g} in place of {before:g}"
            yield Change(Remedy.DROPOUT, words, tuple(edits), 1.5, f"nn.Dropout({rate:g})", f"layers.Dropout({rate:g})")


def loss_scale(saving: float | None) -> Iterator[Change]:
    """A loss scale of 16 bits that saves gradients from underflow; `saving` is the one that saves most."""
    if saving is not None:
        yield Change(
            Remedy.LOSS_SCALE,
            f"A loss scale of {saving:g}",
            (put("/loss_scale", saving),),
            1.0,
            f"torch.amp.GradScaler(init_scale={saving:g})",
            f"keras.optimizers.LossScaleOptimizer(optimizer, initial_scale={saving:g})",
        )


def precision(subject: Subject) -> Iterator[Change]:
    """bfloat16 in place of float16: fewer digits, and the range of float32."""
    if subject.plan.spec.precision is Precision.FLOAT16:
        yield Change(
            Remedy.PRECISION,
            "bfloat16 instead of float16",
            (put("/precision", Precision.BFLOAT16.value),),
            1.5,
            'torch.autocast("cuda", dtype=torch.bfloat16)',
            'keras.mixed_precision.set_global_policy("mixed_bfloat16")',
        )


def learning_rate(optimiser: str, usual: float, largest: float | None) -> Iterator[Change]:
    """A smaller step, where the usual one is beyond the `largest` that lowers the loss; nothing is edited."""
    if largest is not None and largest < usual:
        name = {"sgd": "SGD", "adam": "Adam"}.get(optimiser, "SGD")
        yield Change(
            Remedy.LEARNING_RATE,
            f"A learning rate of {largest:g} in place of {usual:g}",
            (),
            4.5,
            f"torch.optim.{name}(model.parameters(), lr={largest:g})",
            f"keras.optimizers.{name}(learning_rate={largest:g})",
        )


def _rates(node: Any) -> list[tuple[str, float]]:
    if isinstance(node, Dropout):
        return [("rate", node.rate)]
    return [("dropout", node.dropout)] if isinstance(node, TransformerBlock) else []


def _edit(subject: Subject, name: str, value: Json) -> Edit:
    """The member `name` of `data`, which may not be written yet."""
    if isinstance(subject.document.get("data"), dict):
        return put(f"/data/{name}", value)
    return put("/data", {name: value})


def _centre(given: Data) -> tuple[float, float]:
    """The mean of all entries and their standard deviation; 0 and 0 where they are no numbers to be scaled."""
    mean = _mean(given)
    if mean is None:
        return 0.0, 0.0
    square = given.mean_square()
    variance = square - mean * mean
    return (mean, sqrt(max(variance, 0.0))) if isfinite(square) and isfinite(mean) else (0.0, 0.0)


def _mean(given: Data) -> float | None:
    """The mean of all entries; None of what is no number to be scaled."""
    found = None
    match given:
        case GaussianData():
            found = given.mean
        case UniformData():
            found = 0.5 * (given.low + given.high)
        case BernoulliData():
            found = given.low + given.p * (given.high - given.low)
        case PixelData():
            found = (1.0 - given.zero_fraction) * 0.5 * (given.low + given.high)
        case PerFeatureData():
            found = fmean(given.means)
        case ExplicitData():
            found = fmean(number for row in given.values for number in row)
    return found


def _spreads(given: ExplicitData) -> list[float]:
    """The standard deviation of every column."""
    return [pstdev(column) for column in zip(*given.values, strict=True)]


def _is_off(given: Data, mean: float, std: float) -> bool:
    """Whether the data, or one of its features, is far from mean 0 and standard deviation 1."""
    low, high = _STANDARD
    if isinstance(given, ExplicitData) and not any(_spreads(given)):
        return False  # one sample, or several that are the same: there is nothing to divide by
    if isinstance(given, PerFeatureData):
        pairs = zip(given.means, given.stds, strict=True)
        return any(abs(one) > _LARGEST_MEAN * size or not low <= size <= high for one, size in pairs)
    return abs(mean) > _LARGEST_MEAN * std or not low <= std <= high


def _standardised(given: Data, mean: float, std: float) -> Json:
    """The same data less its mean and over its standard deviation; pixels over their largest value."""
    match given:
        case UniformData():
            return {"kind": "uniform", "low": -short(_ROOT_3, 1e-4), "high": short(_ROOT_3, 1e-4)}
        case BernoulliData():
            low, high = (short((one - mean) / std, 1e-4) for one in (given.low, given.high))
            return {"kind": "bernoulli", "p": given.p, "low": low, "high": high}
        case PixelData():
            size = max(abs(given.low), abs(given.high))
            ends = {"low": given.low / size, "high": given.high / size}
            return {"kind": "pixels", "zero_fraction": given.zero_fraction, **ends}
        case PerFeatureData():
            count = len(given.means)
            return {"kind": "per_feature", "means": [0.0] * count, "stds": [1.0] * count}
        case ExplicitData():
            return {"kind": "explicit", "values": _standard_rows(given)}
    return {"kind": "gaussian"}


def _standard_rows(given: ExplicitData) -> list[list[float]]:
    """Every column less its mean and over its standard deviation; one of a single value is 0."""
    columns = []
    for column in zip(*given.values, strict=True):
        mean, std = fmean(column), pstdev(column)
        columns.append([float(f"{(one - mean) / std:.6g}") if std > 0.0 else 0.0 for one in column])
    return [list(row) for row in zip(*columns, strict=True)]


def _code(name: str, given: Data, mean: float, std: float) -> str:
    """The line that does it."""
    if isinstance(given, PixelData):
        return f"{name} = {name} / {max(abs(given.low), abs(given.high)):g}"
    if isinstance(given, ExplicitData) and not all(_spreads(given)):
        return f"{name} = ({name} - {name}.mean(0)) / ({name}.std(0) + 1e-8)"  # a column of one value becomes 0
    if isinstance(given, ExplicitData | PerFeatureData):
        return f"{name} = ({name} - {name}.mean(0)) / {name}.std(0)"
    return f"{name} = ({name} - {short(mean, 1e-3):g}) / {short(std, 1e-3):g}"
