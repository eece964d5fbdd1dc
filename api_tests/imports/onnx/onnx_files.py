"""ONNX files written byte by byte, as Protocol Buffers have them: the tests need no library for it."""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

FLOAT, INT64 = 1, 7


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def field(number: int, value: Any) -> bytes:
    """A field of a message: a whole number, a float, text or bytes."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name: str, values: Any, more: bytes = b"") -> bytes:
    array = np.asarray(values)
    kind = FLOAT if array.dtype.kind == "f" else INT64
    raw = array.astype("<f4" if kind == FLOAT else "<i8").tobytes()
    dims = b"".join(field(1, size) for size in array.shape)
    return dims + field(2, kind) + field(8, name) + field(9, raw) + more


def attribute(name: str, value: Any) -> bytes:
    if isinstance(value, bytes):
        return field(1, name) + value
    if isinstance(value, list):
        return field(1, name) + b"".join(field(8, one) for one in value) + field(20, 7)
    place, kind = {float: (2, 1), int: (3, 2), str: (4, 3), np.ndarray: (5, 4)}[type(value)]
    return field(1, name) + field(place, tensor("", value) if kind == 4 else value) + field(20, kind)


def node(kind: str, inputs: Sequence[str], output: str | Sequence[str], domain: str = "", **attributes: Any) -> bytes:
    outputs = [output] if isinstance(output, str) else output
    names = [field(1, one) for one in inputs] + [field(2, one) for one in outputs]
    own = [field(5, attribute(name, value)) for name, value in attributes.items()]
    other = [field(7, domain)] if domain else []
    return b"".join([*names, field(3, f"node_{outputs[0]}"), field(4, kind), *own, *other])


def value(name: str, sizes: Sequence[int | str], kind: int = FLOAT) -> bytes:
    dims = b"".join(field(1, field(1, one) if isinstance(one, int) else field(2, one)) for one in sizes)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dims)))


def model(
    nodes: Sequence[bytes],
    tensors: dict[str, Any],
    sizes: Sequence[int | str],
    kind: int = FLOAT,
    opset: int = 17,
    more: bytes = b"",
    graph: bytes = b"",
) -> bytes:
    """A file whose input is `x` and whose output is `y`."""
    parts = [field(1, one) for one in nodes] + [field(5, tensor(name, one)) for name, one in tensors.items()]
    whole = b"".join([*parts, field(11, value("x", sizes, kind)), field(12, value("y", [])), graph])
    return field(1, 8) + field(2, "tests") + field(7, whole) + field(8, field(2, opset)) + more


def drawn(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


_KERNELS = {"c.weight": drawn(4, 3, 3, 3), "c.bias": drawn(4), "d.weight": drawn(2, 4 * 4 * 4), "d.bias": drawn(2)}
FILES: dict[str, bytes] = {
    "dense": model([node("Gemm", ["x", "w", "b"], "y", transB=1)], {"w": drawn(2, 5), "b": drawn(2)}, ["batch", 5]),
    "convolution": model(
        [
            node("Conv", ["x", "c.weight", "c.bias"], "a", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
            node("Relu", ["a"], "b"),
            node("MaxPool", ["b"], "c", kernel_shape=[2, 2], strides=[2, 2]),
            node("Flatten", ["c"], "d", axis=1),
            node("Gemm", ["d", "d.weight", "d.bias"], "e", transB=1),
            node("Softmax", ["e"], "y", axis=1),
        ],
        _KERNELS,
        [1, 3, 8, 8],
    ),
    "tensorflow": model(  # channels last outside, and a transposition before and behind every convolution
        [
            node("Transpose", ["x"], "a", perm=[0, 3, 1, 2]),
            node("Conv", ["a", "k", "kb"], "b", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"),
            node("Transpose", ["b"], "c", perm=[0, 2, 3, 1]),
            node("Relu", ["c"], "d"),
            node("Reshape", ["d", "s"], "e"),
            node("MatMul", ["e", "w"], "f"),
            node("Add", ["f", "b2"], "y"),
        ],
        {"k": drawn(4, 3, 3, 3), "kb": drawn(4), "s": np.array([-1, 64]), "w": drawn(64, 2), "b2": drawn(2)},
        ["unk__1", 8, 8, 3],
    ),
    "residual": model(
        [
            node("Gemm", ["x", "w", "b"], "a"),
            node("Sigmoid", ["a"], "g"),
            node("Mul", ["a", "g"], "h"),
            node("Add", ["x", "h"], "y"),
        ],
        {"w": drawn(5, 5), "b": drawn(5)},
        ["n", 5],
    ),
    "lstm": model(
        [
            node("Gather", ["e.weight", "x"], "a"),
            node("Transpose", ["a"], "t", perm=[1, 0, 2]),
            node("LSTM", ["t", "W", "R", "B"], ["", "h"], hidden_size=6),
            node("Squeeze", ["h", "axes"], "s"),
            node("Gemm", ["s", "w", "b"], "y"),
        ],
        {
            "e.weight": drawn(30, 4),
            "W": drawn(1, 24, 4),
            "R": drawn(1, 24, 6),
            "B": drawn(1, 48),
            "axes": np.array([0]),
            "w": drawn(6, 3),
            "b": drawn(3),
        },
        ["batch", 7],
        kind=INT64,
    ),
    "norm": model(
        [
            node("MatMul", ["x", "w"], "a"),
            node("LayerNormalization", ["a", "g", "s"], "b", epsilon=1e-6),
            node("Div", ["b", "root"], "c"),
            node("Erf", ["c"], "d"),
            node("Add", ["d", "one"], "e"),
            node("Mul", ["b", "e"], "f"),
            node("Mul", ["f", "half"], "h"),
            node("ReduceMean", ["h"], "y", axes=[1], keepdims=0),
        ],
        {
            "w": drawn(5, 8),
            "g": drawn(8),
            "s": drawn(8),
            "root": np.float32(2**0.5),
            "one": np.float32(1.0),
            "half": np.float32(0.5),
        },
        ["n", 9, 5],
    ),
}
"""A few networks that are read."""
