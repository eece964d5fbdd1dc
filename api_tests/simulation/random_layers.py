"""Random layers of every kind that holds no others, as a client writes them, each with the shape that comes out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from api_tests.nn.given_layers import Json, asked, standalone
from api_tests.nn.node_cases import network
from service.core.arrays import Shape
from service.nn.activations import Activation
from service.nn.activations.smooth import Sigmoid, Sin, Tanh
from service.simulation.spec import Network

WIDEST, LARGEST = 6, 40
GATES: list[Activation] = [Sigmoid(), Tanh(), Sin()]
KERNELS = ["convolution", "depthwise_convolution", "transposed_convolution"]
_WEIGHTS = ["he_normal", "lecun_uniform", "glorot_normal", "orthogonal", "normal"]
_EPSILONS = [1e-3, 0.1, 1.0]  # two values less their mean are opposite: the smaller it is, the more of ∂e/∂x cancels

Grown = tuple[Json, Shape]


def out_of(layer: Json, shape: Shape) -> Shape:
    """The shape that comes out."""
    return Network.model_validate(network(shape, layer)).layers[0].out("", shape, [])


@dataclass(frozen=True)
class RandomLayers:
    """Draws layers; where `smooth`, those without kinks."""

    rng: np.random.Generator
    activations: list[Activation]
    smooth: bool

    def number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def width(self) -> int:
        return self.number(1, WIDEST)

    def one_of(self, several: Sequence[Any]) -> Any:
        return several[self.rng.integers(len(several))]

    def activation(self) -> Activation:
        return self.one_of(self.activations)  # type: ignore[no-any-return]

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def some(self, probability: float, **fields: Callable[[], Any]) -> Json:
        """Each of the fields with that probability."""
        return {name: made() for name, made in fields.items() if self.chance(probability)}

    def vector(self) -> Json:
        return {"kind": "normal", "std": 0.5}

    def matrix(self) -> Json:
        return {"kind": self.one_of(_WEIGHTS[:-1])}

    def bias(self) -> Json:
        return self.vector() if self.chance(0.7) else {"kind": "none"}

    def values(self, *shape: int, mean: float = 0.0, std: float = 1.0) -> Json:
        return {"kind": "explicit", "values": self.rng.normal(mean, std, shape).tolist()}

    def dense(self, width: int, units: int, activation: Activation) -> Json:
        kind = self.one_of([*_WEIGHTS, "explicit"])
        weights = self.values(width, units, std=width**-0.5) if kind == "explicit" else {"kind": kind}
        layer = {"kind": "dense", "units": units, "activation": asked(activation), "weights": weights}
        if self.chance(0.7):
            layer["bias"] = self.values(units) if self.chance(0.3) else self.bias()
        return layer

    def norm(self, kind: str, shape: Shape) -> Json:
        layer: Json = {"kind": kind}
        if kind == "group_norm":
            layer["groups"] = self.one_of([n for n in (1, 2, 3) if shape[-1] % n == 0 and n < prod(shape)])
        if kind == "batch_norm" and self.chance(0.3):
            layer["mode"] = "inference"
        few = shape[-1] <= 2 or kind in ("batch_norm", "group_norm")
        if few or self.chance(0.5):
            layer["epsilon"] = self.one_of(_EPSILONS)
        if self.chance(0.5):
            layer["gain"] = self.one_of(
                [self.values(shape[-1], mean=1.0, std=0.3), {"kind": "normal", "mean": 1}, {"kind": "none"}]
            )
            layer |= {} if kind == "rms_norm" else {"shift": self.bias()}
        return layer

    def _activation(self, shape: Shape) -> Grown:
        return standalone(self.activation()), shape

    def _prelu(self, shape: Shape) -> Grown:
        if self.smooth:
            return self._activation(shape)
        return {"kind": "prelu", **self.some(0.5, slope=self.vector)}, shape

    def _dropout(self, shape: Shape) -> Grown:
        return {"kind": "dropout", "rate": self.one_of([0.0, 0.2, 0.5])}, shape

    def _scale(self, shape: Shape) -> Grown:
        more = self.some(0.6, factor=lambda: self.one_of([-1.5, 0.5]), offset=lambda: self.one_of([-0.3, 1.0]))
        return {"kind": "scale", **more}, shape

    def _reshape(self, shape: Shape) -> Grown:
        n = prod(shape)
        two = [(a, n // a) for a in range(2, n) if n % a == 0]
        three = [(2, 2, n // 4)] if n % 4 == 0 and n > 4 else []
        out = self.one_of([(n,), *two, *two, *three, *three])
        return {"kind": "reshape", "shape": list(out)}, out

    def _flatten(self, shape: Shape) -> Grown:
        return {"kind": "flatten"}, (prod(shape),)

    def kernel(self, kind: str, shape: Shape) -> Grown:
        axes, channels, narrow = len(shape) - 1, shape[-1], min(shape[:-1])
        layer: Json = {"kind": kind, "size": [self.number(1, 3) for _ in range(self.one_of([1, axes]))]}
        layer |= self.some(0.4, stride=lambda: [self.number(1, 2)], dilation=lambda: [self.number(1, 2)])
        layer |= self.some(0.5, padding=lambda: self.one_of(["valid", "same", "causal"]), weights=self.matrix)
        layer |= self.some(0.7, bias=self.bias, activation=lambda: asked(self.activation()))
        reach = (max(layer["size"]) - 1) * layer.get("dilation", [1])[0] + 1
        if kind == "transposed_convolution":
            layer |= {} if prod(shape) <= LARGEST else {"padding": "same", "stride": [1]}
        elif layer.get("padding", "valid") == "valid" and reach > narrow:
            layer["size"] = [1]
        if self.chance(0.2) and layer.get("padding") is None and reach > 2:
            layer["pad"] = [self.number(0, 1) for _ in range(2 * axes)]
        if kind == "depthwise_convolution":
            layer |= self.some(0.5, multiplier=lambda: self.number(1, 2), fans=lambda: self.one_of(["all", "channel"]))
        else:
            layer["filters"] = self.number(1, 3)
        if kind == "convolution" and channels > 1 and self.chance(0.4):
            layer |= {"groups": channels, "filters": channels * self.number(1, 2)}
        return layer, out_of(layer, shape)

    def mode(self) -> str:
        return "average" if self.smooth else self.one_of(["average", "max"])  # type: ignore[no-any-return]

    def _pooling(self, shape: Shape) -> Grown:
        narrow = min(shape[:-1])
        layer = {"kind": "pooling", "size": [self.number(1, min(3, narrow))], "mode": self.mode()}
        more = self.some(0.4, stride=lambda: [self.number(1, 2)], padding=lambda: self.one_of(["same", "causal"]))
        return {**layer, **more}, out_of({**layer, **more}, shape)

    def _global_pooling(self, shape: Shape) -> Grown:
        return {"kind": "global_pooling", "mode": self.mode()}, shape[-1:]

    def _upsampling(self, shape: Shape) -> Grown:
        layer = {"kind": "upsampling", "size": [self.number(1, 2) if prod(shape) <= LARGEST else 1]}
        return layer, out_of(layer, shape)

    def _padding(self, shape: Shape) -> Grown:
        most = 1 if prod(shape) <= LARGEST else 0
        layer = {"kind": "padding", "pad": [self.number(0, most) for _ in range(2 * (len(shape) - 1))]}
        return layer, out_of(layer, shape)

    def _cropping(self, shape: Shape) -> Grown:
        crop = [n for length in shape[:-1] for n in (self.number(0, int(length > 2)), 0)]
        return {"kind": "cropping", "crop": crop}, out_of({"kind": "cropping", "crop": crop}, shape)

    def _position_embedding(self, shape: Shape) -> Grown:
        return {"kind": "position_embedding", **self.some(0.5, positions=self.vector)}, shape

    def _recurrent(self, shape: Shape) -> Grown:
        layer: Json = {"kind": "recurrent", "units": self.number(1, 3), "cell": self.one_of(["rnn", "lstm", "gru"])}
        layer |= self.some(
            0.5,
            returns=lambda: "sequence",
            direction=lambda: self.one_of(["backward", "both"]),
            weights=self.matrix,
            recurrent_weights=lambda: {"kind": "glorot_normal"},
            bias=self.bias,
            recurrent_bias=self.vector,
        )
        layer |= self.some(
            0.25,
            gates=lambda: "each",
            forget_bias=lambda: 1.0,
            reset_after=lambda: False,
            activation=lambda: asked(self.one_of(GATES)),
            gate_activation=lambda: asked(self.one_of(GATES)),
        )
        return layer, out_of(layer, shape)

    def _attention(self, shape: Shape) -> Grown:
        heads = self.number(1, 2)
        layer: Json = {"kind": "attention", "heads": heads}
        if shape[-1] % heads or self.chance(0.5):
            layer["key_units"] = self.number(1, 3)
        units = layer.get("key_units") or shape[-1] // heads
        layer |= {"positions": "rotary"} if units % 2 == 0 and self.chance(0.5) else {}
        more = self.some(0.5, causal=lambda: True, kv_heads=lambda: 1, bias=self.bias)
        return {**layer, **more, **self.some(0.3, weights=self.matrix, output_weights=self.matrix)}, shape

    def _transformer_block(self, shape: Shape) -> Grown:
        heads = self.one_of([one for one in (1, 2, 3) if shape[-1] % one == 0])
        layer: Json = {"kind": "transformer_block", "heads": heads, "mlp_units": self.width()}
        layer |= {"positions": "rotary"} if shape[-1] // heads % 2 == 0 and self.chance(0.5) else {}
        layer |= self.some(
            0.5,
            norm=lambda: "rms_norm",
            norm_first=lambda: False,
            causal=lambda: True,
            branch_scale=lambda: -0.5,
            dropout=lambda: 0.2,
            activation=lambda: asked(self.activation()),
        )
        matrices = ("attention_weights", "attention_output_weights", "mlp_weights", "mlp_output_weights")
        layer |= self.some(0.3, **dict.fromkeys(matrices, self.matrix), attention_bias=self.bias, mlp_bias=self.bias)
        return {**layer, "epsilon": self.one_of(_EPSILONS)} if shape[-1] <= 2 or self.chance(0.5) else layer, shape
