"""PyTorch's modules for the networks of `Layers`, images with their channels first."""

from collections.abc import Callable, Iterator
from math import prod, sqrt
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from benchmarks.shapes import Json

Shape = tuple[int, ...]


def modules_of(network: Json, native: bool) -> tuple[list[nn.Module], list[bool], Shape]:
    """The modules of a network one behind the other, which of them are hidden layers, and the shape of an input.

    An lstm and the heart of attention are PyTorch's own where they are `native`, and written out elsewhere.
    """
    given = {name: size for name, size in network["input"].items() if name != "kind"}
    shape = tuple(given.values())
    if len(shape) == 3:
        shape = (given["channels"], given["height"], given["width"])
    whole = [part for one in _unrolled(network["layers"]) for part in _apart(one)]
    starts = [place for place, one in enumerate(whole) if one["kind"] not in _FOLLOWERS]
    plain = all(one["kind"] in ("convolution", "dense", *_PLAIN) for one in whole)
    ends = [next_start - 1 for next_start in starts[1:]]
    hidden = {start if "layers" in whole[start] or plain else end for start, end in zip(starts, ends, strict=False)}
    found, after = _built(whole, shape, native)
    assert after == (*after[:-1], 1)
    return found, [place in hidden for place in range(len(whole))], shape


def draw(module: nn.Module) -> None:
    """N(0, 1/fan_in) for every matrix and kernel; PyTorch's have what comes out as their first axis."""
    for weight in module.parameters():
        nn.init.normal_(weight, std=1.0 / sqrt(weight[0].numel()))


def weights_of(module: nn.Module) -> list[list[str]]:
    """The names of the parameters of everything that has weights, in the order it is computed in."""
    names = {id(weight): name for name, weight in module.named_parameters()}
    return [[names[id(weight)] for weight in one.parameters()] for one in _leaves(module)]


def _leaves(module: nn.Module) -> Iterator[nn.Module]:
    if isinstance(module, _Attention | _Lstm | nn.LSTM | nn.Linear | nn.Conv2d):
        yield module
    else:
        for child in module.children():
            yield from _leaves(child)


_FOLLOWERS = {"activation", "batch_norm", "flatten", "global_pooling", "layer_norm", "pooling"}
_PLAIN = {"activation", "flatten", "global_pooling", "pooling"}


def _unrolled(layers: list[Json]) -> Iterator[Json]:
    for one in layers:
        yield from (
            (inner for _ in range(one["times"]) for inner in _unrolled(one["layers"]))
            if (one["kind"] == "repeat")
            else [one]
        )


def _apart(one: Json) -> list[Json]:
    """A layer and its activation, of which a plain stack is measured in front."""
    if one["kind"] not in ("convolution", "dense") or "activation" not in one:
        return [one]
    return [{name: value for name, value in one.items() if name != "activation"}, {"kind": "activation"}]


def _built(layers: list[Json], shape: Shape, native: bool) -> tuple[list[nn.Module], Shape]:
    found: list[nn.Module] = []
    for one in _unrolled(layers):
        module, shape = _MAKERS[one["kind"]](one, shape, native)
        found.append(module)
    return found, shape


def _bent(module: nn.Module, one: Json) -> nn.Module:
    return nn.Sequential(module, nn.ReLU()) if one.get("activation", {}).get("kind") == "relu" else module


def _dense(one: Json, shape: Shape, native: bool) -> tuple[nn.Module, Shape]:
    return _bent(nn.Linear(shape[-1], one["units"], bias=False), one), (*shape[:-1], one["units"])


def _convolution(one: Json, shape: Shape, native: bool) -> tuple[nn.Module, Shape]:
    size, stride = one["size"][0], one.get("stride", [1])[0]
    kernel = nn.Conv2d(shape[0], one["filters"], size, stride, size // 2, bias=False)
    height, width = ((length - 1) // stride + 1 for length in shape[1:])
    return _bent(kernel, one), (one["filters"], height, width)


def _residual(one: Json, shape: Shape, native: bool) -> tuple[nn.Module, Shape]:
    branch, after = _built(one["layers"], shape, native)
    shortcut, _ = _built(one.get("shortcut", []), shape, native)
    return _bent(_Sum(nn.Sequential(*branch), nn.Sequential(*shortcut)), one), after


def _lstm(one: Json, shape: Shape, native: bool) -> tuple[nn.Module, Shape]:
    return (_Last if native else _Lstm)(shape[-1], one["units"]), (one["units"],)


def _block(one: Json, shape: Shape, native: bool) -> tuple[nn.Module, Shape]:
    width, inner = shape[-1], one["mlp_units"]
    mlp = [nn.Linear(width, inner, bias=False), nn.GELU(), nn.Linear(inner, width, bias=False)]
    branches = [[_Norm(), _Attention(width, one["heads"], native)], [_Norm(), *mlp]]
    return nn.Sequential(*(_Sum(nn.Sequential(*branch), nn.Sequential()) for branch in branches)), shape


def _same(module: Callable[[], nn.Module]) -> Callable[..., tuple[nn.Module, Shape]]:
    return lambda one, shape, native: (module(), shape)


class _Sum(nn.Module):
    def __init__(self, branch: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.branch, self.shortcut = branch, shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shortcut(x) + self.branch(x)


class _Norm(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.layer_norm(x, x.shape[-1:])


class _BatchNorm(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.batch_norm(x, None, None, training=True)


class _Mean(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=(-2, -1))


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int, native: bool) -> None:
        super().__init__()
        self.heads, self.native = heads, native
        self.into, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        samples, steps, width = x.shape
        parts = self.into(x).reshape(samples, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k, v = parts[0], parts[1], parts[2]
        if self.native:
            mixed = functional.scaled_dot_product_attention(q, k, v)
        else:  # of PyTorch's own, no batched version is known to vmap
            mixed = torch.softmax(q @ k.mT / sqrt(q.shape[-1]), dim=-1) @ v
        return self.out(mixed.transpose(1, 2).reshape(samples, steps, width))


class _Last(nn.Module):
    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.run = nn.LSTM(features, units, bias=False, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.run(x)[0][:, -1]


class _Lstm(nn.Module):
    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.driven, self.recurrent = (nn.Linear(one, 4 * units, bias=False) for one in (features, units))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        driven = self.driven(x)
        h = c = torch.zeros_like(driven[:, 0, : driven.shape[-1] // 4])
        for step in range(x.shape[1]):
            i, f, g, o = (driven[:, step] + self.recurrent(h)).chunk(4, dim=-1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return h


_MAKERS: dict[str, Callable[[Any, Shape, bool], tuple[nn.Module, Shape]]] = {
    "dense": _dense,
    "convolution": _convolution,
    "residual": _residual,
    "recurrent": _lstm,
    "transformer_block": _block,
    "batch_norm": _same(_BatchNorm),
    "activation": _same(nn.ReLU),
    "flatten": lambda one, shape, native: (nn.Flatten(), (prod(shape),)),
    "global_pooling": lambda one, shape, native: (_Mean(), shape[:1]),
}
