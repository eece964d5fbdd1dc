"""Specifications whose shapes do not fit: where, what is said of it, and what is then right."""

import json
from typing import Any

from api_tests.networks import Json

DENSE: Json = {"kind": "dense", "units": 4}
KERNEL: Json = {"kind": "convolution", "filters": 6, "size": [3]}
RECURRENT: Json = {"kind": "recurrent", "units": 2}
VECTOR: Json = {"kind": "features", "features": 8}
SERIES: Json = {"kind": "sequence", "steps": 8, "features": 6}
IMAGE: Json = {"kind": "image", "height": 8, "width": 8, "channels": 6}
TOKENS: Json = {"kind": "tokens", "steps": 8, "vocabulary": 50}


def spec(inputs: Json, *layers: Json, **fields: Any) -> Json:
    return {"network": {"input": inputs, "layers": list(layers)}, **fields}


def residual(*layers: Json, **fields: Any) -> Json:
    return {"kind": "residual", "layers": list(layers), **fields}


def parallel(*branches: list[Json], **fields: Any) -> Json:
    return {"kind": "parallel", "branches": [{"layers": branch} for branch in branches], **fields}


FIRST = "/network/layers/0"
STRIDED: Json = {**KERNEL, "filters": 12, "stride": [2], "padding": "same"}
SHORTCUT = '{"kind": "convolution", "filters": 12, "size": [1], "stride": [2]}'
FORWARD = '{"kind": "reshape", "shape": [8, 1]}'
IN_ROWS = '{"kind": "reshape", "shape": [8, 48]}'

