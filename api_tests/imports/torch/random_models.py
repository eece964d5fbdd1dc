"""Random networks of PyTorch, each a list of modules behind one another, of which any output can be looked at."""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn


class Drawn(NamedTuple):
    """A function that makes a network afresh, and one that draws a batch of its inputs."""

    make: Callable[[], nn.Sequential]
    inputs: Callable[[int], torch.Tensor]


class Residual(nn.Module):
    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*layers)

    def forward(self, x: Any) -> Any:
        return x + self.inner(x)


class Attention(nn.Module):
    def __init__(self, features: int, heads: int, norm: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(features) if norm else nn.Identity()
        self.attention = nn.MultiheadAttention(features, heads, batch_first=True)

    def forward(self, x: Any) -> Any:
        y = self.norm(x)
        return self.attention(y, y, y, need_weights=False)[0]


class Recurrent(nn.Module):
    def __init__(self, cell: type[nn.RNNBase], features: int, units: int, both: bool) -> None:
        super().__init__()
        self.cell = cell(features, units, batch_first=True, bidirectional=both)

    def forward(self, x: Any) -> Any:
        return self.cell(x)[0]


class LastStep(nn.Module):
    def forward(self, x: Any) -> Any:
        return x[:, -1]


class MeanOfSteps(nn.Module):
    def forward(self, x: Any) -> Any:
        return x.mean(dim=1)


ACTIVATIONS: list[Callable[[], nn.Module]] = [nn.ReLU, nn.Tanh, nn.GELU, nn.SiLU, nn.ELU, lambda: nn.LeakyReLU(0.1)]
INITIALISERS: list[Callable[[torch.Tensor], Any] | None] = [
    None,
    None,
    nn.init.xavier_uniform_,
    nn.init.xavier_normal_,
    lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
    lambda w: nn.init.kaiming_uniform_(w, mode="fan_out"),
    nn.init.orthogonal_,
    lambda w: nn.init.trunc_normal_(w, std=0.05, a=-0.1, b=0.1),
    lambda w: nn.init.normal_(w, std=0.07),
]


def initialised(model: nn.Sequential, rule: Callable[[torch.Tensor], Any] | None) -> nn.Sequential:
    for one in model.modules():
        if rule is not None and isinstance(one, nn.Linear | nn.Conv2d | nn.Conv1d):
            rule(one.weight)
            if one.bias is not None:
                nn.init.zeros_(one.bias)
    return model


def stack(dice: random.Random) -> Drawn:
    width, depth = dice.choice([64, 96]), dice.randint(3, 6)
    act, rule = dice.choice(ACTIVATIONS), dice.choice(INITIALISERS)
    norm = dice.choice([None, nn.LayerNorm, nn.BatchNorm1d, nn.RMSNorm])
    bias, dropped = dice.random() < 0.8, dice.choice([0.0, 0.1])

    def make() -> nn.Sequential:
        layers: list[nn.Module] = [nn.Linear(20, width)]
        for _ in range(depth):
            layers += [*([norm(width)] if norm else []), act(), *([nn.Dropout(dropped)] if dropped else [])]
            layers.append(nn.Linear(width, width, bias=bias))
        return initialised(nn.Sequential(*layers, act(), nn.Linear(width, 3)), rule)

    return Drawn(make, lambda count: torch.randn(count, 20))


def convolutions(dice: random.Random) -> Drawn:
    width, depth = dice.choice([16, 24]), dice.randint(2, 4)
    act, rule = dice.choice(ACTIVATIONS), dice.choice(INITIALISERS)
    norm = dice.choice(
        [None, nn.BatchNorm2d, lambda n: nn.GroupNorm(4, n), lambda n: nn.InstanceNorm2d(n, affine=True)]
    )
    pool = dice.choice([lambda: nn.MaxPool2d(2), lambda: nn.AvgPool2d(2), lambda: nn.MaxPool2d(3, 2, 1)])
    groups = dice.choice([1, 1, 4, width])
    flat = dice.random() < 0.5

    def make() -> nn.Sequential:
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1)]
        for n in range(depth):
            layers += [*([norm(width)] if norm else []), act(), *([pool()] if n == 0 else [])]
            layers.append(nn.Conv2d(width, width, 3, padding=dice_free(n), groups=groups if n == 1 else 1))
        end = [nn.Flatten()] if flat else [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        layers += [act(), *end]
        features = nn.Sequential(*layers).eval()(torch.zeros(1, 3, 12, 12)).shape[1]
        return initialised(nn.Sequential(*layers, nn.Linear(features, 4)), rule)

    return Drawn(make, lambda count: torch.randn(count, 3, 12, 12))


def dice_free(n: int) -> int | str:
    return "same" if n % 2 else 1


def residual(dice: random.Random) -> Drawn:
    width, depth, act = dice.choice([64, 96]), dice.randint(2, 5), dice.choice(ACTIVATIONS)
    norm = dice.choice([nn.LayerNorm, nn.BatchNorm1d])

    def make() -> nn.Sequential:
        blocks = [
            Residual(norm(width), act(), nn.Linear(width, width), act(), nn.Linear(width, width)) for _ in range(depth)
        ]
        return nn.Sequential(nn.Linear(10, width), *blocks, norm(width), nn.Linear(width, 2))

    return Drawn(make, lambda count: torch.randn(count, 10))


def recurrent(dice: random.Random) -> Drawn:
    cell, units, both = dice.choice([nn.LSTM, nn.GRU, nn.RNN]), dice.choice([32, 48]), dice.random() < 0.4
    depth, mean = dice.randint(2, 3), dice.random() < 0.5

    def make() -> nn.Sequential:
        wide = units * (1 + both)
        layers = [Recurrent(cell, 8 if n == 0 else wide, units, both) for n in range(depth)]
        return nn.Sequential(*layers, MeanOfSteps() if mean or both else LastStep(), nn.Linear(wide, 3))

    return Drawn(make, lambda count: torch.randn(count, 7, 8))


def transformer(dice: random.Random) -> Drawn:
    features, heads, depth, norm = 48, dice.choice([1, 4, 6]), dice.randint(1, 3), dice.random() < 0.6

    def make() -> nn.Sequential:
        layers: list[nn.Module] = [nn.Embedding(30, features)]
        for _ in range(depth):
            layers += [
                Residual(Attention(features, heads, norm)),
                Residual(nn.LayerNorm(features), nn.Linear(features, 96), nn.GELU(), nn.Linear(96, features)),
            ]
        return nn.Sequential(*layers, nn.LayerNorm(features), MeanOfSteps(), nn.Linear(features, 3))

    return Drawn(make, lambda count: torch.randint(0, 30, (count, 9)))


FAMILIES = [stack, convolutions, residual, recurrent, transformer]


def drawn(number: int) -> Drawn:
    """The random network of that number."""
    return FAMILIES[number % len(FAMILIES)](random.Random(number))
