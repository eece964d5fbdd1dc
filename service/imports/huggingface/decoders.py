"""GPT-2, and LLaMA with what is made like it."""

from math import sqrt
from typing import Any

from service.imports.base import Layer
from service.imports.huggingface.config import Config
from service.imports.huggingface.parts import (
    NONE,
    ZEROS,
    Described,
    Head,
    activation,
    attention,
    behind,
    chosen,
    classifier,
    dense,
    dropped,
    epsilon_of,
    first_step,
    heads_of,
    language_head,
    norm,
    normal,
    of_dropout,
    repeated,
    residual,
    tokens,
    unused_rows,
)


def gpt2(config: Config) -> Described:
    """GPT-2, whose projections into the stream are smaller by √(2 · blocks)."""
    features, positions = config.integer("n_embd", 768), config.integer("n_positions", 1024)
    blocks, vocabulary = config.integer("n_layer", 12, 1000), config.integer("vocab_size", 50257)
    std = config.spread()
    _check_gpt2(config, positions)
    steps = config.steps("n_positions", positions)
    layers: list[Layer] = [
        {"kind": "embedding", "name": "wte", "units": features, "weights": normal(std)},
        {"kind": "position_embedding", "name": "wpe", "positions": normal(std)},
        *dropped(config.rate("embd_pdrop", 0.1)),
        repeated("h", blocks, _of_gpt2(config, features, std / sqrt(2 * blocks))),
        norm("ln_f", epsilon_of(config, "layer_norm_epsilon", 1e-5)),
    ]
    last = first_step(steps, last=True)
    words = dense("lm_head", vocabulary, std, bias=False)
    of_token = dropped(config.rate("classifier_dropout", 0.1))
    head = chosen(
        config,
        {
            "": Head,
            "GPT2Model": Head,
            "GPT2LMHeadModel": lambda: language_head(config, words, features, _tied(config, True)),
            "GPT2ForSequenceClassification": lambda: behind(last, classifier(config, "score", std, bias=False)),
            "GPT2ForTokenClassification": lambda: behind(of_token, classifier(config, "classifier", std)),
        },
    )
    more = unused_rows(config, "n_positions", positions, steps, features) + head.more
    return Described(tokens(steps, vocabulary), [*layers, *head.layers], head.loss, more)


def _of_gpt2(config: Config, features: int, small: float) -> list[Layer]:
    """The layers of a block, whose projections into the stream have the deviation `small`."""
    std, epsilon = config.spread(), epsilon_of(config, "layer_norm_epsilon", 1e-5)
    rate, shares = config.rate("resid_pdrop", 0.1), config.rate("attn_pdrop", 0.1)
    heads = heads_of(config, "n_head", 12, ("n_embd", features))
    scores = attention("attn", heads, std, causal=True, **of_dropout(shares), output_weights=normal(small))
    act = activation(config, "activation_function", "gelu_new")
    first = dense("mlp.c_fc", config.integer("n_inner", 4 * features), std, activation=act)
    second = dense("mlp.c_proj", features, small)
    return [
        residual("attn", [norm("ln_1", epsilon), scores, *dropped(rate)]),
        residual("mlp", [norm("ln_2", epsilon), first, second, *dropped(rate)]),
    ]


def _check_gpt2(config: Config, positions: int) -> None:
    """What of GPT-2's fields is understood at one value, and what of it no number depends on."""
    config.only("scale_attn_weights", True)
    config.only("scale_attn_by_inverse_layer_idx", False)
    config.only("n_ctx", positions, None)
    config.only("n_special", 0)
    config.ignore("predict_special_tokens")
    config.ignore("reorder_and_upcast_attn", "summary_type", "summary_use_proj", "summary_activation")
    config.ignore("summary_proj_to_labels", "summary_first_dropout")


def _tied(config: Config, default: bool) -> bool:
    return config.flag("tie_word_embeddings", default)


def llama(config: Config) -> Described:
    """LLaMA: gates, norms by the root mean square, rotary positions; biases where the config says so."""
    config.ignore("pretraining_tp")
    config.only("is_llama_config", True)
    config.only("rope_interleaved", False)
    bias = ZEROS if config.flag("attention_bias", False) else NONE
    return _llama(config, "Llama", {"bias": bias}, config.flag("mlp_bias", False))


def mistral(config: Config) -> Described:
    """Mistral: LLaMA whose attention looks back so far, which no shorter sequence sees."""
    return _llama(config, "Mistral", {"bias": NONE}, False)


def qwen2(config: Config) -> Described:
    """Qwen2: LLaMA with biases in front of attention and none behind it."""
    return _llama(config, "Qwen2", {"bias": ZEROS, "output_bias": NONE}, False)


