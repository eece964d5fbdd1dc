"""Random networks: trees of every kind of node, nested up to four deep, as a client writes them.

Small, so that hundreds take seconds, and reached by a seed, which is all that a failure has to name.
"""

import json
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from api_tests.nn.given_layers import Json, asked, repeated, standalone
from api_tests.nn.node_cases import network
from api_tests.nn.variants import every
from api_tests.simulation.random_layers import GATES, KERNELS, Grown, RandomLayers
from service.core.arrays import Shape
from service.nn.activations import Activation
from service.nn.activations.smooth import Sigmoid, Softmax, Tanh
from service.nn.layers.parallel import Merge
from service.nn.losses import Loss
from service.simulation.spec import SimulationSpec

DEEPEST = 4  # blocks inside blocks
_BENT = {"celu", "elu", "softsign"}  # whose second derivative jumps
# Powers of powers of e leave the range of numbers: `exponential` has tests of its own.
_HIDDEN = [one for one in every(Activation) if not one.only_output and one.kind != "exponential"]
_SMOOTH = [one for one in _HIDDEN if not one.kinks and one.kind not in _BENT]
_LOSSES: list[Loss] = every(Loss)
_SMOOTH_LOSSES = [one for one in _LOSSES if one.kind not in ("absolute_error", "hinge", "huber")]
_BLOCKS = ["residual", "parallel", "repeat"]
_ANYWHERE = ["dense", "dense", "activation", "layer_norm", "batch_norm", "rms_norm", "group_norm", "prelu", "dropout"]
_ANYWHERE += ["scale", "reshape"]
_ON_POSITIONS = [*KERNELS, "convolution", "pooling", "pooling", "upsampling", "padding", "cropping", "global_pooling"]
_ON_POSITIONS += ["flatten", "each_step", "each_step"]
_ON_STEPS = ["recurrent", "recurrent", "recurrent", "attention", "attention", "position_embedding", "transformer_block"]


def tree(seed: int, smooth: bool = False, **fields: Any) -> SimulationSpec:
    """A random network, its loss and its batch, one trial; where `smooth`, nothing but a maximum has a kink."""
    rng = np.random.default_rng(seed)
    losses = _SMOOTH_LOSSES if smooth else _LOSSES
    loss = losses[rng.integers(len(losses))]
    grower = _Grower(rng, _SMOOTH if smooth else _HIDDEN, smooth)
    inputs, layers, shape = grower.inputs()
    grown, shape = grower.chain(shape, 0, int(rng.integers(1, 5)))
    layers += grown
    if loss.probability:  # none so close to 0 that it is rounded to it
        layers.append(grower.norm("layer_norm", shape) if shape[-1] > 1 else standalone(Tanh()))
    units = grower.width() + loss.kind.startswith("cross_entropy")  # a single class is always right
    layers.append(grower.dense(shape[-1], units, _output(loss, grower)))
    return SimulationSpec.model_validate(
        {
            "network": network(inputs, *layers),
            "loss": asked(loss),
            "data": {"samples": int(rng.integers(3, 6))},
            "trials": 1,
            "seed": seed,
            **fields,
        }
    )


def _output(loss: Loss, grower: "_Grower") -> Activation:
    if loss.probability:
        return Softmax() if loss.kind == "cross_entropy" else Sigmoid()
    return grower.activation()


def printed(spec: SimulationSpec) -> str:
    """The seed and the network, for a person to look at where a test fails."""
    written = spec.network.model_dump(mode="json", exclude_unset=True)
    return f"seed {spec.seed}, {spec.loss.kind}:\n{json.dumps(written)}"


def entries(layers: list[Json], level: int = 0) -> Iterator[tuple[int, Json]]:
    """Every layer as written, with the number of blocks around it."""
    for one in layers:
        yield level, one
        inside = [one.get("layers", []), one.get("shortcut", []), *(each["layers"] for each in one.get("branches", []))]
        for chain in inside:
            yield from entries(chain, level + (one["kind"] != "repeat"))


