"""ViT and ResNet."""

from collections.abc import Iterator, Sequence
from typing import Any

from service.imports.base import Layer, Subject
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
    loss_of_labels,
    norm,
    normal,
    of_dropout,
    repeated,
    residual,
)

_MOST_STEPS = 1025  # of which all but one are cropped at once
_SIDE = 224
"""Rows and columns of an image where the config does not say them."""


def vit(config: Config) -> Described:
    """A vision transformer: patches as steps, with a step of its own in front of them."""
    height, width = _pair(config, "image_size", 224)
    rows, columns = _pair(config, "patch_size", 16)
    channels, features = config.integer("num_channels", 3), config.integer("hidden_size", 768)
    shape = _image(config, (height, width, channels), "image_size")
    std, epsilon = config.spread(), epsilon_of(config, "layer_norm_eps", 1e-12)
    rate, steps = config.rate("hidden_dropout_prob", 0.0), (height // rows) * (width // columns)
    if not steps:
        config.fault("patch_size", f"A patch of {rows}x{columns} is larger than the image of {height}x{width}.")
    if steps >= _MOST_STEPS:
        config.fault("patch_size", f"There are {steps} patches; at most {_MOST_STEPS - 1} are read.")
    steps = min(max(steps, 1), _MOST_STEPS)
    config.ignore("encoder_stride")
    config.only("interpolate_pos_encoding", False)
    layers = [*_patches(steps, features, (rows, columns), std), *dropped(rate)]
    layers += [_of_vit(config, features, std, epsilon), norm("layernorm", epsilon)]
    first = first_step(steps + 1)
    pooled = dense("pooler.dense", config.integer("pooler_output_size", features), std)
    pooled = {**pooled, "activation": activation(config, "pooler_act", "tanh")}
    head = chosen(
        config,
        {
            "": lambda: Head([*first, pooled]),
            "ViTModel": lambda: Head([*first, pooled]),
            "ViTForImageClassification": lambda: behind(first, classifier(config, "classifier", std)),
        },
    )
    return Described(shape, [*layers, *head.layers], head.loss, head.more)


def _patches(steps: int, features: int, patch: tuple[int, int], std: float) -> list[Layer]:
    """Patches as steps, behind a step of zeros to which a vector of its own is added, and positions."""
    own: list[Layer] = [
        {"kind": "cropping", "crop": [0, steps]},
        {"kind": "position_embedding", "name": "cls_token", "positions": normal(std)},
        {"kind": "padding", "pad": [0, steps]},
    ]
    kernel = {"size": list(patch), "stride": list(patch), "weights": normal(std), "bias": ZEROS}
    return [
        {"kind": "convolution", "name": "patch_embeddings.projection", "filters": features, **kernel},
        {"kind": "reshape", "shape": [steps, features]},
        {"kind": "padding", "pad": [1, 0]},
        residual("cls_token", own),
        {"kind": "position_embedding", "name": "position_embeddings", "positions": normal(std)},
    ]


def _of_vit(config: Config, features: int, std: float, epsilon: float) -> Layer:
    """The blocks, which have their norms in front."""
    heads = heads_of(config, "num_attention_heads", 12, ("hidden_size", features))
    rate, shares = config.rate("hidden_dropout_prob", 0.0), config.rate("attention_probs_dropout_prob", 0.0)
    own: dict[str, Any] = {} if config.flag("qkv_bias", True) else {"bias": NONE, "output_bias": ZEROS}
    inner = dense("intermediate.dense", config.integer("intermediate_size", 3072), std)
    inner = {**inner, "activation": activation(config, "hidden_act", "gelu")}
    return repeated(
        "encoder.layer",
        config.integer("num_hidden_layers", 12, 1000),
        [
            residual(
                "attention",
                [
                    norm("layernorm_before", epsilon),
                    attention("attention", heads, std, **own, **of_dropout(shares)),
                    *dropped(rate),
                ],
            ),
            residual(
                "output",
                [norm("layernorm_after", epsilon), inner, dense("output.dense", features, std), *dropped(rate)],
            ),
        ],
    )


def resnet(config: Config) -> Described:
    """A ResNet, version 1.5: it strides in the second convolution of a bottleneck unless the config says otherwise."""
    shape = _image(config, (_SIDE, _SIDE, config.integer("num_channels", 3)), "")
    widths, depths = (_integers(config, name) for name in ("hidden_sizes", "depths"))
    if len(widths) != len(depths):
        config.fault("depths", f"There are {len(depths)} `depths` and {len(widths)} `hidden_sizes`.")
    stem = config.integer("embedding_size", 64)
    config.only("layer_type", "bottleneck", "basic")
    config.ignore("stage_names", "out_features", "out_indices", "_out_features", "_out_indices")
    act = activation(config, "hidden_act", "relu")
    in_first = config.flag("downsample_in_first_stage", False)
    layers = [*_convolved("embedder", stem, 7, 2, act), *_largest()]
    before = stem
    for number, (width, depth) in enumerate(zip(widths, depths, strict=False)):
        stride = 2 if number or in_first else 1
        name = f"encoder.stages.{number}"
        layers.append(_residual(config, f"{name}.layers.0", (before, width), stride))
        if depth > 1:
            layers.append(repeated(name, depth - 1, [_residual(config, f"{name}.layers", (width, width), 1)]))
        before = width
    layers.append({"kind": "global_pooling", "name": "pooler"})
    config.assume(Subject.BATCH_STATISTICS, "", "Batch norms take the statistics of the batch, as in training.")
    uniform = {"kind": "variance_scaling", "scale": 1 / 3, "distribution": "uniform"}
    labels = config.labels
    last = {"kind": "dense", "name": "classifier", "units": labels, "weights": uniform, "bias": uniform}
    head = chosen(
        config,
        {
            "": Head,
            "ResNetModel": Head,
            "ResNetForImageClassification": lambda: Head([last], loss_of_labels(config, labels)),
        },
    )
    return Described(shape, [*layers, *head.layers], head.loss)


def _residual(config: Config, name: str, widths: tuple[int, int], stride: int) -> Layer:
    """Two convolutions or three, and a shortcut that has one of its own where the shape changes."""
    before, width = widths
    relu = {"kind": "relu"}  # inside a block, whatever the config says
    inside = list(_basic(width, stride, relu))
    if config.value("layer_type") != "basic":
        early = config.flag("downsample_in_bottleneck", False)
        inside = list(_bottleneck(width, (stride, 1) if early else (1, stride), relu))
    else:
        config.ignore("downsample_in_bottleneck")
    changes = before != width or stride != 1
    shortcut = _convolved("shortcut", width, 1, stride, None) if changes else []
    act = activation(config, "hidden_act", "relu")
    return {**residual(name, inside), "shortcut": shortcut, "activation": act}


def _basic(width: int, stride: int, act: Layer) -> Iterator[Layer]:
    yield from _convolved("layer.0", width, 3, stride, act)
    yield from _convolved("layer.1", width, 3, 1, None)


def _bottleneck(width: int, strides: tuple[int, int], act: Layer) -> Iterator[Layer]:
    inner = max(width // 4, 1)
    yield from _convolved("layer.0", inner, 1, strides[0], act)
    yield from _convolved("layer.1", inner, 3, strides[1], act)
    yield from _convolved("layer.2", width, 1, 1, None)


def _convolved(name: str, filters: int, size: int, stride: int, act: Layer | None) -> list[Layer]:
    """A convolution without a bias, its norm, and its activation, if it has one."""
    he = {"kind": "variance_scaling", "scale": 2.0, "mode": "fan_out", "distribution": "normal"}
    kernel = {"size": [size], "stride": [stride], "pad": [size // 2] * 4, "weights": he, "bias": NONE}
    own = {"epsilon": 1e-5, "gain": {"kind": "ones"}, "shift": ZEROS}
    return [
        {"kind": "convolution", "name": f"{name}.convolution", "filters": filters, **kernel},
        {"kind": "batch_norm", "name": f"{name}.normalization", **own},
        *([{"kind": "activation", "activation": act}] if act else []),
    ]


def _largest() -> list[Layer]:
    """The largest of 3 by 3 positions, every second one, with a border that is never the largest."""
    return [
        {"kind": "pooling", "name": "embedder.pooler", "mode": "max", "size": [3], "stride": [1], "padding": "same"},
        {"kind": "pooling", "name": "embedder.pooler", "mode": "max", "size": [1], "stride": [2]},
    ]


def _pair(config: Config, name: str, default: int) -> tuple[int, int]:
    """Rows and columns, for which one number may stand."""
    found = config.value(name)
    if isinstance(found, list) and len(found) == 2 and all(type(one) is int and 0 < one < 65_536 for one in found):
        return found[0], found[1]
    if isinstance(found, list):
        config.fault(name, f"`{name}` is a number of pixels, or two of them.")
        return default, default
    side = config.integer(name, default, 65_536)
    return side, side


def _integers(config: Config, name: str) -> Sequence[int]:
    """A list of whole numbers from 1 on."""
    default = [256, 512, 1024, 2048] if name == "hidden_sizes" else [3, 4, 6, 3]
    found = config.value(name)
    if found is None:
        return default
    fits = isinstance(found, list) and 0 < len(found) <= 16
    if not fits or not all(type(one) is int and 1 <= one <= 65_536 for one in found):
        config.fault(name, f"`{name}` is a list of up to 16 whole numbers from 1 to 65536.")
        return default
    return list(found)


def _image(config: Config, shape: tuple[int, int, int], name: str) -> dict[str, Any]:
    """The shape of an image: that which is asked for, or the one given here; it fits field `name`, if that is said."""
    given = config.reading.options.input
    if given and (len(given) != 3 or given[2] != shape[2] or (name and given != shape)):
        wanted = "x".join(map(str, shape))
        config.fault(name, f"The input {'x'.join(map(str, given))} is asked for; this model reads {wanted}.")
    elif not given and not name:
        sentence = f"An image has {shape[0]} x {shape[1]} pixels, as those that the published models read."
        config.assume(Subject.INPUT, "", sentence)
    sizes = given if len(given) == 3 else shape
    return dict(zip(("kind", "height", "width", "channels"), ("image", *sizes), strict=True))
