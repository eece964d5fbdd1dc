"""PyTorch as a user writes it: a loop over trials, a backward hook on every layer, autograd for the weights."""

from collections.abc import Callable
from math import sqrt
from typing import Any

import torch
from torch import nn

from benchmarks.contestants.norms import Norms
from benchmarks.shapes import Shape


def prepare(shape: Shape, precision: str) -> Callable[[], Norms]:
    """The loop, to be run as often as one likes; the modules are made once and drawn anew for each trial.

    The inputs require a gradient because PyTorch would warn, and be slow, if a hook had none to show.
    """
    dtype = getattr(torch, precision)
    network = _network(shape).to(dtype)
    layers = [module for module in network if isinstance(module, nn.Linear)]
    deltas: list[Any] = []
    for layer in layers:
        layer.register_full_backward_hook(lambda module, into, out: deltas.append(out[0].norm()))

    def run() -> Norms:
        delta, weight_gradient = [], []
        for _ in range(shape.trials):
            deltas.clear()
            for layer in layers:
                nn.init.normal_(layer.weight, std=1.0 / sqrt(layer.in_features))
            inputs = torch.randn(shape.samples, shape.units, dtype=dtype)
            targets = torch.randn(shape.samples, 1, dtype=dtype)
            network.zero_grad()
            (network(inputs.requires_grad_()) - targets).square().sum().backward()
            delta.append(torch.stack(deltas[::-1]))
            weight_gradient.append(torch.stack([layer.weight.grad.norm() for layer in layers]))
        return Norms.of(torch.stack(delta).numpy(), torch.stack(weight_gradient).numpy(), shape.samples)

    return run


def _network(shape: Shape) -> nn.Sequential:
    modules: list[nn.Module] = []
    for _ in range(shape.hidden):
        modules += [nn.Linear(shape.units, shape.units, bias=False), nn.Tanh()]
    return nn.Sequential(*modules, nn.Linear(shape.units, 1, bias=False))
