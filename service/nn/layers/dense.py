"""The fully connected layer."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from service.core.arrays import Array, Shape, product, transposed
from service.core.kinds import Advice, Int64
from service.nn.activations import Activation, AnyActivation
from service.nn.activations.smooth import Linear
from service.nn.initializers import AnyBias, AnyInitializer
from service.nn.initializers.base import LecunNormal
from service.nn.initializers.constants import Zeros
from service.nn.layers.base import Account, Node, Parameter, Saved, Vjp, bias_of
from service.nn.shapes import WIDEST

_SHARE_WORTH_IT = 0.5
"""Products over samples are taken where they are at most this share of the operations: they are smaller and slower."""


def worth_a_gram(rows: int, fan_in: int, fan_out: int) -> bool:
    """Whether products of so many rows with one another take less than the gradient of that many weights."""
    return rows * (fan_in + fan_out) <= _SHARE_WORTH_IT * fan_in * fan_out


class Dense(Node):
    """activation(x·W + b), W of shape (fan_in, fan_out)."""

    kind: Literal["dense"] = "dense"
    aliases: ClassVar[Collection[str]] = ("Linear", "fully_connected", "fc")
    misnamed: ClassVar[Mapping[str, Advice]] = {
        **{
            key: {"weights": {"kind": "he_normal"}}
            for key in ("init", "initializer", "kernel_initializer", "weight_init", "w_init")
        },
        **{key: {"bias": {"kind": "zeros"}} for key in ("bias_initializer", "bias_init", "b_init")},
        "use_bias": {"bias": {"kind": "none"}},
        **{
            key: {"units": 64}
            for key in ("out_features", "hidden_size", "hidden_units", "output_dim", "neurons", "width")
        },
        "dropout": 'a layer {"kind": "dropout", "rate": 0.5} behind this one',
        **dict.fromkeys(("batch_norm", "batchnorm", "norm"), 'a layer {"kind": "batch_norm"} behind this one'),
        **dict.fromkeys(
            ("in_features", "input_size", "input_dim", "n_in", "fan_in"),
            '{"features": 784} into the network, beside its `layers`',
        ),
        **dict.fromkeys(
            ("input_shape", "batch_input_shape", "in_channels"),
            '{"input": {"kind": "image", "height": 28, "width": 28, "channels": 1}} into the network, beside its '
            "`layers`",
        ),
    }
    needs: ClassVar[Mapping[str, Any]] = {"units": 128}
    activation: AnyActivation = Linear()
    """The activation, linear unless said otherwise."""
    units: Annotated[Int64, Field(ge=1, le=WIDEST)]
    """How many outputs there are."""
    weights: AnyInitializer = LecunNormal()
    """How the weights are drawn, N(0, 1/fan_in) unless said otherwise."""
    bias: AnyBias = Zeros()
    """How the bias is drawn, zeros unless said otherwise."""

    left_open: ClassVar[Collection[str]] = ("weights", "bias")
    account: ClassVar[Account] = "weights"
    plain: ClassVar[bool] = True

    shape_in: ClassVar[str] = "(…, features)"
    shape_out: ClassVar[str] = "(…, units)"
    definition: ClassVar[str] = "activation(x * W + b)"
    source: ClassVar[str] = "Rosenblatt 1958; torch.nn.Linear, which acts on the last axis, too."

    @classmethod
    def shorthand(cls, value: Any) -> Mapping[str, Any] | None:
        return {"units": value} if type(value) is int and 1 <= value <= WIDEST else None

    @property
    def output_activation(self) -> Activation:
        return self.activation

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        return (*shape[:-1], self.units)

    def parameters(self, shape: Shape) -> list[Parameter]:
        fan_in = shape[-1]
        return [
            Parameter("weights", (fan_in, self.units), fan_in, self.units, self.weights),
            *bias_of("bias", (self.units,), fan_in, self.units, self.bias),
        ]

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        weights, *bias = arrays
        rows = x.reshape(x.shape[0], -1, x.shape[-1]) if x.ndim > 3 else x  # every position by itself
        z = product(rows, weights)
        if bias and bias[0].any():  # zeros, the usual bias, cost nothing
            z = z + bias[0]
        return z if x.ndim == 3 else z.reshape(z.shape[0], *x.shape[1:-1], self.units), rows

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        rows = dy.reshape(dy.shape[0], -1, self.units) if dy.ndim > 3 else dy

        def dx() -> Array:
            found = product(rows, transposed(arrays[0]))
            return found if dy.ndim == 3 else found.reshape(found.shape[0], *dy.shape[1:-1], -1)

        def gradient(name: str) -> Array:
            return product(transposed(saved), rows) if name == "weights" else rows.sum(axis=-2, keepdims=True)

        return dx, gradient

    def gram(self, saved: Saved, dy: Array) -> tuple[Array, Array] | None:
        """‖xᵀ·δ‖² = Σ (x·xᵀ)∘(δ·δᵀ): products of samples with samples, where these are few against the widths."""
        samples, fan_in, fan_out = saved.shape[-2], saved.shape[-1], self.units
        if not worth_a_gram(samples, fan_in, fan_out):
            return None
        rows = dy.reshape(dy.shape[0], samples, fan_out)
        return saved @ transposed(saved), rows @ transposed(rows)
