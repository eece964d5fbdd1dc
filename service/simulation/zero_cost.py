"""Measures at initialisation that are published as predictors of training, each with how well it predicts failure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import isfinite, prod
from typing import NamedTuple

import numpy as np

from service.core.arrays import Array
from service.core.kinds import Double, Model
from service.nn.activations.smooth import Linear
from service.nn.layers.base import Built, Chain, Node
from service.nn.layers.batch_norm import BatchNorm
from service.nn.layers.dropout import Dropout
from service.nn.layers.normalisation import Normalisation
from service.nn.losses import Loss
from service.nn.optimizers import SgdOptimizer
from service.nn.shapes import TokensShape
from service.simulation.descent import SilentProbe, Slope, Trained, loss_of, slope
from service.simulation.drawing import Drawn
from service.simulation.plan import Plan

_SAMPLES = 16
"""Of the batch, for gradients sample by sample."""
_MOST_NUMBERS = 5e7
"""Gradients of single samples, and of absolute weights, are not computed where they are more numbers than this."""


class ZeroCostMeasure(Model):
    """A published measure of a network at initialisation, and how well such numbers predict failure."""

    name: str
    """What it is called."""
    number: Double | None
    """Of the first trial; null where it is not finite, too long to compute, or not defined for such a network."""
    definition: str
    """How it is computed here."""
    source: str
    """Who proposed it."""
    auc_sgd: Double
    """Area under the ROC curve, for failures of 763 networks of eight families trained by gradient descent."""
    auc_adam: Double
    """The same with Adam; `failure_risk` has 0.932 and 0.933."""


@dataclass(frozen=True)
class Passed:
    """A drawn network of one trial, and what both passes say of its loss."""

    made: Plan
    network: Drawn
    slope: Slope

    @property
    def weights(self) -> list[tuple[Array, Array]]:
        """Every matrix of weights with its gradient, of one shape each."""
        arrays = {
            (one.row, name): array for one in built(self.network.chain.nodes) for name, array in one.named.items()
        }
        places = [place for place in sorted(self.slope.gradients) if place[1].endswith("weights")]
        return [(arrays[place][0], self.slope.gradients[place][0]) for place in places]


def zero_cost_measures(passed: Passed) -> list[ZeroCostMeasure]:
    """All of them; numbers that are not finite are null."""
    found = []
    for one in _MEASURES:
        number = one.number(passed)
        known = number if number is not None and isfinite(number) else None
        found.append(ZeroCostMeasure(name=one.name, number=known, **one.facts._asdict()))
    return found


def built(nodes: Iterable[Built]) -> list[Built]:
    """All nodes, and those inside them."""
    return [one for node in nodes for one in (node, *(inner for chain in node.chains for inner in built(chain.nodes)))]


class _OutputSum(Loss):
    """The sum of all outputs, in place of a loss."""

    def value(self, prediction: Array, target: Array) -> Array:
        summed: Array = prediction.sum(axis=-1)
        return summed

    def gradient(self, prediction: Array, target: Array) -> Array:
        return np.ones_like(prediction)


_SUM = _OutputSum(kind="output_sum")


def _stripped(chain: Chain, without: tuple[type[Node], ...], arrays: Callable[[Built], list[Array]]) -> Chain:
    """The chain without nodes of some kinds, with other arrays, (trials, *shape), and so inside its blocks."""
    kept = [one for one in chain.nodes if not isinstance(one.node, without)]
    changed = [
        replace(one, arrays=arrays(one), chains=[_stripped(inner, without, arrays) for inner in one.chains])
        for one in kept
    ]
    return Chain(changed)


def _linear_at_the_end(chain: Chain) -> Chain:
    """The chain without the activation of its last node."""
    *front, last = chain.nodes
    if last.node.output_activation is None:
        return chain
    return Chain([*front, replace(last, node=last.node.model_copy(update={"activation": Linear()}))])


def _as_drawn(one: Built) -> list[Array]:
    return list(one.arrays)


def _grad_norm(passed: Passed) -> float:
    return float(sum(np.linalg.norm(gradient.ravel()) for _, gradient in passed.weights))


def _snip(passed: Passed) -> float:
    return float(sum(np.abs(weights * gradient).sum() for weights, gradient in passed.weights))


def _synflow(passed: Passed) -> float | None:
    if passed.made.parameters > _MOST_NUMBERS or isinstance(passed.made.spec.network.input, TokensShape):
        return None
    network = passed.network
    chain = _stripped(network.chain, (Dropout, Normalisation), lambda one: [np.abs(array) for array in one.arrays])
    ones = np.ones_like(network.inputs[:, :1])
    once = replace(network, chain=_linear_at_the_end(chain), inputs=ones, targets=network.targets[:, :1])
    whole = Passed(passed.made, once, slope(once, _SUM))
    return _snip(whole) * prod(network.out[:-1])


def _first_step(passed: Passed) -> float | None:
    if passed.made.parameters > _MOST_NUMBERS:
        return None
    optimizer = SgdOptimizer()
    before = Trained.start(passed.network, optimizer)
    after = before.stepped(passed.slope.gradients, optimizer, np.array([SgdOptimizer.usual_rate]))
    return float(loss_of(after.network, passed.made.spec.loss)[0] / passed.slope.loss[0])


def _ntk_condition(passed: Passed) -> float | None:
    """Samples take the place of trials: each has a gradient of its own."""
    network, count = passed.network, min(_SAMPLES, passed.made.samples)
    batches = any(isinstance(one.node, BatchNorm) for one in built(network.chain.nodes))
    if count < 2 or batches or count * passed.made.parameters > _MOST_NUMBERS:
        return None
    chain = _linear_at_the_end(_stripped(network.chain, (Dropout,), _as_drawn))
    inputs, targets = (np.swapaxes(one[:1, :count], 0, 1) for one in (network.inputs, network.targets))
    each = slope(replace(network, chain=chain, inputs=inputs, targets=targets), _SUM).gradients.values()
    rows = [np.broadcast_to(one, (count, *one.shape[1:])).reshape(count, -1) for one in each]
    kernel = sum((one @ one.T for one in rows), start=np.zeros((count, count)))
    if not np.isfinite(kernel).all():
        return None
    values = np.linalg.eigvalsh(kernel)
    return float(values[-1] / values[0]) if values[0] > 0.0 else None


def _effective_rank(passed: Passed) -> float | None:
    *front, _ = passed.network.chain.nodes
    head = _stripped(Chain(front), (Dropout,), _as_drawn).forward(passed.network.inputs, SilentProbe())[0][0]
    centred = head - head.mean(axis=0)
    if not np.isfinite(centred).all():
        return None
    sizes = np.linalg.svd(centred, compute_uv=False)
    if not sizes.sum() > 0.0:
        return None
    shares = sizes[sizes > 0.0] / sizes.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


class _Facts(NamedTuple):
    definition: str
    source: str
    auc_sgd: float
    auc_adam: float


class _Measure(NamedTuple):
    name: str
    number: Callable[[Passed], float | None]
    facts: _Facts


_MEASURES = (
    _Measure(
        "grad_norm",
        _grad_norm,
        _Facts("Σ over layers of ‖∂e/∂W‖, of the mean loss", "Abdelfattah et al. 2021", 0.77, 0.71),
    ),
    _Measure("snip", _snip, _Facts("Σ |w · ∂e/∂w| over all weights, of the mean loss", "Lee et al. 2019", 0.77, 0.72)),
    _Measure(
        "synflow",
        _synflow,
        _Facts(
            "Σ |w| · ∂R/∂|w|, R the sum of outputs for an input of ones, without norms",
            "Tanaka et al. 2020",
            0.73,
            0.70,
        ),
    ),
    _Measure(
        "gradinit",
        _first_step,
        _Facts(
            "the loss after one step of gradient descent at the usual rate, over the loss before",
            "Zhu et al. 2021",
            0.79,
            0.67,
        ),
    ),
    _Measure(
        "ntk_condition",
        _ntk_condition,
        _Facts("largest over smallest eigenvalue of the tangent kernel of 16 samples", "Chen et al. 2021", 0.80, 0.77),
    ),
    _Measure(
        "effective_rank",
        _effective_rank,
        _Facts(
            "exp of the entropy of the singular values of what enters the output layer",
            "Roy & Vetterli 2007",
            0.76,
            0.74,
        ),
    ),
)
