"""Keras layers that act on features, move numbers, drop or normalise them."""

from collections.abc import Callable, Mapping, Sequence
from math import prod, sqrt

from service.core.arrays import Shape
from service.imports.base import Layer, Subject
from service.imports.keras.drawing import ADVANCED, activation, advanced, initialiser
from service.imports.keras.fields import Fields, Made, Unsayable, one_signal

_NO_BIAS: Layer = {"kind": "none"}
_MASKS = "No step is padding, so masks have no effect."
_SAME_MASK = "Dropout draws a mask of its own for each entry, where the file has one for several."
_MOST_TIMES = 256
_OWN = {"GELU": "gelu", "Gelu": "gelu", "Swish": "silu", "SiLU": "silu", "Mish": "mish", "ReLU6": "relu6"}


def bias(fields: Fields, units: Callable[[Shape], int], theirs: Callable[[Shape], float]) -> Callable[[Shape], Layer]:
    """The bias of a layer with so many units and fan_in, by the shape that comes in."""
    drawn = initialiser(fields, "bias_initializer", default="zeros")
    if not fields.flag("use_bias", "bias", default=True):
        return lambda shape: _NO_BIAS
    return lambda shape: drawn.at((units(shape), units(shape)), (theirs(shape), units(shape)))


def _dense(fields: Fields) -> Made:
    units = fields.whole("units", "output_dim")
    own = bias(fields, lambda shape: units, lambda shape: shape[-1])
    kernel = initialiser(fields, "kernel_initializer", "init", default="glorot_uniform")
    act = activation(fields, "activation")
    fields.only("lora_rank", None)
    fields.only("quantization_config", None)
    fields.only("kernel_quantizer", None)
    fields.free("lora_alpha")

    def layers(shape: Shape) -> Sequence[Layer]:
        if fields.file.channels_first and len(shape) == 3:
            raise Unsayable("acts on the width of an image, as channels come first in this file")
        weights = kernel.at((shape[-1], units))
        return [{"kind": "dense", "units": units, "activation": act, "weights": weights, "bias": own(shape)}]

    return one_signal(layers, trained=True)


def _maxout(fields: Fields) -> Made:
    units, pieces = fields.whole("output_dim"), fields.whole("nb_feature", default=4)
    kernel = initialiser(fields, "init", default="glorot_uniform")
    own: Layer = {"kind": "zeros"} if fields.flag("bias", default=True) else _NO_BIAS

    def layers(shape: Shape) -> Sequence[Layer]:
        fan = sqrt(pieces * shape[-1] * units)  # Keras 1 counts so for arrays of three axes
        weights = kernel.at((fan, fan), (shape[-1], units))
        piece = {"kind": "dense", "units": units, "weights": weights, "bias": own}
        return [{"kind": "parallel", "merge": "maximum", "branches": [{"layers": [piece]} for _ in range(pieces)]}]

    return one_signal(layers, trained=True)


def _highway(fields: Fields) -> Made:
    """x + T · (H − x): what Keras 1 computes as T · H + (1 − T) · x."""
    kernel, act = initialiser(fields, "init", default="glorot_uniform"), activation(fields, "activation")
    biased = fields.flag("bias", default=True)
    biases: list[Layer] = [{"kind": "ones"}, {"kind": "zeros"}] if biased else [_NO_BIAS, _NO_BIAS]
    if "transform_bias" in fields.values:
        biases[0] = {"kind": "constant", "value": fields.number("transform_bias")} if biased else _NO_BIAS

    def layers(shape: Shape) -> Sequence[Layer]:
        common = {"kind": "dense", "units": shape[-1], "weights": kernel.at((shape[-1], shape[-1]))}
        gate = {**common, "bias": biases[0], "activation": {"kind": "sigmoid"}}
        change = [{**common, "bias": biases[1], "activation": act}]
        difference = _parallel("add", change, [{"kind": "scale", "factor": -1.0}])
        return [{"kind": "residual", "layers": [_parallel("multiply", [gate], [difference])]}]

    return one_signal(layers, trained=True)


def _parallel(merge: str, *branches: Sequence[Layer]) -> Layer:
    return {"kind": "parallel", "merge": merge, "branches": [{"layers": branch} for branch in branches]}


