"""Random networks: trees of every kind of node, nested up to three deep, as a client writes them.

Small, so that hundreds take seconds, and reached by a seed, which is all that a failure has to name.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from api_tests.nn.given_layers import Json, asked, repeated, standalone
from api_tests.nn.variants import every
from service.nn.activations import Activation
from service.nn.activations.smooth import Sigmoid, Sin, Softmax, Tanh
from service.nn.layers.parallel import Merge
from service.nn.losses import Loss
from service.simulation.spec import SimulationSpec

DEEPEST = 3  # blocks inside blocks
WIDEST = 6
_BENT = {"celu", "elu", "softsign"}  # whose second derivative jumps
_HIDDEN = [one for one in every(Activation) if not one.only_output]
_SMOOTH = [one for one in _HIDDEN if not one.kinks and one.kind_name() not in _BENT]
_GATES: list[Activation] = [Sigmoid(), Tanh(), Sin()]
_LOSSES: list[Loss] = every(Loss)
_SMOOTH_LOSSES = [one for one in _LOSSES if one.kind_name() not in ("absolute_error", "hinge", "huber")]
_WEIGHTS = ["he_normal", "lecun_uniform", "glorot_normal", "orthogonal", "normal", "explicit"]
_KINDS = ["dense", "activation", "layer_norm", "residual", "parallel", "repeat"]
_EPSILONS = [1e-3, 0.1, 1.0]  # two values less their mean are opposite: the smaller it is, the more of ∂e/∂x cancels


def tree(seed: int, smooth: bool = False, **fields: Any) -> SimulationSpec:
    """A random network, its loss and its batch, one trial; where `smooth`, nothing but a maximum has a kink."""
    rng = np.random.default_rng(seed)
    losses = _SMOOTH_LOSSES if smooth else _LOSSES
    loss = losses[rng.integers(len(losses))]
    grower = _Grower(rng, _SMOOTH if smooth else _HIDDEN)
    features = grower.width()
    layers, width = grower.chain(features, 0, int(rng.integers(1, 5)))
    if loss.probability:  # none so close to 0 that it is rounded to it
        layers.append(grower.layer_norm(width) if width > 1 else standalone(Tanh()))
    layers.append(grower.dense(width, grower.width(), _output(loss, grower)))
    return SimulationSpec.model_validate(
        {
            "network": {"features": features, "layers": layers},
            "loss": asked(loss),
            "data": {"samples": int(rng.integers(3, 6))},
            "trials": 1,
            "seed": seed,
            **fields,
        }
    )


def _output(loss: Loss, grower: "_Grower") -> Activation:
    if loss.probability:
        return Softmax() if loss.kind_name() == "cross_entropy" else Sigmoid()
    return grower.activation()


def printed(spec: SimulationSpec) -> str:
    """The seed and the network, for a person to look at where a test fails."""
    network = spec.network.model_dump(mode="json", exclude_unset=True)
    return f"seed {spec.seed}, {spec.loss.kind_name()}:\n{json.dumps(network)}"


def entries(layers: list[Json], level: int = 0) -> Iterator[tuple[int, Json]]:
    """Every layer as written, with the number of residuals and parallels around it."""
    for one in layers:
        yield level, one
        inside = [one.get("layers", []), one.get("shortcut", []), *(each["layers"] for each in one.get("branches", []))]
        for chain in inside:
            yield from entries(chain, level + (one["kind"] != "repeat"))


@dataclass(frozen=True)
class _Grower:
    rng: np.random.Generator
    activations: list[Activation]

    def width(self) -> int:
        return int(self.rng.integers(1, WIDEST + 1))

    def activation(self) -> Activation:
        return self.activations[self.rng.integers(len(self.activations))]

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def chain(self, width: int, level: int, count: int, out: int | None = None) -> tuple[list[Json], int]:
        """So many layers for inputs of that width and the width that comes out, `out` where that is given."""
        layers = []
        for _ in range(count):
            layer, width = self.node(width, level)
            layers.append(layer)
        if out is not None and width != out:
            layers.append(self.dense(width, out, self.activation()))
            width = out
        return layers, width

    def node(self, width: int, level: int) -> tuple[Json, int]:
        kinds = _KINDS if level < DEEPEST else _KINDS[:3]
        match kinds[self.rng.integers(len(kinds))]:
            case "dense":
                units = self.width()
                return self.dense(width, units, self.activation()), units
            case "layer_norm" if width > 1 or self.chance(0.1):  # of a single feature it leaves nothing
                return self.layer_norm(width), width
            case "activation" | "layer_norm":
                return standalone(self.activation()), width
            case "repeat":
                return repeated(2, *self.chain(width, level + 1, 1, width)[0]), width
            case "residual":
                return self.residual(width, level + 1)
            case _:
                return self.parallel(width, level + 1)

    def values(self, *shape: int, mean: float = 0.0, std: float = 1.0) -> Json:
        return {"kind": "explicit", "values": self.rng.normal(mean, std, shape).tolist()}

    def dense(self, width: int, units: int, activation: Activation) -> Json:
        kind = _WEIGHTS[self.rng.integers(len(_WEIGHTS))]
        layer = {
            "kind": "dense",
            "units": units,
            "activation": asked(activation),
            "weights": self.values(width, units, std=width**-0.5) if kind == "explicit" else {"kind": kind},
        }
        if self.chance(0.7):
            layer["bias"] = self.values(units) if self.chance(0.3) else {"kind": "normal", "std": 0.5}
        return layer

    def layer_norm(self, width: int) -> Json:
        layer: Json = {"kind": "layer_norm"}
        if width == 2 or self.chance(0.5):
            layer["epsilon"] = _EPSILONS[self.rng.integers(len(_EPSILONS))]
        if self.chance(0.5):
            layer["gain"] = self.values(width, mean=1.0, std=0.3) if self.chance(0.5) else {"kind": "normal", "mean": 1}
            layer["shift"] = {"kind": "normal", "std": 0.5}
        return layer

    def residual(self, width: int, level: int) -> tuple[Json, int]:
        around = self.chance(0.5)
        branch, out = self.chain(width, level, int(self.rng.integers(1, 3)), None if around else width)
        layer: Json = {"kind": "residual", "layers": branch}
        if around:
            layer["shortcut"] = self.chain(width, level, int(self.rng.integers(1, 3)), out)[0]
        if self.chance(0.5):
            layer["branch_scale"] = float(self.rng.choice([0.0, -1.0, 0.5, 2.0], p=[0.1, 0.3, 0.3, 0.3]))
        if self.chance(0.5):
            layer["activation"] = asked(self.activation())
        return layer, out

    def parallel(self, width: int, level: int) -> tuple[Json, int]:
        merge = list(Merge)[self.rng.integers(len(Merge))]
        free = merge is Merge.CONCAT and width <= WIDEST  # else all branches have the same width
        out = width if self.chance(0.5) else self.width()
        branches, widths = [], []
        for _ in range(int(self.rng.integers(1, 4))):
            empty = (free or out == width) and self.chance(0.3)
            count = 0 if empty else int(self.rng.integers(1, 3))
            layers, reached = self.chain(width, level, count, None if free else out)
            if merge is Merge.MULTIPLY and branches:  # a gate, so that powers of powers stay small
                layers.append(standalone(_GATES[self.rng.integers(len(_GATES))]))
            branches.append({"layers": layers})
            widths.append(reached)
        return {"kind": "parallel", "merge": merge.value, "branches": branches}, sum(
            widths
        ) if merge is Merge.CONCAT else out
