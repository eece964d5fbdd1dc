"""The gradients of a model as a test: where they vanish or explode, pytest prints the verdict with its reasons."""

import pytest

from service.imports.check import check

torch = pytest.importorskip("torch")


def make_net():
    """The network that is to be trained, with new weights at each call."""
    layers = []
    for _ in range(8):
        linear = torch.nn.Linear(64, 64)
        torch.nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        torch.nn.init.zeros_(linear.bias)
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(64, 10))


def test_gradients_arrive_at_the_first_layer():
    """They neither vanish nor explode on their way, and such networks learn."""
    checked = check(make_net, torch.zeros(8, 64), loss="cross_entropy_with_logits", optimiser="adam")
    checked.raise_for("vanishing", "exploding", risk=0.5)