def _activation(fields: Fields) -> Made:
    act = activation(fields, "activation", default=None)
    return one_signal(lambda shape: [] if act == {"kind": "linear"} else [{"kind": "activation", "activation": act}])


def _advanced(name: str) -> Callable[[Fields], Made]:
    def made(fields: Fields) -> Made:
        act = advanced(name, fields)
        return one_signal(lambda shape: [{"kind": "activation", "activation": act}])

    return made


def _own(name: str, kind: str) -> Callable[[Fields], Made]:
    """A class that Keras has none of, and whose name is that of an activation: many people write these alike."""

    def made(fields: Fields) -> Made:
        fields.assume(
            Subject.OTHER, "", f"{name} is no class of Keras; it is read as the activation {kind}, by its name."
        )
        return one_signal(lambda shape: [{"kind": "activation", "activation": {"kind": kind}}])

    return made


def _prelu(fields: Fields) -> Made:
    slope = initialiser(fields, "alpha_initializer", "init", default="zeros")
    shared = fields.take("shared_axes", default=None)

    def layers(shape: Shape) -> Sequence[Layer]:
        channels_first = fields.file.channels_first and len(shape) == 3
        positions = [2, 3] if channels_first else list(range(1, len(shape)))
        if sorted(shared or []) == positions:
            return [{"kind": "prelu", "slope": slope.at((shape[-1], shape[-1]))}]
        if shared:
            raise Unsayable(f"shares its slopes along the axes {shared}, and only {positions} can be said here")
        inside = {"kind": "prelu", "slope": slope.at((prod(shape), prod(shape)))}
        return [{"kind": "flatten"}, inside, {"kind": "reshape", "shape": list(shape)}]

    if shared is not None and not (isinstance(shared, list) and all(type(axis) is int for axis in shared)):
        fields.fault("shared_axes", f"{fields.what} has shared_axes that are no list of axes.")
    return one_signal(layers, trained=True)


def _dropout(fields: Fields) -> Made:
    rate = fields.number("rate", "p")
    if fields.take("noise_shape") is not None:
        fields.assume(Subject.OTHER, "noise_shape", _SAME_MASK)
    return one_signal(lambda shape: [{"kind": "dropout", "rate": float(rate)}])


def _spatial_dropout(fields: Fields) -> Made:
    fields.data_format()
    fields.assume(Subject.OTHER, "", _SAME_MASK)
    return _dropout(fields)


def _noise(*names: str) -> Callable[[Fields], Made]:
    """Noise that our language has none of, which is nothing at all at strength 0."""

    def made(fields: Fields) -> Made:
        if fields.number(*names) != 0.0:
            fields.fault("", f"{fields.what} is noise of a kind that cannot be said here.")
        fields.only("noise_shape", None)
        return one_signal(lambda shape: [])

    return made


def _nothing(fields: Fields) -> Made:
    return one_signal(lambda shape: [])


def _masking(fields: Fields) -> Made:
    fields.number("mask_value", default=0.0)
    fields.assume(Subject.MASK, "mask_value", _MASKS)
    return _nothing(fields)


def _activity(fields: Fields) -> Made:
    fields.free("l1", "l2")
    fields.assume(Subject.REGULARISER, "", "The gradient is that of the error alone: regularisers add nothing to it.")
    return _nothing(fields)


def _embedding(fields: Fields) -> Made:
    rows, units = fields.whole("input_dim"), fields.whole("output_dim")
    length = fields.take("input_length", default=None)
    table = initialiser(fields, "embeddings_initializer", "init", default="uniform")
    fields.only("lora_rank", None)
    fields.only("dropout", 0, 0.0)
    fields.only("sparse", False)
    fields.only("quantization_config", None)
    fields.free("lora_alpha")
    if fields.flag("mask_zero"):
        fields.assume(Subject.MASK, "mask_zero", _MASKS)

    def layers(shape: Shape) -> Sequence[Layer]:
        if length not in (None, shape[0], [shape[0]]):
            raise Unsayable(f"expects {length} steps, and {shape[0]} come in")
        weights = table.at((rows, units), (units, units))
        return [{"kind": "embedding", "units": units, "vocabulary": rows, "weights": weights}]

    return one_signal(layers, trained=True)


