"""A table of nodes: every kind with every field at several values, and what one sample of its input looks like."""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

from service.core.arrays import Shape
from service.core.kinds import members
from service.nn.layers import Node
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec
from service.simulation.tree import PlannedNode

Json = dict[str, Any]

EXPLICIT = {"kind": "explicit", "values": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]}
NORMAL, NO, SMALL = {"kind": "normal"}, {"kind": "none"}, {"kind": "normal", "std": 0.3}
AROUND_ONE = {"kind": "normal", "mean": 1.0, "std": 0.3}
TANH, STANH, SIGMOID = {"kind": "tanh"}, {"kind": "stanh"}, {"kind": "sigmoid"}
WIDTH, STEPS, IMAGE, TOKENS = (4,), (5, 3), (5, 4, 2), (6, -9)  # of tokens the vocabulary stands behind, negative
DENSE = {"kind": "dense", "units": 4, "activation": TANH, "bias": NORMAL}
LINEAR = {"kind": "dense", "units": 3, "bias": NORMAL}
NORM = {"kind": "layer_norm", "gain": NORMAL, "shift": NORMAL}
CONVOLUTION = {"kind": "convolution", "filters": 2, "size": [3], "padding": "same", "bias": NORMAL, "activation": TANH}
BRANCHES = [{"layers": [DENSE]}, {}, {"layers": [NORM, DENSE]}]
SHAPED = [{"layers": [CONVOLUTION]}, {}, {"layers": [NORM, CONVOLUTION]}]
MERGES = ("add", "multiply", "average", "maximum", "concat")

Cases = dict[Shape, list[Json]]
_NORMS: Cases = {
    WIDTH: [{}, {"gain": NORMAL, "epsilon": 0.5}, {"gain": NO}],
    STEPS: [{"gain": AROUND_ONE}],
    IMAGE: [{"gain": NO}, {"gain": AROUND_ONE}],
}
_SHIFTS: list[Json] = [{"shift": NORMAL}, {"shift": NO}, {"gain": NO, "shift": NORMAL}]


def _kernels(**fields: Any) -> Cases:
    """What all layers with a kernel have, on sequences and on images."""
    plain = {"size": [3], "bias": NORMAL, "activation": TANH, **fields}
    one: list[Json] = [
        *({"padding": padding} for padding in ("valid", "same", "causal")),
        *({"size": [2], "padding": padding, "stride": [2]} for padding in ("valid", "same", "causal")),
        *({"padding": padding, "dilation": [2]} for padding in ("valid", "same", "causal")),
        {"size": [2], "padding": "same", "stride": [3]},
        {"pad": [2, 1]},
        {"pad": [0, 2], "stride": [2], "dilation": [2]},
        {"bias": NO, "weights": NORMAL},
    ]
    two: list[Json] = [
        *({"size": [3, 2], "padding": padding} for padding in ("valid", "same", "causal")),
        {"size": [2], "stride": [2], "padding": "same"},
        {"size": [2], "stride": [2, 1], "dilation": [2, 3]},
        {"size": [3, 1], "pad": [1, 0, 0, 2], "stride": [1, 2]},
    ]
    return {STEPS: [{**plain, **case} for case in one], IMAGE: [{**plain, **case} for case in two]}


def _added(*several: Cases) -> Cases:
    return {shape: [case for cases in several for case in cases.get(shape, [])] for cases in several for shape in cases}


