"""Self-attention."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from math import gcd, sqrt
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from service.core.arrays import Array, Float64Array, Shape, plain_squares, product, transposed
from service.core.errors import Incompatible
from service.core.kinds import Advice, Double, Int64, StrictBool
from service.nn.initializers import AnyBias, AnyInitializer
from service.nn.initializers.base import GlorotUniform
from service.nn.initializers.constants import Zeros
from service.nn.layers.base import (
    OPERATIONS_PER_OUTPUT,
    Account,
    Built,
    Node,
    Parameter,
    Probe,
    Saved,
    Vjp,
    bias_of,
    flat,
)
from service.nn.layers.dropout import mask_of
from service.nn.positions import ROTARY_BASE, Positions, RelativePositions, rotated
from service.nn.scaled import Scaled
from service.nn.shapes import WIDEST, way_to_positions

_MADE = ("query", "key", "value")
_PRODUCTS_PER_SHARE = 130.0
"""A step's share in another takes, with its softmax and its entropy, as long as so many multiplications."""


def _is_none(given: object) -> bool:
    return given is None


class Attention(Node):
    """Every step is the mean of the values of all steps, by softmax(query · key / √key_units), in several heads."""

    kind: Literal["attention"] = "attention"
    aliases: ClassVar[Collection[str]] = ("MultiheadAttention", "MHA", "self_attention")
    misnamed: ClassVar[Mapping[str, Advice]] = {
        "num_heads": {"heads": 4},
        "n_heads": {"heads": 4},
        "key_dim": {"key_units": 16},
        "head_dim": {"key_units": 16},
        "num_kv_heads": {"kv_heads": 2},
        "is_causal": {"causal": True},
        "embed_dim": "nothing in its place: it is the number of features that come in",
    }
    heads: Annotated[Int64, Field(ge=1, le=1024)] = 1
    """How many queries a step has."""
    key_units: Annotated[Int64, Field(ge=1, le=WIDEST)] | None = None
    """The length of a query, a key and a value: the features over the heads unless said otherwise."""
    kv_heads: Annotated[Int64, Field(ge=1, le=1024)] | None = None
    """How many keys and values a step has, each for as many queries: as many as heads unless said otherwise."""
    causal: StrictBool = False
    """Whether a step sees only itself and those before it."""
    positions: Positions = Positions.NONE
    """Whether queries and keys are rotated by their positions."""
    rotary_base: Annotated[Double | None, Field(gt=1, le=1e12, exclude_if=_is_none)] = None
    """The base of the angles that rotary positions turn by: 10000 unless said otherwise."""
    relative: Annotated[RelativePositions | None, Field(exclude_if=_is_none)] = None
    """What is added to the scores by how far two steps are from each other, if anything is."""
    dropout: Annotated[Double | None, Field(ge=0, lt=1, exclude_if=_is_none)] = None
    """The probability that a step loses its share of another, drawn for each sample; 0 unless said otherwise."""
    weights: AnyInitializer = GlorotUniform()
    """How the matrices of queries, keys and values are drawn, each by itself."""
    output_weights: AnyInitializer = GlorotUniform()
    """How the matrix behind the heads is drawn."""
    bias: AnyBias = Zeros()
    """How the four biases are drawn, zeros unless said otherwise."""
    output_bias: Annotated[AnyBias | None, Field(exclude_if=_is_none)] = None
    """How the bias behind the heads is drawn: as the other three unless said otherwise."""

    left_open: ClassVar[Collection[str]] = ("weights", "output_weights", "bias")
    account: ClassVar[Account] = "weights"
    shape_in: ClassVar[str] = "(steps, features)"
    shape_out: ClassVar[str] = "(steps, features)"
    definition: ClassVar[str] = "softmax(q_p . k_r / sqrt(key_units)) over r, times v_r; all heads times W_o + b_o"
    source: ClassVar[str] = "Vaswani et al. 2017; rotary positions Su et al. 2021; fewer keys Ainslie et al. 2023."

    @property
    def operations(self) -> tuple[float, float]:
        return 0.0, 4.0 * OPERATIONS_PER_OUTPUT

    def sizes(self, shape: Shape) -> tuple[int, int]:
        """The length of a key, and how many keys a step has, for inputs of that shape."""
        return self.key_units or max(1, shape[-1] // self.heads), self.kv_heads or self.heads

    def out(self, path: str, shape: Shape, inside: Sequence[Shape]) -> Shape:
        if len(shape) != 2:
            raise Incompatible(
                f"Attention reads a sequence (steps, features); here comes {list(shape)}. {way_to_positions(shape)}",
                pointer=path,
                shape=list(shape),
            )
        units, kept = self.sizes(shape)
        if self.key_units is None and shape[-1] % self.heads:
            raise Incompatible(
                f"{self.heads} heads do not divide the {shape[-1]} features; {gcd(self.heads, shape[-1])} would. An "
                "attention may say key_units, the length of each, instead.",
                pointer=f"{path}/heads",
                heads=self.heads,
                features=shape[-1],
            )
        if self.heads % kept:
            raise Incompatible(
                f"{kept} kv_heads do not divide {self.heads} heads; {gcd(kept, self.heads)} would.",
                pointer=f"{path}/kv_heads",
                kv_heads=kept,
                heads=self.heads,
            )
        if self.positions is Positions.ROTARY and units % 2:
            raise Incompatible(
                f"Rotary positions turn pairs of numbers, and here a head has {units}, which is odd. Take another "
                "number of heads, or in an attention an even key_units.",
                pointer=f"{path}/positions",
            )
        return shape

    def parameters(self, shape: Shape) -> list[Parameter]:
        features, (units, kept) = shape[-1], self.sizes(shape)
        widths = {"query": self.heads * units, "key": kept * units, "value": kept * units}
        inner, last = self.heads * units, self.bias if self.output_bias is None else self.output_bias
        return [
            *(Parameter(f"{name}_weights", (features, n), features, n, self.weights) for name, n in widths.items()),
            Parameter("output_weights", (inner, features), inner, features, self.output_weights),
            *(one for name, n in widths.items() for one in bias_of(f"{name}_bias", (n,), features, n, self.bias)),
            *bias_of("output_bias", (features,), inner, features, last),
            *self._of_scores(shape[0]),
        ]

    def _of_scores(self, steps: int) -> Iterator[Parameter]:
        """What is drawn for the scores of all steps."""
        if self.relative is not None:
            table = (self.relative.buckets, self.heads)
            yield Parameter("relative", table, *table, self.relative.weights)
        if self.dropout:
            yield mask_of((self.heads, steps, steps), self.dropout)

    def products(self, shape: Shape) -> float:
        steps, (units, _) = shape[0], self.sizes(shape)
        every = _PRODUCTS_PER_SHARE * steps + 2 * steps * units
        return float(sum(one.size for one in self.parameters(shape)) * steps + every * steps * self.heads)

    def scratch(self, shape: Shape) -> int:
        return 6 * self.heads * shape[0] ** 2

    def copies(self, shape: Shape) -> int:
        steps, (units, _) = shape[0], self.sizes(shape)
        return self.heads * steps * (steps * (3 if self.dropout else 1) + 5 * units)

    def apply(self, arrays: Sequence[Array], x: Array) -> tuple[Array, Saved]:
        units, kept = self.sizes(x.shape[2:])
        rows = x.reshape(x.shape[0], -1, x.shape[-1])
        named = self.named(arrays, x.shape[2:])
        made = [_affine(rows, named[f"{one}_weights"], named.get(f"{one}_bias")) for one in _MADE]
        q, k, v = (_heads(one, x.shape[1:3], units) for one in made)
        q, k = self.turned(q, 1.0), self.turned(k, 1.0)
        share = self.heads // kept
        k, v = (np.repeat(one, share, axis=2) if share > 1 else one for one in (k, v))
        scores = q @ transposed(k)
        scores *= x.dtype.type(1.0 / sqrt(units))
        if self.relative is not None:
            added = named["relative"][:, self.relative.table(x.shape[2], self.causal)]
            scores = scores + np.moveaxis(added, -1, 1)[:, None]
        rows_of = _softmax(scores, self.causal)
        mixed = _flat_heads((rows_of * named["mask"] if "mask" in named else rows_of) @ v)
        z = _affine(mixed, named["output_weights"], named.get("output_bias"))
        return z.reshape(z.shape[0], *x.shape[1:]), (rows, q, k, v, rows_of, mixed)

    def named(self, arrays: Sequence[Array], shape: Shape) -> dict[str, Array]:
        """Its parameters by their names, for inputs of that shape."""
        return dict(zip((one.name for one in self.parameters(shape)), arrays, strict=True))

    def turned(self, parts: Array, sign: float) -> Array:
        """(trials, samples, heads, steps, units) turned by their positions; −1 turns them back."""
        return rotated(parts, self.rotary_base or ROTARY_BASE, sign) if self.positions is Positions.ROTARY else parts

    def vjp(self, arrays: Sequence[Array], saved: Saved, dy: Array) -> Vjp:
        back = _Back(self, arrays, saved, dy)
        return lambda: back.by_softmax + back.by_values, back.gradient

    def inward(self, at: Built, x: Array, probe: Probe) -> tuple[Array, Saved]:
        z, saved = super().inward(at, x, probe)
        shares = saved[4]
        logarithms = np.maximum(shares, np.finfo(shares.dtype).tiny)  # of shares of zero, which count for nothing
        entropy = -np.vecdot(shares, np.log(logarithms, out=logarithms))
        probe.note(at, "attention_entropy", np.nan_to_num(entropy).mean(axis=(1, 2, 3)).astype(np.float64))
        return z, saved

    def outward(self, at: Built, saved: Saved, dz: Scaled, probe: Probe) -> Callable[[], Scaled]:
        back = _Back(self, at.arrays, saved, dz.values.reshape(*dz.values.shape[:2], *at.out))
        probe.parameters(at, saved, dz, back.gradient)
        by_softmax, by_values = plain_squares(flat(back.by_softmax)), plain_squares(flat(back.by_values))
        with np.errstate(invalid="ignore"):
            share: Float64Array = by_softmax / (by_softmax + by_values)
        probe.note(at, "softmax_share", share)
        return lambda: Scaled.of(flat(back.by_softmax + back.by_values), dz.exponent)


class _Back:
    """The way back through one attention: ∂e/∂x by its two ways, and the parameters' gradients."""

    def __init__(self, node: Attention, arrays: Sequence[Array], saved: Saved, dy: Array) -> None:
        """From ∂e/∂y, (trials, samples, steps, features)."""
        rows, q, k, v, rows_of, mixed = saved
        self._rows, self._mixed = rows, mixed
        units, kept = node.sizes(dy.shape[2:])
        self._dz = dy.reshape(dy.shape[0], -1, dy.shape[-1])
        named = node.named(arrays, dy.shape[2:])
        self._node = node
        mask = named.get("mask")
        dmixed = _heads(product(self._dz, transposed(named["output_weights"])), dy.shape[1:3], units)
        drows = dmixed @ transposed(v)
        drows = drows if mask is None else drows * mask
        self._dscores = drows - np.vecdot(rows_of, drows)[..., None]
        self._dscores *= rows_of
        dscores = self._dscores * dy.dtype.type(1.0 / sqrt(units))
        dv = transposed(rows_of if mask is None else rows_of * mask) @ dmixed
        dq, dk = dscores @ k, transposed(dscores) @ q
        dq, dk = node.turned(dq, -1.0), node.turned(dk, -1.0)
        self._made = [_flat_heads(one) for one in (dq, _shared(dk, kept), _shared(dv, kept))]
        ways = [product(one, transposed(w)) for one, w in zip(self._made, arrays[:3], strict=True)]
        shape = (ways[0].shape[0], *dy.shape[1:])
        self.by_softmax, self.by_values = (ways[0] + ways[1]).reshape(shape), ways[2].reshape(shape)

    def gradient(self, name: str) -> Array:
        """∂e/∂ a parameter, (trials, *shape)."""
        if name == "relative":
            return self._of_buckets()
        which, _, kind = name.partition("_")
        before, behind = (self._mixed, self._dz) if which == "output" else (self._rows, self._made[_MADE.index(which)])
        return product(transposed(before), behind) if kind == "weights" else behind.sum(axis=-2, keepdims=True)

    def _of_buckets(self) -> Array:
        """∂e/∂ what is added to the scores, (trials, buckets, heads)."""
        scores = np.moveaxis(self._dscores.sum(axis=1), 1, -1)  # (trials, steps, steps, heads)
        relative = self._node.relative or RelativePositions()
        table = relative.table(scores.shape[1], self._node.causal)
        return np.stack([scores[:, table == bucket].sum(axis=1) for bucket in range(relative.buckets)], axis=1)


def _affine(rows: Array, weights: Array, bias: Array | None) -> Array:
    """rows · W + b, (trials, samples · steps, …)."""
    made = product(rows, weights)
    return made if bias is None or not bias.any() else made + bias


def _heads(rows: Array, batch: Shape, units: int) -> Array:
    """(trials, samples · steps, heads · units) as (trials, samples, heads, steps, units)."""
    return rows.reshape(rows.shape[0], *batch, -1, units).swapaxes(2, 3)


def _flat_heads(parts: Array) -> Array:
    """(trials, samples, heads, steps, units) as (trials, samples · steps, heads · units)."""
    trials, samples, heads, steps, units = parts.shape
    return parts.swapaxes(2, 3).reshape(trials, samples * steps, heads * units)


def _shared(parts: Array, kept: int) -> Array:
    """(trials, samples, heads, steps, units) summed over the heads that share one of the `kept`."""
    trials, samples, heads, steps, units = parts.shape
    return parts if heads == kept else parts.reshape(trials, samples, kept, heads // kept, steps, units).sum(axis=3)


def _softmax(scores: Array, causal: bool) -> Array:
    """The weights of all steps for every step, (trials, samples, heads, steps, steps)."""
    if causal:
        steps = scores.shape[-1]
        scores = np.where(np.tri(steps, dtype=np.bool_), scores, scores.dtype.type(-np.inf))
    found: Array = scores - scores.max(axis=-1, keepdims=True)
    np.exp(found, out=found)
    found /= found.sum(axis=-1, keepdims=True)
    return found
