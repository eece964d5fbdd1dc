"""The walk over the nodes of a graph: each by its operator, and all that are not understood as faults."""

from collections.abc import Mapping

from service.imports.onnx.activations import (
    COMPARISONS,
    UNARY,
    chosen,
    clip,
    comparison,
    elu,
    gelu,
    hard_sigmoid,
    leaky_relu,
    prelu,
    softmax,
    swish,
    unary,
)
from service.imports.onnx.arrangement import (
    concat,
    flatten,
    pad,
    reshape,
    sliced,
    squeeze,
    taken,
    transpose,
    unsqueeze,
    upsampled,
)
from service.imports.onnx.elementwise import BINARIES, binary
from service.imports.onnx.folding import folded
from service.imports.onnx.heads import attention_step, split
from service.imports.onnx.nodes import Node
from service.imports.onnx.operators import (
    Operator,
    convolution,
    dense,
    dropout,
    embedding,
    gemm,
    transposed_convolution,
)
from service.imports.onnx.patterns import norm_step
from service.imports.onnx.pools import (
    batch_norm,
    global_pooling,
    group_norm,
    layer_norm,
    pooling,
    reduction,
    rms_norm,
)
from service.imports.onnx.recurrences import recurrence
from service.imports.onnx.signals import Constant, Made, Signal, Unreadable, Value
from service.imports.onnx.wire import Message

_MOST_NODES = 20_000


def _same(node: Node, made: Made) -> list[Value]:
    node.ignore("to", "saturate", "round_mode")
    return [node.value(0)]


def _product(node: Node, made: Made) -> list[Value]:
    return [dense(node, made, node.constant(1), None, flipped=False)]


def _entries(node: Node, made: Made) -> list[Value]:
    return list((embedding if isinstance(node.optional(0), Constant) else taken)(node, made))


_OPERATORS: Mapping[str, Operator] = {
    "AveragePool": pooling("average"),
    "BatchNormalization": batch_norm,
    "Cast": _same,
    "Celu": elu,
    "Clip": clip,
    "Concat": concat,
    "Conv": convolution,
    "ConvTranspose": transposed_convolution,
    "Dropout": dropout,
    "Elu": elu,
    "Flatten": flatten,
    "GRU": recurrence,
    "Gather": _entries,
    "Gelu": gelu,
    "Gemm": gemm,
    "GlobalAveragePool": global_pooling("average"),
    "GlobalMaxPool": global_pooling("max"),
    "GroupNormalization": group_norm,
    "HardSigmoid": hard_sigmoid,
    "Identity": _same,
    "InstanceNormalization": group_norm,
    "LSTM": recurrence,
    "LayerNormalization": layer_norm,
    "LeakyRelu": leaky_relu,
    "LogSoftmax": softmax,
    "MatMul": _product,
    "MaxPool": pooling("max"),
    "PRelu": prelu,
    "Pad": pad,
    "RMSNormalization": rms_norm,
    "RNN": recurrence,
    "ReduceMax": reduction("max"),
    "ReduceMean": reduction("average"),
    "Reshape": reshape,
    "Resize": upsampled,
    "Selu": elu,
    "Slice": sliced,
    "Softmax": softmax,
    "Split": split,
    "Squeeze": squeeze,
    "Swish": swish,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    "Upsample": upsampled,
    "Where": chosen,
    **{kind: comparison(kind) for kind in COMPARISONS},
    **{kind: unary(kind) for kind in UNARY},
    **{kind: binary(kind) for kind in BINARIES},
}


def walked(graph: Message, made: Made, known: Mapping[str, Value]) -> Mapping[str, Value]:
    """What every name of the graph stands for; what is not understood is a fault of `made.reading`."""
    nodes = graph.get("node", [])
    if len(nodes) > _MOST_NODES:
        made.reading.fault("/graph/node", f"The graph has {len(nodes)} nodes; at most {_MOST_NODES} are read.")
        return known
    found: dict[str, Value] = dict(known)
    broken: set[str] = set()
    for place, message in enumerate(nodes):
        broken |= _walked(message, place, made, (found, broken))
    return found


def _walked(message: Message, place: int, made: Made, known: tuple[dict[str, Value], set[str]]) -> set[str]:
    """Put what comes out of a node into what is found; those of its outputs that stand for nothing."""
    found, broken = known
    names, outputs = message.get("input", []), message.get("output", [])
    missing = [one for one in names if one and one not in found]
    if missing and not broken.issuperset(missing):
        made.reading.fault(f"/graph/node/{place}", f"A node reads `{missing[0][:60]}`, which nothing makes.")
    if missing:
        return set(outputs)
    try:
        values = _made(message, place, made, [found[one] if one else None for one in names])
    except Unreadable as refused:
        what = f"{message.get('op_type', 'A node')[:40]} `{(message.get('name') or ''.join(outputs[:1]))[:60]}`"
        made.reading.fault(f"/graph/node/{place}", f"{what} {refused.sentence}.")
        return set(outputs)
    found.update(zip(outputs, values, strict=False))
    return set(outputs[len(values) :])


def _made(message: Message, place: int, made: Made, inputs: list[Value | None]) -> list[Value]:
    """What comes out of one node; Unreadable."""
    node = Node(message, place, inputs, message.get("input", []))
    if message.get("domain", "") not in ("", "ai.onnx"):
        raise Unreadable(f"is an operator of another domain, {message['domain'][:60]}")
    constant = folded(node, made)
    if constant is not None:
        node.check_all_read()
        return [constant]
    step = norm_step(node, made) or attention_step(node, made)
    if step is not None:
        node.check_all_read()
        return list(step)
    operator = _OPERATORS.get(node.kind)
    if operator is None:
        raise Unreadable("is an operator that is not known here")
    if not any(isinstance(one, Signal) for one in inputs):
        raise Unreadable("is no step of a norm or an attention that is known here, and no sum of constants")
    values = list(operator(node, made))
    node.check_all_read()
    return values
