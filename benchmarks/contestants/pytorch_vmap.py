"""PyTorch as an expert writes it, for networks of any layers: `torch.func.vmap` of the gradient over all trials."""

from collections.abc import Callable
from math import sqrt

import torch
from torch import nn
from torch.func import functional_call, grad, vmap

from benchmarks.contestants.modules import modules_of, weights_of
from benchmarks.contestants.norms import Norms
from benchmarks.contestants.pytorch_layers import loss_of
from benchmarks.shapes import Layers

Tensors = dict[str, torch.Tensor]


def prepare(shape: Layers, precision: str) -> Callable[[], Norms]:
    """The passes of all trials, to be run as often as one likes; delta is the gradient of a zero that is added."""
    dtype = getattr(torch, precision)
    modules, hidden, size = modules_of(shape.network, native=False)
    network = _Shifted(modules, hidden).to(dtype)
    weighted = weights_of(network)
    batch = shape.samples, *size
    shapes = network.outputs(torch.zeros(batch, dtype=dtype))

    def loss(weights: Tensors, shifts: Tensors, x: torch.Tensor) -> torch.Tensor:
        return loss_of(functional_call(network, weights, (x, shifts)))

    def run() -> Norms:
        weights = {
            name: torch.randn(shape.trials, *one.shape, dtype=dtype) / sqrt(one[0].numel())
            for name, one in network.named_parameters()
        }
        shifts = {name: torch.zeros(shape.trials, *one, dtype=dtype) for name, one in shapes.items()}
        inputs = torch.randn(shape.trials, *batch, dtype=dtype)
        with torch.no_grad():
            both = vmap(grad(loss, argnums=(0, 1)), randomness="different")(weights, shifts, inputs)
        found = {name: one.flatten(1).norm(dim=1) for part in both for name, one in part.items()}
        delta = torch.stack([found[name] for name in shapes], dim=1)
        gradients = [torch.stack([found[name] for name in names]).norm(dim=0) for names in weighted]
        return Norms.of(delta.numpy(), torch.stack(gradients, dim=1).numpy(), shape.samples)

    return run


class _Shifted(nn.Module):
    """Modules one behind the other, with something added to what comes out of hidden ones."""

    def __init__(self, modules: list[nn.Module], hidden: list[bool]) -> None:
        super().__init__()
        self.all = nn.ModuleList(modules)
        self.hidden = hidden

    def forward(self, x: torch.Tensor, shifts: Tensors) -> torch.Tensor:
        for place, module in enumerate(self.all):
            x = module(x)
            x = x + shifts[f"shift {place}"] if self.hidden[place] else x
        return x

    def outputs(self, x: torch.Tensor) -> dict[str, tuple[int, ...]]:
        """The shapes of what comes out of hidden modules, by the names of their shifts."""
        found = {}
        for place, module in enumerate(self.all):
            x = module(x)
            if self.hidden[place]:
                found[f"shift {place}"] = tuple(x.shape)
        return found
