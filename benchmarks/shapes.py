"""The networks that are measured: stacks from a course's homework to a thousand layers, and layers of real networks."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

Json = dict[str, Any]

_RESNET = Path(__file__).resolve().parent.parent / "examples" / "networks" / "resnet18_32.json"


@dataclass(frozen=True)
class Shape:
    """`trials` networks of `hidden` tanh layers of `units` units under N(0, 1/n), one linear output, on `samples`."""

    name: str
    trials: int
    hidden: int
    units: int
    samples: int

    rivals: ClassVar[tuple[str, ...]] = ("pytorch_loop", "pytorch_batched", "jax_vmap")

    def spec(self, precision: str) -> Json:
        """The network as a specification in JSON."""
        hidden = {"kind": "dense", "units": self.units, "activation": {"kind": "tanh"}}
        layers = [{"kind": "repeat", "times": self.hidden, "layers": [hidden]}, {"kind": "dense", "units": 1}]
        return {
            "network": {"features": self.units, "layers": layers},
            "data": {"samples": self.samples},
            "trials": self.trials,
            "precision": precision,
        }


@dataclass(frozen=True)
class Layers:
    """`trials` networks of any layers, weights under N(0, 1/fan_in) and no biases, one linear output, on `samples`."""

    name: str
    trials: int
    samples: int
    network: Json = field(repr=False)

    rivals: ClassVar[tuple[str, ...]] = ("pytorch_layers", "pytorch_vmap")

    def spec(self, precision: str) -> Json:
        """The network as a specification in JSON."""
        whole = {"network": self.network, "data": {"samples": self.samples}}
        return {**whole, "trials": self.trials, "precision": precision}


def _with(shape: Json, *layers: Json) -> Json:
    return {"input": shape, "layers": [*layers, {"kind": "dense", "units": 1, "bias": NONE}]}


def _repeated(times: int, *layers: Json) -> Json:
    return {"kind": "repeat", "times": times, "layers": list(layers)}


NONE: Json = {"kind": "none"}
_LECUN: Json = {"kind": "lecun_normal"}
_CONVOLUTION: Json = {"kind": "convolution", "filters": 32, "size": [3], "padding": "same", "bias": NONE}
_STACK = _with(
    {"kind": "image", "height": 16, "width": 16, "channels": 32},
    _repeated(10, _CONVOLUTION | {"activation": {"kind": "relu"}}),
    {"kind": "flatten"},
)
_LSTM = _with(
    {"kind": "sequence", "steps": 100, "features": 64},
    {"kind": "recurrent", "units": 64, "weights": _LECUN, "recurrent_weights": _LECUN, "bias": NONE},
)
_BLOCK: Json = {
    "kind": "transformer_block",
    "heads": 4,
    "mlp_units": 512,
    **dict.fromkeys(("attention_weights", "attention_output_weights", "mlp_weights", "mlp_output_weights"), _LECUN),
    **dict.fromkeys(("attention_bias", "mlp_bias"), NONE),
}
_TRANSFORMER = _with({"kind": "sequence", "steps": 32, "features": 128}, _repeated(12, _BLOCK))


def _resnet() -> Json:
    """ResNet-18 for small images as in the examples, its weights drawn as those of all others here."""

    def plain(one: Any) -> Any:
        if isinstance(one, list):
            return [plain(each) for each in one]
        if not isinstance(one, dict):
            return one
        drawn = {"weights": _LECUN, "bias": NONE} if one.get("kind") in ("convolution", "dense") else {}
        return {name: plain(each) for name, each in one.items() if name != "defaults"} | drawn

    network = plain(json.loads(_RESNET.read_text(encoding="utf-8"))["network"])
    *layers, _ = network["layers"]
    return _with(network["input"], *layers)


SHAPES = [
    Shape("homework", 1000, 2, 2, 32),
    Shape("small", 200, 10, 32, 32),
    Shape("medium", 32, 50, 128, 64),
    Shape("wide", 4, 20, 1024, 64),
    Shape("deep", 16, 1000, 64, 32),
    Layers("convolutions", 8, 16, _STACK),
    Layers("resnet18", 4, 8, _resnet()),
    Layers("lstm100", 16, 16, _LSTM),
    Layers("transformer12", 8, 8, _TRANSFORMER),
]
