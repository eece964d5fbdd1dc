"""PyTorch as an expert writes it: all trials in one batched product, and the backward pass by hand."""

from collections.abc import Callable
from functools import partial
from math import sqrt

import torch

from benchmarks.contestants.norms import Norms
from benchmarks.shapes import Shape


def prepare(shape: Shape, precision: str) -> Callable[[], Norms]:
    """The passes, to be run as often as one likes."""
    return partial(_run, shape, precision)


@torch.no_grad()
def _run(shape: Shape, precision: str) -> Norms:
    """Norms of every layer in every trial; weights are (trials, fan_in, fan_out)."""
    trials, units, dtype = shape.trials, shape.units, getattr(torch, precision)
    fan_outs = [units] * shape.hidden + [1]
    weights = [torch.randn(trials, units, fan_out, dtype=dtype).mul_(1.0 / sqrt(units)) for fan_out in fan_outs]
    signals = [torch.randn(trials, shape.samples, units, dtype=dtype)]
    for weight in weights[:-1]:
        signals.append(torch.bmm(signals[-1], weight).tanh_())
    targets = torch.randn(trials, shape.samples, 1, dtype=dtype)
    delta = 2.0 * (torch.bmm(signals[-1], weights[-1]) - targets)
    deltas, weight_gradients = [], []
    for index in reversed(range(len(weights))):
        deltas.append(_norms(delta))
        weight_gradients.append(_norms(torch.bmm(signals[index].mT, delta)))
        if index > 0:
            delta = torch.bmm(delta, weights[index].mT)
            delta.addcmul_(delta * signals[index], signals[index], value=-1.0)
    stacked = [torch.stack(norms[::-1], dim=1).numpy() for norms in (deltas, weight_gradients)]
    return Norms.of(*stacked, shape.samples)


def _norms(values: torch.Tensor) -> torch.Tensor:
    return torch.linalg.vector_norm(values, dim=(1, 2))
