"""The encoder of T5."""

from collections.abc import Mapping
from math import sqrt

from service.imports.base import Layer, Subject
from service.imports.huggingface.config import Config
from service.imports.huggingface.parts import (
    NONE,
    Described,
    attention,
    dense,
    dropped,
    epsilon_of,
    norm,
    normal,
    of_dropout,
    repeated,
    residual,
    tokens,
)

_WHOLE = ("T5ForConditionalGeneration", "T5Model", "T5WithLMHeadModel")
_MOST_STEPS = 65_536  # positions are known by their distance, of which there is no largest
_PROJECTIONS: Mapping[str, tuple[str, bool]] = {
    "relu": ("relu", False),
    "gelu": ("gelu", False),
    "gated-gelu": ("gelu_new", True),
    "gated-silu": ("silu", True),
    "gated-relu": ("relu", True),
}
_ACTIVATIONS: Mapping[str, Layer] = {
    "relu": {"kind": "relu"},
    "gelu": {"kind": "gelu"},
    "gelu_new": {"kind": "gelu", "approximate": "tanh"},
    "silu": {"kind": "silu"},
}


def t5(config: Config) -> Described:
    """What comes out of T5's encoder, behind its last norm; queries have the scale of the scores in their draws."""
    features, factor = config.integer("d_model", 512), config.number("initializer_factor", 1.0, 0.0, 1e6)
    blocks, rate = config.integer("num_layers", 6, 1000), config.rate("dropout_rate", 0.1)
    epsilon = epsilon_of(config, "layer_norm_epsilon", 1e-6)
    config.only("is_encoder_decoder", True, False, None)
    config.ignore("num_decoder_layers", "scale_decoder_outputs", "n_positions", "classifier_dropout")
    config.only("is_decoder", False)
    if factor != 1.0:
        config.fault("initializer_factor", "`initializer_factor` scales norms, too; only 1 is understood.")
    _check_class(config)
    steps, vocabulary = config.steps("", _MOST_STEPS), config.integer("vocab_size", 32128)
    scores, more = _attention(config, features, blocks, rate)
    layers: list[Layer] = [
        {"kind": "embedding", "name": "shared", "units": features, "weights": normal(1.0)},
        *dropped(rate),
        repeated(
            "encoder.block",
            blocks,
            [
                residual("layer.0", [norm("layer.0.layer_norm", epsilon, "rms_norm"), scores, *dropped(rate)]),
                residual(
                    "layer.1",
                    [norm("layer.1.layer_norm", epsilon, "rms_norm"), *_dense(config, features, rate), *dropped(rate)],
                ),
            ],
        ),
        norm("encoder.final_layer_norm", epsilon, "rms_norm"),
        *dropped(rate),
    ]
    return Described(tokens(steps, vocabulary), layers, None, more)


def _check_class(config: Config) -> None:
    if config.architecture in _WHOLE:
        sentence = "Of encoder and decoder the encoder alone is imported: two inputs that meet are no chain of layers."
        config.assume(Subject.OTHER, "architectures", sentence)
    elif config.architecture not in ("", "T5EncoderModel"):
        known = ", ".join(("T5EncoderModel", *_WHOLE))
        config.fault("architectures", f"The class {config.architecture[:60]} is none of those read: {known}.")


def _attention(config: Config, features: int, blocks: int, rate: float) -> tuple[Layer, int]:
    """The attention, and how many parameters fewer the model has, all of whose blocks share one table of positions."""
    heads, units = config.integer("num_heads", 8, 1024), config.integer("d_kv", 64)
    buckets = config.integer("relative_attention_num_buckets", 32, 1024)
    distance = config.integer("relative_attention_max_distance", 128)
    std = 1.0 / sqrt(features)
    relative = {"buckets": buckets, "distance": distance, "weights": normal(std)}
    own = {"key_units": units, "bias": NONE, "output_weights": normal(1.0 / sqrt(heads * units)), **of_dropout(rate)}
    if blocks > 1:
        sentence = (
            f"All {blocks} blocks share the {buckets * heads} numbers that are added to scores by distance; here each "
            "block draws its own."
        )
        config.assume(Subject.TIED_WEIGHTS, "relative_attention_num_buckets", sentence)
    return attention("SelfAttention", heads, std, relative=relative, **own), -(blocks - 1) * buckets * heads


def _dense(config: Config, features: int, rate: float) -> list[Layer]:
    """The two layers on every step, the first of which may be a gate and what it is multiplied with."""
    inner, given = config.integer("d_ff", 2048), config.value("feed_forward_proj")
    called = "relu" if given is None else given
    if not isinstance(called, str) or called not in _PROJECTIONS:
        config.fault("feed_forward_proj", f"`feed_forward_proj` {called!r:.40} is none of {', '.join(_PROJECTIONS)}.")
        called = "relu"
    act, gated = _PROJECTIONS[called]
    config.only("dense_act_fn", act)
    config.only("is_gated_act", gated)
    std = 1.0 / sqrt(features)
    names = ("wi_0", "wi_1") if gated else ("wi",)
    first, *others = (dense(f"DenseReluDense.{name}", inner, std, bias=False) for name in names)
    first = {**first, "activation": _ACTIVATIONS[act]}
    branches = [{"layers": [first]}, *({"layers": [one]} for one in others)]
    gate: Layer = {"kind": "parallel", "merge": "multiply", "branches": branches}
    return [
        gate if gated else first,
        *dropped(rate),
        dense("DenseReluDense.wo", features, 1.0 / sqrt(inner), bias=False),
    ]
