"""What blocks, chains of layers and steps of time do to a wide signal and to the square of a gradient.

Branches of random weights of their own are independent: squares add up, and so do the squares of gradients.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from math import log10, nan, sqrt

from service.nn.cells import CellKind
from service.nn.layers.each_step import EachStep
from service.nn.layers.parallel import Merge, Parallel
from service.nn.layers.recurrent import Recurrent
from service.nn.layers.residual import Residual
from service.nn.layers.transformer_block import TransformerBlock
from service.theory.passages import Passage, Placed, Setting, behind, inward, inward_of, nothing, then
from service.theory.signals import LARGEST_VARIANCE, Averages, Signal


def through(chain: Sequence[Placed], x: Signal, setting: Setting) -> Passage:
    """The way through all nodes of a chain."""
    return reduce(lambda found, at: then(found, across(at, found.signal, setting)), chain, Passage(x))


def across(at: Placed, x: Signal, setting: Setting) -> Passage:
    """The way through a node and its activation."""
    found = inward(at, x, setting)
    return then(found, behind(at, found.signal, setting))


@inward_of.register
def _(node: Residual, at: Placed, x: Signal, setting: Setting) -> Passage:
    branch, shortcut = (through(chain, x, setting) for chain in at.chains)
    return _sum([shortcut, branch], [1.0, node.branch_scale])


@inward_of.register
def _(node: Parallel, at: Placed, x: Signal, setting: Setting) -> Passage:
    if node.merge in (Merge.MULTIPLY, Merge.MAXIMUM) or sum(not chain for chain in at.chains) > 1:
        return nothing(f"No theory is known of {node.merge} in {node.kind}, the layer at {at.path}.")
    found = [through(chain, x, setting) for chain in at.chains]
    if node.merge is not Merge.CONCAT:
        return _sum(found, [1.0 if node.merge is Merge.ADD else 1.0 / len(found)] * len(found))
    widths = [(chain[-1].out if chain else at.shape)[-1] / at.out[-1] for chain in at.chains]
    whole = _sum(found, [sqrt(width) for width in widths])
    signals = [one.signal for one in found]
    mean = sum(width * one.mean for width, one in zip(widths, signals, strict=True))
    side = Signal(
        sum(width * one.square for width, one in zip(widths, signals, strict=True)),
        mean,
        sum(width * one.common for width, one in zip(widths, signals, strict=True)),
        whole.signal.gaussian and max(one.square for one in signals) == min(one.square for one in signals),
        whole.signal.reason,
    )
    return replace(whole, signal=side, drifts=any(one.drifts for one in found))


def _sum(parts: Sequence[Passage], scales: Sequence[float]) -> Passage:
    """Independent branches, each times its scale, added up; their means are those of all features alike."""
    signals = [one.signal for one in parts]
    pairs = list(zip(scales, signals, strict=True))
    mean = sum(scale * one.mean for scale, one in pairs)
    beyond = mean**2 - sum((scale * one.mean) ** 2 for scale, one in pairs)  # means meet; all else is independent
    added = Signal(
        sum(scale**2 * one.square for scale, one in pairs) + beyond,
        mean,
        sum(scale**2 * one.common for scale, one in pairs) + beyond,
        all(one.gaussian for one in signals),
        next((one.reason for one in signals if one.reason), None),
    )
    return Passage(
        added,
        sum(scale**2 * one.factor for scale, one in zip(scales, parts, strict=True)),
        next((one.reason for one in parts if one.reason), None),
        max(one.doubt for one in parts),
        any(one.drifts for one in parts) or any(scale * one.mean != 0.0 for scale, one in pairs[1:]),
    )


@inward_of.register
def _(node: EachStep | TransformerBlock, at: Placed, x: Signal, setting: Setting) -> Passage:
    return through(at.chains[0], x, setting)


def over_time(at: Placed, x: Signal, averages: Averages) -> float | None:
    """Decades from the last step of a plain recurrent layer to the first, ½·log10 χ for each; None without a theory."""
    node, (steps, features) = at.node, at.shape
    if not isinstance(node, Recurrent) or node.cell is not CellKind.RNN:
        return None
    drawn = {one.name.removeprefix("backward_"): one for one in at.parameters}
    variances = {name: one.initializer.variance(one.fan_in, one.fan_out) for name, one in drawn.items()}
    if None in variances.values():
        return None
    known = {name: variance or 0.0 for name, variance in variances.items()}
    driven = features * known["weights"] * x.square + known.get("bias", 0.0) + known.get("recurrent_bias", 0.0)
    gain, decades, remembered = node.units * known["recurrent_weights"], 0.0, 0.0
    for step in range(steps):
        h, slope, _ = averages.behind(node.activation, Signal.normal(driven + gain * remembered, nan))
        if not 0.0 < gain * slope < LARGEST_VARIANCE:
            return None
        decades += 0.5 * log10(gain * slope) if step else 0.0
        remembered = h.square
    return decades