# name: (body, pointer, what is said of it, what is put where and is then right)
MISFITS: dict[str, tuple[Json, str, list[str], tuple[str, Any]]] = {
    "a kernel larger than the image": (
        spec(IMAGE, {**KERNEL, "size": [9]}),
        f"{FIRST}/size",
        ["9 positions", "there are 8", '"padding": "same"'],
        (f"{FIRST}/padding", "same"),
    ),
    "a kernel larger than one axis of it": (
        spec({**IMAGE, "width": 2}, KERNEL),
        f"{FIRST}/size",
        ["3 positions", "there are 2"],
        (f"{FIRST}/size", [3, 2]),
    ),
    "a dilated kernel": (
        spec(SERIES, {**KERNEL, "dilation": [4]}),
        f"{FIRST}/size",
        ["9 positions", "dilation"],
        (f"{FIRST}/dilation", [3]),
    ),
    "a kernel on features": (spec(VECTOR, KERNEL), FIRST, ["[8]", FORWARD], (f"{FIRST}", json.loads(FORWARD))),
    "a kernel of two axes on a sequence": (
        spec(SERIES, {**KERNEL, "size": [3, 3]}),
        f"{FIRST}/size",
        ["2 numbers", "1 axes"],
        (f"{FIRST}/size", [3]),
    ),
    "a stride of two axes on a sequence": (
        spec(SERIES, {**KERNEL, "stride": [2, 2]}),
        f"{FIRST}/stride",
        ["2 numbers", "or one for all"],
        (f"{FIRST}/stride", [2]),
    ),
    "a pad of one axis on an image": (
        spec(IMAGE, {**KERNEL, "pad": [1, 1]}),
        f"{FIRST}/pad",
        ["2 numbers", "needs 4", "before and after"],
        (f"{FIRST}/pad", [1, 1, 1, 1]),
    ),
    "groups that do not divide the channels": (
        spec(IMAGE, {**KERNEL, "filters": 8, "groups": 4}),
        f"{FIRST}/groups",
        ["4 groups", "channels that come in, 6", "divisors of 2"],
        (f"{FIRST}/groups", 2),
    ),
    "groups that do not divide the filters": (
        spec(IMAGE, {**KERNEL, "filters": 4, "groups": 3}),
        f"{FIRST}/groups",
        ["3 groups", "filters, 4", "divisors of 2"],
        (f"{FIRST}/groups", 2),
    ),
    "groups of a norm": (
        spec(IMAGE, {"kind": "group_norm", "groups": 4}),
        f"{FIRST}/groups",
        ["4 groups", "6 channels", "2 would"],
        (f"{FIRST}/groups", 2),
    ),
    "heads that do not divide the features": (
        spec(SERIES, {"kind": "attention", "heads": 4}),
        f"{FIRST}/heads",
        ["4 heads", "6 features", "2 would", "key_units"],
        (f"{FIRST}/heads", 2),
    ),
    "heads of a transformer block": (
        spec(SERIES, {"kind": "transformer_block", "heads": 4, "mlp_units": 8}),
        f"{FIRST}/heads",
        ["4 heads", "2 would"],
        (f"{FIRST}/heads", 3),
    ),
    "keys that do not divide the heads": (
        spec(SERIES, {"kind": "attention", "heads": 6, "kv_heads": 4}),
        f"{FIRST}/kv_heads",
        ["4 kv_heads", "6 heads", "2 would"],
        (f"{FIRST}/kv_heads", 2),
    ),
    "rotary positions of an odd length": (
        spec(SERIES, {"kind": "attention", "heads": 2, "positions": "rotary"}),
        f"{FIRST}/positions",
        ["a head has 3", "even"],
        (f"{FIRST}/key_units", 4),
    ),
    "attention on features": (
        spec(VECTOR, {"kind": "attention"}),
        FIRST,
        ["[8]", FORWARD, "network.input"],
        ("/network/input", SERIES),
    ),
    "attention on an image": (
        spec(IMAGE, {"kind": "attention"}),
        FIRST,
        ["[8, 8, 6]", IN_ROWS],
        (FIRST, json.loads(IN_ROWS)),
    ),
    "a recurrent layer on features": (spec(VECTOR, RECURRENT), FIRST, ["[8]", FORWARD], (FIRST, json.loads(FORWARD))),
    "a recurrent layer on an image": (
        spec(IMAGE, RECURRENT),
        FIRST,
        ["[8, 8, 6]", IN_ROWS],
        (FIRST, json.loads(IN_ROWS)),
    ),
    "a recurrent layer behind one that gives the last state": (
        spec(SERIES, RECURRENT, RECURRENT),
        "/network/layers/1",
        ["[2]"],
        (f"{FIRST}/returns", "sequence"),
    ),
    "each step of features": (
        spec(VECTOR, {"kind": "each_step", "layers": [DENSE]}),
        FIRST,
        ["[8]", FORWARD],
        ("/network/input", SERIES),
    ),
    "positions of features": (spec(VECTOR, {"kind": "position_embedding"}), FIRST, ["[8]"], ("/network/input", SERIES)),
    "a pool on features": (
        spec(VECTOR, {"kind": "pooling", "size": [2]}),
        f"{FIRST}/size",
        ["[8]", FORWARD],
        ("/network/input", IMAGE),
    ),
    "a pool larger than the image": (
        spec(IMAGE, {"kind": "pooling", "size": [9]}),
        f"{FIRST}/size",
        ["[8, 8, 6]", '"padding": "same"'],
        (f"{FIRST}/padding", "same"),
    ),
    "a global pool on features": (spec(VECTOR, {"kind": "global_pooling"}), FIRST, ["[8]"], ("/network/input", IMAGE)),
    "cropping all": (
        spec(SERIES, {"kind": "cropping", "crop": [4, 4]}),
        f"{FIRST}/crop",
        ["[8, 6]", "fewer"],
        (f"{FIRST}/crop", [4, 3]),
    ),
    "padding of one axis on an image": (
        spec(IMAGE, {"kind": "padding", "pad": [1, 1]}),
        f"{FIRST}/pad",
        ["needs 4"],
        (f"{FIRST}/pad", [1, 1, 0, 0]),
    ),
    "a transposed convolution that cuts all": (
        spec(SERIES, {"kind": "transposed_convolution", "filters": 2, "size": [1], "pad": [4, 4]}),
        f"{FIRST}/pad",
        ["[8, 6]", "fewer"],
        (f"{FIRST}/pad", [4, 3]),
    ),
    "another size in another shape": (
        spec(SERIES, {"kind": "reshape", "shape": [5, 5]}),
        f"{FIRST}/shape",
        ["48 numbers", "25", "[48]"],
        (f"{FIRST}/shape", [48]),
    ),
    "a residual of another width": (
        spec(VECTOR, residual(DENSE)),
        f"{FIRST}/layers",
        ["[4]", "[8]", '{"kind": "dense", "units": 4}'],
        (f"{FIRST}/shortcut", [{"kind": "dense", "units": 4}]),
    ),
    "a residual of another width and half the positions": (
        spec(IMAGE, residual(STRIDED)),
        f"{FIRST}/layers",
        ["[4, 4, 12]", "[8, 8, 6]", SHORTCUT],
        (f"{FIRST}/shortcut", [json.loads(SHORTCUT)]),
    ),
    "a shortcut of another width": (
        spec(VECTOR, residual(DENSE, shortcut=[{"kind": "dense", "units": 5}])),
        f"{FIRST}/shortcut",
        ["[4]", "[5]", '{"kind": "dense", "units": 4}'],
        (f"{FIRST}/shortcut/0", {"kind": "dense", "units": 4}),
    ),
    "a residual of another rank": (
        spec(IMAGE, residual({"kind": "flatten"})),
        f"{FIRST}/layers",
        ["[384]", "layers of its own"],
        (f"{FIRST}/shortcut", [{"kind": "flatten"}]),
    ),
    "a sum of other widths": (
        spec(VECTOR, parallel([], [DENSE], merge="add")),
        f"{FIRST}/branches/1",
        ["[4]", "[8]", '{"kind": "dense", "units": 8}'],
        (f"{FIRST}/branches/1/layers", [DENSE, {"kind": "dense", "units": 8}]),
    ),
    "branches of other positions end to end": (
        spec(IMAGE, parallel([KERNEL], [])),
        f"{FIRST}/branches/1",
        ["[8, 8, 6]", "[6, 6, 6]", "but for the last axis"],
        (f"{FIRST}/branches/0/layers/0/padding", "same"),
    ),
    "tokens without an embedding": (
        spec(TOKENS, DENSE),
        FIRST,
        ["indices of tokens", '{"kind": "embedding", "units": 128}'],
        (FIRST, {"kind": "embedding", "units": 128}),
    ),
    "tokens without an embedding in a branch": (
        spec(TOKENS, parallel([{"kind": "embedding", "units": 4}], [DENSE], merge="add")),
        f"{FIRST}/branches/1/layers/0",
        ["indices of tokens"],
        (f"{FIRST}/branches/1/layers/0", {"kind": "embedding", "units": 4}),
    ),
    "an embedding of numbers": (
        spec(VECTOR, {"kind": "embedding", "units": 4, "vocabulary": 50}),
        FIRST,
        ["are numbers", '{"kind": "tokens", "steps": 64, "vocabulary": 1000}'],
        ("/network/input", TOKENS),
    ),
    "an embedding behind another": (
        spec(TOKENS, {"kind": "embedding", "units": 4}, {"kind": "embedding", "units": 4}),
        "/network/layers/1",
        ["are numbers"],
        ("/network/layers/1", DENSE),
    ),
    "an embedding of too few tokens": (
        spec(TOKENS, {"kind": "embedding", "units": 4, "vocabulary": 49}),
        f"{FIRST}/vocabulary",
        ["49 tokens", "have 50"],
        (f"{FIRST}/vocabulary", 50),
    ),
    "numbers for tokens": (
        spec(TOKENS, {"kind": "embedding", "units": 4}, data={"inputs": {"kind": "gaussian"}}),
        "/data/inputs",
        ['{"kind": "token_indices"}'],
        ("/data/inputs", {"kind": "token_indices", "distribution": "zipf"}),
    ),
    "tokens for numbers": (
        spec(VECTOR, DENSE, data={"inputs": {"kind": "token_indices"}}),
        "/data/inputs",
        ["not token_indices", '{"kind": "gaussian"}'],
        ("/data/inputs", {"kind": "gaussian"}),
    ),
    "means of too few features": (
        spec(IMAGE, DENSE, data={"inputs": {"kind": "per_feature", "means": [0.5], "stds": [1.0]}}),
        "/data/inputs/means",
        ["1 means", "6 features"],
        ("/data/inputs", {"kind": "per_feature", "means": [0.5] * 6, "stds": [1.0] * 6}),
    ),
    "targets of one position": (
        spec(SERIES, DENSE, data={"samples": 2, "targets": {"kind": "explicit", "values": [[0.0] * 4] * 2}}),
        "/data/targets/values",
        ["[2, 4]", "[2, 32]"],
        ("/data/targets/values", [[0.0] * 32] * 2),
    ),
    "inputs of one position": (
        spec(SERIES, DENSE, data={"inputs": {"kind": "explicit", "values": [[0.0] * 6] * 2}}),
        "/data/inputs/values",
        ["[2, 6]", "[2, 48]"],
        ("/data/inputs/values", [[0.0] * 48] * 2),
    ),
    "classes of tokens": (
        spec(SERIES, DENSE, data={"targets": {"kind": "one_hot", "classes": 5}}),
        "/data/targets/classes",
        ["5 classes", "4 units"],
        ("/data/targets/classes", 4),
    ),
    "a kernel given in another shape": (
        spec(SERIES, {**KERNEL, "weights": {"kind": "explicit", "values": [[0.0] * 6] * 6}}),
        f"{FIRST}/weights/values",
        ["[6, 6]", "[3, 6, 6]"],
        (f"{FIRST}/weights", {"kind": "explicit", "shape": [3, 6, 6], "values": [0.0] * 108}),
    ),
    "more features than are simulated": (
        spec(IMAGE, {"kind": "flatten"}, {"kind": "reshape", "shape": [384]}, {"kind": "padding", "pad": [1, 1]}),
        "/network/layers/2/pad",
        ["[384]"],
        ("/network/layers/2", DENSE),
    ),
}
