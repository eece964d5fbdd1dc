"""Keras layers with a kernel or a window: convolutions, pools, padding, cropping and upsampling."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from service.core.arrays import Shape
from service.imports.base import Layer
from service.imports.keras.drawing import activation, initialiser
from service.imports.keras.fields import Fields, Made, Unsayable, one_signal
from service.imports.keras.plain import bias, repeated

_PADDINGS = ("valid", "same")
_LARGEST_WINDOW = 1024


class _Kernel:
    """The fields that all convolutions over so many axes of positions have."""

    def __init__(self, fields: Fields, axes: int) -> None:
        self._fields, self._axes = fields, axes
        fields.data_format(axes)
        self.size = self._size()
        self.stride = self._along("strides", "subsample", "subsample_length")
        self.dilation = self._along("dilation_rate", "atrous_rate")
        among = (*_PADDINGS, "causal") if axes == 1 else _PADDINGS
        self.padding = fields.word("padding", "border_mode", default="valid", among=among)
        self.activation = activation(fields, "activation")

    def _size(self) -> list[int]:
        old = [name for name in ("nb_row", "nb_col") if name in self._fields.values]
        if old:
            return [self._fields.whole(name) for name in ("nb_row", "nb_col")]
        return self._right(self._fields.sizes("kernel_size", "filter_length"), "kernel_size")

    def _along(self, *names: str) -> list[int]:
        return self._right(self._fields.sizes(*names, default=[1]), names[0])

    def _right(self, sizes: list[int], name: str) -> list[int]:
        if len(sizes) not in (1, self._axes):
            self._fields.fault(name, f"{self._fields.what} has {name} = {sizes}, which has too many axes.")
        return sizes

    def taps(self) -> int:
        """How many positions the kernel has."""
        return prod(self.size * (self._axes // len(self.size)))

    def common(self, shape: Shape) -> Layer:
        """The fields of our language, for inputs of that shape; Unsayable where these have other axes."""
        if len(shape) != self._axes + 1:
            raise Unsayable(f"slides over {self._axes} axes of positions, and {list(shape)} comes in")
        return {"size": self.size, "stride": self.stride, "dilation": self.dilation, "padding": self.padding}


def _convolution(axes: int) -> Callable[[Fields], Made]:
    def made(fields: Fields) -> Made:
        kernel, filters = _Kernel(fields, axes), fields.whole("filters", "nb_filter")
        groups = fields.whole("groups", default=1)
        weights = initialiser(fields, "kernel_initializer", "init", default="glorot_uniform")
        own = bias(fields, lambda shape: filters, lambda shape: kernel.taps() * shape[-1] / groups)
        fields.only("lora_rank", None)
        fields.free("lora_alpha")

        def layers(shape: Shape) -> Sequence[Layer]:
            fan_in, fan_out = kernel.taps() * shape[-1] / groups, kernel.taps() * filters
            drawn = weights.at((fan_in, fan_out), (fan_in, fan_out / groups))
            own_fields = {"filters": filters, "groups": groups, "weights": drawn, "bias": own(shape)}
            return [{"kind": "convolution", **kernel.common(shape), **own_fields, "activation": kernel.activation}]

        return one_signal(layers, trained=True)

    return made


def _depthwise(axes: int) -> Callable[[Fields], Made]:
    def made(fields: Fields) -> Made:
        kernel, multiplier = _Kernel(fields, axes), fields.whole("depth_multiplier", default=1)
        weights = initialiser(fields, "depthwise_initializer", "kernel_initializer", default="glorot_uniform")
        fields.only("groups", 1)
        fields.only("filters", None)
        own = bias(fields, lambda shape: shape[-1] * multiplier, lambda shape: kernel.taps() * shape[-1])

        def layers(shape: Shape) -> Sequence[Layer]:
            first = _each_channel(kernel, multiplier, shape)
            drawn = weights.at((kernel.taps() * shape[-1], kernel.taps() * multiplier))
            return [{**first, "weights": drawn, "bias": own(shape), "activation": kernel.activation}]

        return one_signal(layers, trained=True)

    return made


def _each_channel(kernel: _Kernel, multiplier: int, shape: Shape) -> Layer:
    return {"kind": "depthwise_convolution", **kernel.common(shape), "multiplier": multiplier, "fans": "all"}


def _separable(axes: int) -> Callable[[Fields], Made]:
    """Two convolutions and one bias."""

    def made(fields: Fields) -> Made:
        kernel, filters = _Kernel(fields, axes), fields.whole("filters", "nb_filter")
        multiplier = fields.whole("depth_multiplier", default=1)
        fields.only("groups", 1)
        old = fields.take("kernel_initializer", "init", default="glorot_uniform")
        fields.values.setdefault("depthwise_initializer", old)
        fields.values.setdefault("pointwise_initializer", old)
        depthwise = initialiser(fields, "depthwise_initializer", default="glorot_uniform")
        pointwise = initialiser(fields, "pointwise_initializer", default="glorot_uniform")
        own = bias(fields, lambda shape: filters, lambda shape: shape[-1] * multiplier)

        def layers(shape: Shape) -> Sequence[Layer]:
            drawn = depthwise.at((kernel.taps() * shape[-1], kernel.taps() * multiplier))
            first = {**_each_channel(kernel, multiplier, shape), "weights": drawn, "bias": {"kind": "none"}}
            mixing = {"weights": pointwise.at((shape[-1] * multiplier, filters)), "bias": own(shape)}
            second = {"kind": "convolution", "filters": filters, "size": [1], "activation": kernel.activation}
            return [first, {**second, **mixing}]

        return one_signal(layers, trained=True)

    return made


def _transposed(axes: int) -> Callable[[Fields], Made]:
    def made(fields: Fields) -> Made:
        kernel, filters = _Kernel(fields, axes), fields.whole("filters", "nb_filter")
        old = "nb_filter" in fields.values or fields.file.version[0] == 1
        weights = initialiser(fields, "kernel_initializer", "init", default="glorot_uniform")
        own = bias(fields, lambda shape: filters, lambda shape: kernel.taps() * filters)
        fields.only("output_padding", None)
        fields.only("groups", 1)
        declared = fields.take("output_shape", default=None) if old else None

        def layers(shape: Shape) -> Sequence[Layer]:
            fans = (kernel.taps() * filters, kernel.taps() * shape[-1])
            strides = kernel.stride * (axes // len(kernel.stride))
            sizes = kernel.size * (axes // len(kernel.size))
            if kernel.padding == "valid" and any(k < s for k, s in zip(sizes, strides, strict=True)):
                raise Unsayable("has a kernel that is smaller than its strides, so positions stay empty")
            out = [_length(n, k, s, kernel.padding) for n, k, s in zip(shape[:-1], sizes, strides, strict=True)]
            if declared is not None and not _agrees(declared, [*out, filters], fields):
                raise Unsayable(f"declares that {declared} comes out, and {[*out, filters]} would")
            drawn = weights.at(fans[::-1] if old else fans, fans)
            own_fields = {"filters": filters, "weights": drawn, "bias": own(shape)}
            head = {"kind": "transposed_convolution", **kernel.common(shape)}
            return [{**head, **own_fields, "activation": kernel.activation}]

        return one_signal(layers, trained=True)

    return made


def _length(n: int, size: int, stride: int, padding: str) -> int:
    """How many positions come out of a transposed convolution."""
    return n * stride if padding == "same" else (n - 1) * stride + size


def _agrees(declared: Any, out: Sequence[int], fields: Fields) -> bool:
    """Whether the shape that Keras 1 wrote down, samples first, is the one that comes out."""
    wanted = [out[-1], *out[:-1]] if fields.file.channels_first else list(out)
    return isinstance(declared, list) and declared[1:] == wanted


def _pooling(mode: str, axes: int) -> Callable[[Fields], Made]:
    def made(fields: Fields) -> Made:
        fields.data_format(axes)
        fields.drop_null("strides", "stride")
        size = fields.sizes("pool_size", "pool_length", default=[2])
        stride = fields.sizes("strides", "stride", default=size)
        padding = fields.word("padding", "border_mode", default="valid", among=_PADDINGS)
        if not {len(size), len(stride)} <= {1, axes}:
            fields.fault("", f"{fields.what} has windows with too many axes.")

        def layers(shape: Shape) -> Sequence[Layer]:
            if len(shape) != axes + 1:
                raise Unsayable(f"pools over {axes} axes of positions, and {list(shape)} comes in")
            if max(size) > _LARGEST_WINDOW:
                return _pooled_once(mode, shape, (size, stride, padding))
            return [{"kind": "pooling", "mode": mode, "size": size, "stride": stride, "padding": padding}]

        return one_signal(layers)

    return made


def _pooled_once(mode: str, shape: Shape, window: tuple[Sequence[int], Sequence[int], str]) -> list[Layer]:
    """What pools the positions of the only window, those behind it cropped; Unsayable where there are several."""
    axes = len(shape) - 1
    size, stride, padding = window
    axis = zip(shape[:-1], list(size) * (axes // len(size)), list(stride) * (axes // len(stride)), strict=True)
    once = [(0 <= n - k < step if padding == "valid" else n <= step, max(n - k, 0)) for n, k, step in axis]
    if not all(one for one, _ in once):
        raise Unsayable(f"pools windows of {max(size)} positions, and at most {_LARGEST_WINDOW} are simulated")
    crop = [n for _, left in once for n in (0, left)]
    cropping: list[Layer] = [{"kind": "cropping", "crop": crop}] if any(crop) else []
    reshape = {"kind": "reshape", "shape": [*[1] * axes, shape[-1]]}
    return [*cropping, {"kind": "global_pooling", "mode": mode}, reshape]


def _global_pooling(mode: str, axes: int) -> Callable[[Fields], Made]:
    def made(fields: Fields) -> Made:
        fields.data_format(axes)
        kept = fields.flag("keepdims")

        def layers(shape: Shape) -> Sequence[Layer]:
            if len(shape) != axes + 1:
                raise Unsayable(f"pools over {axes} axes of positions, and {list(shape)} comes in")
            again: list[Layer] = [{"kind": "reshape", "shape": [*[1] * axes, shape[-1]]}] if kept else []
            return [{"kind": "global_pooling", "mode": mode}, *again]

        return one_signal(layers)

    return made


def _edges(kind: str, field: str, axes: int) -> Callable[[Fields], Made]:
    """Padding or cropping, by the field of ours that says how much before and after every axis."""

    def made(fields: Fields) -> Made:
        fields.data_format(axes)
        name = "padding" if kind == "padding" else "cropping"
        numbers = _before_and_after(fields.take(name, default=[1] * axes), axes)
        if numbers is None:
            fields.fault(name, f"{fields.what} has {name} that is not understood.")

        def layers(shape: Shape) -> Sequence[Layer]:
            if len(shape) != axes + 1:
                raise Unsayable(f"has {axes} axes of positions, and {list(shape)} comes in")
            return [{"kind": kind, field: numbers}] if any(numbers or []) else []

        return one_signal(layers)

    return made


def _before_and_after(value: Any, axes: int) -> list[int] | None:
    """The numbers before and after every axis; None where `value` is in none of the forms that Keras has."""
    if isinstance(value, Mapping):
        names = ("left_pad", "right_pad") if axes == 1 else ("top_pad", "bottom_pad", "left_pad", "right_pad")
        value = [value.get(name, 0) for name in names] if value.keys() <= set(names) else None
    if type(value) is int:
        value = [[value, value]] * axes
    if not isinstance(value, list):
        return None
    if len(value) == axes and axes == 2:
        value = [[one, one] if type(one) is int else one for one in value]
    flat = [n for one in value for n in (one if isinstance(one, list) else [one])]
    flat = flat * 2 if axes == 1 and len(flat) == 1 else flat
    return flat if len(flat) == 2 * axes and all(type(n) is int and n >= 0 for n in flat) else None


def _upsampling(axes: int) -> Callable[[Fields], Made]:
    def made(fields: Fields) -> Made:
        fields.data_format(axes)
        size = fields.sizes("size", "length", default=[2])
        fields.only("interpolation", "nearest")
        if len(size) not in (1, axes):
            fields.fault("size", f"{fields.what} has size = {size}, which has too many axes.")

        def layers(shape: Shape) -> Sequence[Layer]:
            if len(shape) != axes + 1:
                raise Unsayable(f"repeats along {axes} axes of positions, and {list(shape)} comes in")
            return repeated(size)

        return one_signal(layers)

    return made


LAYERS: Mapping[str, Callable[[Fields], Made]] = {
    **{name: _convolution(1) for name in ("Conv1D", "Convolution1D", "AtrousConvolution1D", "AtrousConv1D")},
    **{name: _convolution(2) for name in ("Conv2D", "Convolution2D", "AtrousConvolution2D", "AtrousConv2D")},
    "DepthwiseConv1D": _depthwise(1),
    **{name: _depthwise(2) for name in ("DepthwiseConv2D", "DepthwiseConvolution2D")},
    **{name: _separable(1) for name in ("SeparableConv1D", "SeparableConvolution1D")},
    **{name: _separable(2) for name in ("SeparableConv2D", "SeparableConvolution2D")},
    **{name: _transposed(1) for name in ("Conv1DTranspose", "Convolution1DTranspose")},
    **{name: _transposed(2) for name in ("Conv2DTranspose", "Convolution2DTranspose", "Deconvolution2D", "Deconv2D")},
    **{
        f"{start}Pooling{n}D": _pooling(mode, n)
        for start, mode in (("Max", "max"), ("Average", "average"))
        for n in (1, 2)
    },
    **{f"{start}Pool{n}D": _pooling(mode, n) for start, mode in (("Max", "max"), ("Avg", "average")) for n in (1, 2)},
    **{
        f"Global{start}Pooling{n}D": _global_pooling(mode, n)
        for start, mode in (("Max", "max"), ("Average", "average"))
        for n in (1, 2)
    },
    "ZeroPadding1D": _edges("padding", "pad", 1),
    "ZeroPadding2D": _edges("padding", "pad", 2),
    "Cropping1D": _edges("cropping", "crop", 1),
    "Cropping2D": _edges("cropping", "crop", 2),
    "UpSampling1D": _upsampling(1),
    "UpSampling2D": _upsampling(2),
}
"""The layers by Keras' names."""