def _llama(config: Config, family: str, own: dict[str, Any], mlp_bias: bool) -> Described:
    features, vocabulary = config.integer("hidden_size", 4096), config.integer("vocab_size", _VOCABULARIES[family])
    blocks, inner = config.integer("num_hidden_layers", 32, 1000), config.integer("intermediate_size", _INNER[family])
    std, epsilon = config.spread(), epsilon_of(config, "rms_norm_eps", 1e-6)
    longest = config.integer("max_sequence_length", _POSITIONS[family])  # its name before transformers 4.28
    steps = config.steps("max_position_embeddings", config.integer("max_position_embeddings", longest))
    _check_windows(config, family, steps)
    act = activation(config, "hidden_act", "silu")
    gate = {**dense("mlp.gate_proj", inner, std, mlp_bias), "activation": act}
    up, down = dense("mlp.up_proj", inner, std, mlp_bias), dense("mlp.down_proj", features, std, mlp_bias)
    branches = [{"layers": [gate]}, {"layers": [up]}]
    gated = {"kind": "parallel", "name": "mlp", "merge": "multiply", "branches": branches}
    layers: list[Layer] = [
        {"kind": "embedding", "name": "embed_tokens", "units": features, "weights": normal(std)},
        repeated(
            "layers",
            blocks,
            [
                residual("self_attn", [_norm("input_layernorm", epsilon), _attention(config, family, features, own)]),
                residual("mlp", [_norm("post_attention_layernorm", epsilon), gated, down]),
            ],
        ),
        _norm("norm", epsilon),
    ]
    head = _head(config, family, steps, (features, vocabulary))
    return Described(tokens(steps, vocabulary), [*layers, *head.layers], head.loss, head.more)


_VOCABULARIES = {"Llama": 32_000, "Mistral": 32_000, "Qwen2": 151_936}
_INNER = {"Llama": 11_008, "Mistral": 14_336, "Qwen2": 22_016}
_POSITIONS = {"Llama": 2048, "Mistral": 131_072, "Qwen2": 32_768}
_KEYS = {"Llama": None, "Mistral": 8, "Qwen2": 32}
"""What transformers takes where a config does not say it."""


def _norm(name: str, epsilon: float) -> Layer:
    return norm(name, epsilon, "rms_norm")


def _attention(config: Config, family: str, features: int, own: dict[str, Any]) -> Layer:
    heads = config.integer("num_attention_heads", 32, 1024)
    keys = config.integer("num_key_value_heads", _KEYS[family] or heads, 1024)
    units = config.integer("head_dim", max(features // heads, 1))
    if not config.given("head_dim") and features % heads:
        config.fault("num_attention_heads", f"{heads} heads do not divide the {features} of `hidden_size`.")
    if heads % keys:
        config.fault("num_key_value_heads", f"{keys} `num_key_value_heads` do not divide {heads} heads.")
    sizes = {"key_units": units, "kv_heads": keys, "causal": True, "positions": "rotary", "rotary_base": _base(config)}
    shares = of_dropout(config.rate("attention_dropout", 0.0))
    return attention("self_attn", heads, config.spread(), **sizes, **own, **shares)


def _base(config: Config) -> float:
    """The base of rotary positions; one that is scaled for longer sequences is a fault."""
    base = config.number("rope_theta", 10_000.0, 1.001, 1e12)
    for name in ("rope_scaling", "rope_parameters"):
        given = config.value(name)
        if given is None:
            continue
        fields = dict(given) if isinstance(given, dict) else {"": given}
        kind = fields.pop("rope_type", fields.pop("type", "default"))
        found = fields.pop("rope_theta", base)
        if kind != "default" or fields or type(found) not in (int, float) or not 1.0 < found <= 1e12:
            what = f"of type {kind!r:.30}" if kind != "default" else f"with {', '.join(map(str, fields))[:60] or found}"
            config.fault(name, f"`{name}` {what} changes the angles of positions in a way that is not known here.")
        else:
            base = float(found)
    return base


def _check_windows(config: Config, family: str, steps: int) -> None:
    """See that attention looks back over the whole sequence."""
    used = config.flag("use_sliding_window", False) if family == "Qwen2" else family == "Mistral"
    if family == "Qwen2":
        config.ignore("max_window_layers")
    window = config.value("sliding_window") if family != "Llama" else None
    if window is None and family == "Mistral" and "sliding_window" not in config:
        window = 4096
    kinds = config.value("layer_types")
    if kinds is not None:
        known = isinstance(kinds, list) and all(one in ("full_attention", "sliding_attention") for one in kinds)
        if not known:
            config.fault("layer_types", "`layer_types` are full_attention or sliding_attention.")
        used = used or (known and "sliding_attention" in kinds)
    if used and window is not None and (type(window) is not int or window < steps):
        sentence = f"`sliding_window` is {window!r:.20}: attention over fewer steps than the {steps} of a sequence"
        config.fault("sliding_window", f"{sentence} is not known here.")


def _head(config: Config, family: str, steps: int, sizes: tuple[int, int]) -> Head:
    std = config.spread()
    words = dense("lm_head", sizes[1], std, bias=False)
    of_token = dropped(config.rate("classifier_dropout", config.rate("hidden_dropout", 0.1)))
    return chosen(
        config,
        {
            "": Head,
            f"{family}Model": Head,
            f"{family}ForCausalLM": lambda: language_head(config, words, sizes[0], _tied(config, False)),
            f"{family}ForSequenceClassification": lambda: behind(
                first_step(steps, last=True), classifier(config, "score", std, bias=False)
            ),
            f"{family}ForTokenClassification": lambda: behind(of_token, classifier(config, "score", std)),
        },
    )