class _Grower(RandomLayers):
    """Chains and blocks of random layers."""

    def inputs(self) -> tuple[Shape, list[Json], Shape]:
        """The shape of a sample, the embedding where it is tokens, and the shape that comes out of it."""
        steps, features = self.number(2, 4), self.number(1, 4)
        match self.number(0, 3):
            case 0:
                width = self.width()
                return (width,), [], (width,)
            case 1:
                return (steps, features), [], (steps, features)
            case 2:
                shape = (self.number(2, 4), self.number(2, 4), self.number(1, 2))
                return shape, [], shape
        vocabulary, more = self.number(2, 6), self.some(0.5, weights=self.matrix)
        layer = {"kind": "embedding", "units": features, **more}
        layer |= {"vocabulary": vocabulary + 2} if self.chance(0.3) else {}
        return (steps, -vocabulary), [layer], (steps, features)

    def chain(self, shape: Shape, level: int, count: int, out: Shape | None = None) -> tuple[list[Json], Shape]:
        """So many layers for inputs of that shape and the shape that comes out, `out` where that is given."""
        layers = []
        for _ in range(count):
            layer, shape = self.node(shape, level)
            layers.append(layer)
        if out is not None and shape != out:
            layers += self.bridge(shape, out)
        return layers, out or shape

    def bridge(self, shape: Shape, out: Shape) -> list[Json]:
        """Layers from one shape to another."""
        if shape[:-1] == out[:-1]:
            return [self.dense(shape[-1], out[-1], self.activation())]
        layers: list[Json] = [{"kind": "flatten"}] if len(shape) > 1 else []
        layers.append(self.dense(prod(shape), prod(out), self.activation()))
        return layers + ([{"kind": "reshape", "shape": list(out)}] if len(out) > 1 else [])

    def node(self, shape: Shape, level: int) -> Grown:
        if level < DEEPEST and self.chance(0.42):
            return getattr(self, self.one_of(_BLOCKS))(shape, level)  # type: ignore[no-any-return]
        kinds = [*_ANYWHERE, *(_ON_POSITIONS if len(shape) > 1 else []), *(_ON_STEPS if len(shape) == 2 else [])]
        kind = self.one_of([one for one in kinds if one != "each_step" or level < DEEPEST])
        own = getattr(self, f"_{kind}", None)
        if own is not None:
            return own(shape, level) if kind == "each_step" else own(shape)  # type: ignore[no-any-return]
        if kind in KERNELS:
            return self.kernel(kind, shape)
        if kind.endswith("norm") and not (kind in ("layer_norm", "group_norm") and shape[-1] == 1):  # it leaves nothing
            return self.norm(kind, shape), shape
        units = self.width()
        return self.dense(shape[-1], units, self.activation()), (*shape[:-1], units)

    # Blocks

    def repeat(self, shape: Shape, level: int) -> Grown:
        return repeated(2, *self.chain(shape, level + 1, 1, shape)[0]), shape

    def _each_step(self, shape: Shape, level: int) -> Grown:
        layers, out = self.chain(shape[1:], level + 1, self.number(1, 2))
        return {"kind": "each_step", "layers": layers}, (shape[0], *out)

    def residual(self, shape: Shape, level: int) -> Grown:
        around = self.chance(0.5)
        branch, out = self.chain(shape, level + 1, self.number(1, 2), None if around else shape)
        layer: Json = {"kind": "residual", "layers": branch}
        if around:
            layer["shortcut"] = self.chain(shape, level + 1, self.number(1, 2), out)[0]
        if self.chance(0.5):
            layer["branch_scale"] = float(self.rng.choice([0.0, -1.0, 0.5, 2.0], p=[0.1, 0.3, 0.3, 0.3]))
        if self.chance(0.5):
            layer["activation"] = asked(self.activation())
        return layer, out

    def parallel(self, shape: Shape, level: int) -> Grown:
        merge = self.one_of(list(Merge))
        out = shape if self.chance(0.5) else (*shape[:-1], self.width())  # of concat all but the last axis
        branches, widths = [], []
        for _ in range(self.number(1, 3)):
            empty = (merge is Merge.CONCAT or out == shape) and self.chance(0.3)
            wanted = (*shape[:-1], self.width()) if merge is Merge.CONCAT else out
            layers, reached = ([], shape) if empty else self.chain(shape, level + 1, self.number(1, 2), wanted)
            if merge is Merge.MULTIPLY and branches:  # a gate, so that powers of powers stay small
                layers.append(standalone(self.one_of(GATES)))
            branches.append({"layers": layers})
            widths.append(reached[-1])
        width = sum(widths) if merge is Merge.CONCAT else out[-1]
        return {"kind": "parallel", "merge": merge.value, "branches": branches}, (*shape[:-1], width)