_POOLS: Cases = {
    STEPS: [
        {"mode": mode, "size": [size], **fields}
        for mode, size in product(("max", "average"), (2, 3))
        for fields in ({}, {"stride": [1]}, {"padding": "same", "stride": [2]}, {"padding": "causal"})
    ],
    IMAGE: [
        {"mode": mode, "size": [2, 3], **fields}
        for mode in ("max", "average")
        for fields in ({}, {"stride": [2, 1], "padding": "same"}, {"stride": [3]})
    ],
}
_CELLS: list[Json] = [
    {"cell": cell, "returns": returns, "direction": direction, "bias": NORMAL, "recurrent_bias": NORMAL}
    for cell, returns, direction in product(
        ("rnn", "lstm", "gru"), ("last", "sequence"), ("forward", "backward", "both")
    )
]
_GRUS: list[Json] = [
    {"cell": "gru", "reset_after": after, "recurrent_bias": bias, "returns": returns}
    for after, bias, returns in product((True, False), (NORMAL, NO), ("last", "sequence"))
]
_VARIED: list[Json] = [
    {"cell": cell, **fields}
    for cell in ("rnn", "lstm", "gru")
    for fields in (
        {"activation": STANH, "gate_activation": TANH, "forget_bias": 1.5},
        {"weights": SMALL, "recurrent_weights": SMALL, "bias": NO, "gates": "each", "units": 1},
    )
]
_BLOCKS: list[Json] = [
    {},
    {"norm_first": False, "norm": "rms_norm", "causal": True, "positions": "rotary"},
    {"norm": "rms_norm", "activation": TANH, "branch_scale": -0.5, "epsilon": 0.5},
    {"heads": 1, "mlp_units": 3, "dropout": 0.3, "attention_bias": NO, "mlp_bias": NO, "norm_first": False},
    {
        **dict.fromkeys(("attention_weights", "attention_output_weights", "attention_bias", "mlp_bias"), SMALL),
        **dict.fromkeys(("mlp_weights", "mlp_output_weights"), NORMAL),
    },
]
CASES: dict[str, Cases] = {
    "dense": {
        WIDTH: [
            {"units": 3, "bias": NORMAL},
            {"units": 1, "activation": TANH},
            {"units": 2, "weights": EXPLICIT, "bias": {"kind": "explicit", "values": [0.5, -1.0]}},
            {"units": 2, "weights": NORMAL, "bias": {"kind": "explicit", "values": [[0.5, -1.0]]}},
            {"units": 3, "bias": NO},
        ],
        STEPS: [{"units": 2, "bias": NORMAL, "activation": {"kind": "softmax"}}],
        IMAGE: [{"units": 3, "bias": NORMAL, "activation": TANH}],
    },
    "activation": {WIDTH: [{"activation": SIGMOID}], STEPS: [{"activation": {"kind": "softmax"}}]},
    "prelu": {shape: [{}, {"slope": NORMAL}] for shape in (WIDTH, STEPS, IMAGE)},
    "layer_norm": _added(_NORMS, {WIDTH: _SHIFTS, STEPS: _SHIFTS, (1,): [{"gain": NORMAL}]}),
    "rms_norm": _NORMS,
    "batch_norm": _added(
        _NORMS,
        {WIDTH: _SHIFTS, IMAGE: _SHIFTS},
        {shape: [{"mode": "inference", "gain": NORMAL, "shift": NORMAL}] for shape in (WIDTH, IMAGE)},
    ),
    "group_norm": {
        WIDTH: [{"groups": 2, **case} for case in [*_NORMS[WIDTH], *_SHIFTS]],
        STEPS: [{"groups": groups, "gain": NORMAL, "shift": NORMAL} for groups in (1, 3)],
        IMAGE: [{"groups": groups, "gain": NORMAL} for groups in (1, 2)],
        (1,): [{"groups": 1}],
    },
    "convolution": _added(
        _kernels(filters=2),
        {STEPS: [{"filters": 6, "size": [2], "groups": 3}], IMAGE: [{"filters": 4, "size": [2], "groups": 2}]},
    ),
    "depthwise_convolution": _added(_kernels(), _kernels(multiplier=2), {STEPS: [{"size": [2], "fans": "all"}]}),
    "transposed_convolution": _added(_kernels(filters=2), {STEPS: [{"filters": 3, "size": [1], "stride": [2]}]}),
    "pooling": _POOLS,
    "global_pooling": {shape: [{"mode": mode} for mode in ("max", "average")] for shape in (STEPS, IMAGE)},
    "flatten": {shape: [{}] for shape in (WIDTH, STEPS, IMAGE)},
    "reshape": {
        WIDTH: [{"shape": [2, 2]}, {"shape": [2, 1, 2]}],
        STEPS: [{"shape": [15]}, {"shape": [3, 5]}],
        IMAGE: [{"shape": [8, 5]}],
    },
    "padding": {STEPS: [{"pad": [2, 1]}], IMAGE: [{"pad": [0, 1, 2, 0]}]},
    "cropping": {STEPS: [{"crop": [1, 2]}], IMAGE: [{"crop": [0, 1, 2, 0]}]},
    "upsampling": {STEPS: [{"size": [2]}], IMAGE: [{"size": [2]}, {"size": [3, 2]}]},
    "dropout": {shape: [{"rate": rate} for rate in (0.0, 0.4)] for shape in (WIDTH, STEPS)},
    "scale": {WIDTH: [{}, {"factor": -2.0}], STEPS: [{"factor": 0.5, "offset": 3.0}]},
    "embedding": {TOKENS: [{"units": 3}, {"units": 2, "weights": SMALL, "vocabulary": 12}]},
    "position_embedding": {STEPS: [{}, {"positions": NORMAL}]},
    "recurrent": {STEPS: [{"units": 2, **case} for case in [*_CELLS, *_GRUS, *_VARIED]]},
    "attention": {
        (4, 4): [
            {"bias": NORMAL},
            {"heads": 2, "bias": NO},
            {"heads": 4, "kv_heads": 2, "key_units": 2, "bias": NORMAL, "causal": True},
            {"heads": 2, "kv_heads": 1, "key_units": 3, "weights": NORMAL, "output_weights": NORMAL},
            {"heads": 2, "positions": "rotary", "causal": True, "bias": NORMAL},
            {"heads": 1, "key_units": 6, "positions": "rotary"},
            {"heads": 2, "positions": "rotary", "rotary_base": 50.0, "bias": NORMAL, "output_bias": NO},
            {"heads": 2, "bias": NO, "output_bias": NORMAL, "dropout": 0.4, "causal": True},
            {"heads": 4, "kv_heads": 2, "relative": {"buckets": 6, "distance": 3, "weights": NORMAL}},
            {"heads": 2, "relative": {"buckets": 4, "distance": 3}, "causal": True, "dropout": 0.3},
        ],
        (1, 4): [{"heads": 2, "bias": NORMAL}],
    },
    "residual": {
        WIDTH: [
            {"layers": [DENSE]},
            {"layers": [NORM, DENSE], "branch_scale": -0.3, "activation": STANH},
            {"layers": [LINEAR], "shortcut": [LINEAR, {"kind": "activation", "activation": TANH}]},
            {"layers": [DENSE], "branch_scale": 0.0},
        ],
        IMAGE: [
            {"layers": [CONVOLUTION]},
            {
                "layers": [{**CONVOLUTION, "stride": [2], "filters": 3}],
                "shortcut": [{"kind": "convolution", "filters": 3, "size": [1], "stride": [2], "bias": NO}],
                "activation": TANH,
            },
        ],
    },
    "parallel": {
        WIDTH: [
            *({"merge": merge, "branches": BRANCHES} for merge in MERGES),
            {"branches": [{"layers": [LINEAR]}, {"layers": [DENSE]}]},
        ],
        IMAGE: [
            *({"merge": merge, "branches": SHAPED} for merge in MERGES),
            {"branches": [{}, {"layers": [{**CONVOLUTION, "filters": 3}]}, {"layers": [LINEAR]}]},
        ],
    },
    "each_step": {STEPS: [{"layers": [DENSE]}], IMAGE: [{"layers": [CONVOLUTION, NORM]}, {"layers": [LINEAR, LINEAR]}]},
    "transformer_block": {(3, 4): [{"heads": 2, "mlp_units": 5, **case} for case in _BLOCKS]},
}