def _flatten(fields: Fields) -> Made:
    fields.only("data_format", None, "channels_last", *(["channels_first"] if fields.file.channels_first else []))
    return one_signal(lambda shape: [] if len(shape) == 1 else [{"kind": "flatten"}])


def _reshape(fields: Fields) -> Made:
    target = fields.take("target_shape", default=None)
    right = isinstance(target, list) and all(type(n) is int and n >= -1 and n != 0 for n in target)
    if not right or not target or target.count(-1) > 1:
        fields.fault("target_shape", f"{fields.what} has target_shape = {target}, where one shape is read.")

    def layers(shape: Shape) -> Sequence[Layer]:
        known = abs(prod(target))
        if prod(shape) % known:
            raise Unsayable(f"makes {target} of {list(shape)}, which has another count of numbers")
        wanted = [prod(shape) // known if n == -1 else n for n in target]
        if fields.file.channels_first and 3 in (len(shape), len(wanted)) and list(shape) != wanted:
            wanted = _with_channels_last(shape, wanted)
        return [] if wanted == list(shape) else [{"kind": "reshape", "shape": wanted}]

    return one_signal(layers)


def _with_channels_last(shape: Shape, wanted: Sequence[int]) -> list[int]:
    """What a reshape makes where channels come first in the file: features may come in another order."""
    if len(wanted) == 3 and len(shape) == 1:
        return [*wanted[1:], wanted[0]]
    if len(wanted) == 1:
        return list(wanted)
    raise Unsayable("rearranges positions and channels, which come first in this file")


def _permute(fields: Fields) -> Made:
    dims = fields.take("dims", default=None)

    def layers(shape: Shape) -> Sequence[Layer]:
        if not isinstance(dims, list) or sorted(map(str, dims)) != [str(n + 1) for n in range(len(shape))]:
            raise Unsayable(f"permutes {list(shape)} by {dims}, which does not fit")
        wanted = [shape[n - 1] for n in dims]
        order = [n for n in dims if shape[n - 1] > 1]
        if order != sorted(order) or fields.file.channels_first:
            raise Unsayable("permutes axes, which cannot be said here")
        return [] if wanted == list(shape) else [{"kind": "reshape", "shape": wanted}]

    return one_signal(layers)


def _repeat_vector(fields: Fields) -> Made:
    times = fields.whole("n")

    def layers(shape: Shape) -> Sequence[Layer]:
        if len(shape) != 1:
            raise Unsayable(f"repeats a vector, and {list(shape)} comes in")
        return [{"kind": "reshape", "shape": [1, *shape]}, *repeated([times])]

    return one_signal(layers)


def repeated(sizes: Sequence[int]) -> list[Layer]:
    """The upsampling by these factors; in two steps where one is larger than an upsampling has."""
    for first in range(1, _MOST_TIMES + 1):
        if len(sizes) == 1 and sizes[0] % first == 0 and sizes[0] // first <= _MOST_TIMES:
            steps = [[first], [sizes[0] // first]]
            return [{"kind": "upsampling", "size": step} for step in steps if step != [1]]
    return [{"kind": "upsampling", "size": list(sizes)}]


LAYERS: Mapping[str, Callable[[Fields], Made]] = {
    "Dense": _dense,
    "TimeDistributedDense": _dense,
    "MaxoutDense": _maxout,
    "Highway": _highway,
    "Activation": _activation,
    **{name: _advanced(name) for name in ADVANCED},
    **{name: _own(name, kind) for name, kind in _OWN.items()},
    "PReLU": _prelu,
    "Dropout": _dropout,
    "SpatialDropout1D": _spatial_dropout,
    "SpatialDropout2D": _spatial_dropout,
    "GaussianNoise": _noise("stddev", "sigma"),
    "GaussianDropout": _noise("rate", "p"),
    "AlphaDropout": _noise("rate", "p"),
    "Masking": _masking,
    "ActivityRegularization": _activity,
    "Identity": _nothing,
    "Embedding": _embedding,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    "RepeatVector": _repeat_vector,
}
"""The layers by Keras' names."""
