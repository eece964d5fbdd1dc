"""What the templates are made of: layers of transformers' names, heads, activations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.imports.base import Layer, Subject
from service.imports.huggingface.config import Config

ZEROS, NONE = {"kind": "zeros"}, {"kind": "none"}
_TANH_GELU = {"kind": "gelu", "approximate": "tanh"}
_ACTIVATIONS: Mapping[str, Layer] = {
    **{name: {"kind": "gelu"} for name in ("gelu", "gelu_python")},
    **dict.fromkeys(("gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_python_tanh"), _TANH_GELU),
    **{name: {"kind": "silu"} for name in ("silu", "swish")},
    **{name: {"kind": name} for name in ("relu", "relu6", "sigmoid", "tanh", "linear", "mish", "softplus")},
    "leaky_relu": {"kind": "leaky_relu", "negative_slope": 0.01},
    "quick_gelu": {"kind": "expression", "formula": "z / (1 + exp(-1.702 * z))"},
}
_MOST_CROPPED = 1024
LOGITS = "cross_entropy_with_logits"


@dataclass(frozen=True)
class Described:
    """What a template makes of a config."""

    shape: Mapping[str, Any]  # network.input
    layers: Sequence[Layer]
    loss: str | None = None
    more: int = 0  # parameters that the model has in transformers, and the specification has not


@dataclass(frozen=True)
class Head:
    """What stands behind the last block."""

    layers: Sequence[Layer] = ()
    loss: str | None = None
    more: int = 0


def activation(config: Config, name: str, default: str) -> Layer:
    """The activation that a field names."""
    found = config.value(name)
    called = default if found is None else found
    if not isinstance(called, str) or called not in _ACTIVATIONS:
        config.fault(name, f"The activation {called!r:.40} of `{name}` is none that is known here.")
        return {"kind": "linear"}
    return _ACTIVATIONS[called]


def normal(std: float) -> Layer:
    """The initialiser N(0, std²)."""
    return {"kind": "normal", "std": std}


def dense(name: str, units: int, std: float, bias: bool = True, **fields: Any) -> Layer:
    """A layer of N(0, std²), whose bias is zero, if it has one."""
    own = {"units": units, "weights": normal(std), "bias": ZEROS if bias else NONE}
    return {"kind": "dense", "name": name, **own, **fields}


def dropped(rate: float) -> list[Layer]:
    """Dropout, where any is dropped."""
    return [{"kind": "dropout", "rate": rate}] if rate else []


def norm(name: str, epsilon: float, kind: str = "layer_norm") -> Layer:
    """A norm of that epsilon."""
    shift = {"shift": ZEROS} if kind == "layer_norm" else {}
    return {"kind": kind, "name": name, "epsilon": max(epsilon, 1e-12), "gain": {"kind": "ones"}, **shift}


def epsilon_of(config: Config, name: str, default: float) -> float:
    """The epsilon of norms."""
    return config.number(name, default, 1e-12, 1.0)


def heads_of(config: Config, name: str, default: int, features: tuple[str, int]) -> int:
    """How many heads there are; they divide the features, which are said as their field and their number."""
    heads = config.integer(name, default, 1024)
    if features[1] % heads:
        config.fault(name, f"{heads} `{name}` do not divide the {features[1]} of `{features[0]}`.")
    return heads


def attention(name: str, heads: int, std: float, **fields: Any) -> Layer:
    """Attention of N(0, std²) with biases of zeros, unless `fields` say otherwise."""
    own = {"weights": normal(std), "output_weights": normal(std), "bias": ZEROS}
    return {"kind": "attention", "name": name, "heads": heads, **own, **fields}


def of_dropout(rate: float) -> dict[str, float]:
    """The field of attention whose shares are dropped, where any are."""
    return {"dropout": rate} if rate else {}


def residual(name: str, layers: Sequence[Layer]) -> Layer:
    """A block that adds layers(x) to x."""
    return {"kind": "residual", "name": name, "layers": list(layers)}


def repeated(name: str, times: int, layers: Sequence[Layer]) -> Layer:
    """The blocks, each with parameters of its own."""
    return {"kind": "repeat", "name": name, "times": times, "layers": list(layers)}


def first_step(steps: int, last: bool = False) -> list[Layer]:
    """The features of the first step, or of the last one."""
    found: list[Layer] = []
    left = steps - 1
    while left:
        count = min(left, _MOST_CROPPED)
        found.append({"kind": "cropping", "crop": [count, 0] if last else [0, count]})
        left -= count
    return [*found, {"kind": "flatten"}]


def tokens(steps: int, vocabulary: int) -> dict[str, Any]:
    """The shape of a sequence of tokens."""
    return {"kind": "tokens", "steps": steps, "vocabulary": vocabulary}


def classifier(config: Config, name: str, std: float, bias: bool = True) -> Head:
    """A layer with an output for each label, and the loss that transformers takes."""
    labels = config.labels
    return Head([dense(name, labels, std, bias)], loss_of_labels(config, labels))


def loss_of_labels(config: Config, labels: int) -> str:
    """The loss of a classifier or a regression."""
    known = {
        "regression": "mean_squared_error",
        "single_label_classification": LOGITS,
        "multi_label_classification": "binary_cross_entropy_with_logits",
    }
    given = config.value("problem_type")
    if given is None:
        return known["regression"] if labels == 1 else LOGITS
    if not isinstance(given, str) or given not in known:
        config.fault("problem_type", f"`problem_type` is {given!r:.40}; it is one of {', '.join(known)}.")
    return known.get(str(given), LOGITS)


def language_head(config: Config, words: Layer, features: int, tied: bool) -> Head:
    """The layer with an output for each token, of so many features; drawn by itself where it is tied."""
    vocabulary = words["units"]
    count = features * vocabulary
    if tied:
        sentence = f"The head shares its {count} weights with the embedding; here both are drawn, each by itself."
        config.assume(Subject.TIED_WEIGHTS, "tie_word_embeddings", sentence)
    return Head([words], LOGITS, -count if tied else 0)


def unused_rows(config: Config, name: str, rows: int, used: int, features: int) -> int:
    """The parameters of positions that no step of a sequence reads, which the specification has not."""
    count = (rows - used) * features
    if count:
        sentence = f"Of {rows} vectors of positions {used} are read; the other {count} numbers are left out."
        config.assume(Subject.INPUT, name, sentence)
    return count


def chosen(config: Config, heads: Mapping[str, Callable[[], Head]]) -> Head:
    """The head of the class that the config names; a fault where that is none of `heads`."""
    found = heads.get(config.architecture)
    if found is not None:
        return found()
    known = ", ".join(sorted(filter(None, heads)))
    config.fault("architectures", f"The class {config.architecture[:60]} is none of those read: {known}.")
    return Head()


def behind(layers: Sequence[Layer], head: Head) -> Head:
    """The head with layers in front of it."""
    return Head([*layers, *head.layers], head.loss, head.more)