def network(shape: Shape, *layers: Json) -> Json:
    """A network of `layers` with inputs of that shape; of tokens the vocabulary stands behind the steps, negative."""
    match shape:
        case (features,):
            return {"features": features, "layers": [*layers]}
        case (steps, features) if features > 0:
            of: Json = {"kind": "sequence", "steps": steps, "features": features}
        case (steps, vocabulary):
            of = {"kind": "tokens", "steps": steps, "vocabulary": -vocabulary}
        case _:
            of = dict(zip(("kind", "height", "width", "channels"), ("image", *shape), strict=True))
    return {"input": of, "layers": [*layers]}


def planned(fields: Json, shape: Shape = WIDTH) -> PlannedNode:
    """The only node of a network."""
    return plan(SimulationSpec.model_validate({"network": network(shape, fields)})).top[-1]


def kinds() -> list[type[Node]]:
    """All but a repeat, which is unrolled before anything is computed."""
    return [kind for kind in members(Node) if kind.kind_name() != "repeat"]


def cases() -> Iterator[tuple[Shape, Json]]:
    """Every case of the table; a kind that is not there with its defaults, and a dense layer where it needs layers."""
    for kind in kinds():
        needed = [name for name, field in kind.model_fields.items() if field.is_required()]
        for shape, several in CASES.get(kind.kind_name(), {WIDTH: [{name: [DENSE] for name in needed}]}).items():
            yield from ((shape, {"kind": kind.kind_name(), **fields}) for fields in several)


def size_of(shape: Shape) -> int:
    """How many numbers one sample has."""
    return shape[0] if shape[-1] < 0 else prod(shape)
