"""Files that were made to do harm: bombs, code, references to other files, sizes that nothing has."""

import base64
import io
import json
import marshal
import pickle
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from api_tests.imports.hostile_seeds import (
    DENSE_NODES,
    DENSE_TENSORS,
    FORMATS,
    HUGGINGFACE,
    KERAS_3,
    RECURRENT,
    RESIDUAL,
    SEQUENTIAL,
    Json,
    zipped,
)
from api_tests.imports.onnx.onnx_files import FLOAT, field, model, node

_HUGE = 10**12
_MARKER = "/tmp/gradient-verdict-was-here"
"""What code in these files would write."""


class _Runs:
    """Runs a command where it is unpickled."""

    def __reduce__(self) -> Any:
        return eval, (f"open({_MARKER!r}, 'w')",)


def _sequential(*layers: Json) -> bytes:
    first = {**SEQUENTIAL["config"]["layers"][0]}
    config = {"name": "made", "layers": [first, *layers]}
    return json.dumps({"class_name": "Sequential", "keras_version": "2.4.0", "config": config}).encode()


def _layer(class_name: str, **config: Any) -> Json:
    return {"class_name": class_name, "config": {"name": "harmful", **config}}


def _dense(**config: Any) -> Json:
    return {"class_name": "Dense", "config": {**SEQUENTIAL["config"]["layers"][0]["config"], "name": "d", **config}}


def _changed(document: Json, place: list[Any], value: Any) -> bytes:
    """A document with another value at a place."""
    made = json.loads(json.dumps(document))
    node = made
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = value
    return json.dumps(made).encode()


def _doubling(levels: int) -> bytes:
    """Models in models, each with the next one twice in it."""
    inner: Json = _dense()
    for level in range(levels):
        twice = [{**inner, "config": {**inner["config"], "name": f"m{level}_{side}"}} for side in "ab"]
        inner = {"class_name": "Sequential", "config": {"name": f"m{level}", "layers": twice}}
    return json.dumps({**inner, "keras_version": "2.4.0"}).encode()


def _shared(levels: int) -> bytes:
    """A functional model that calls a model twice, which calls another twice, and so on."""
    model: Json = {"class_name": "Sequential", "name": "m", "config": {"name": "m", "layers": [_dense()]}}
    for level in range(levels):
        name = f"m{level}"
        start = _layer("InputLayer", batch_input_shape=[None, 8], dtype="float32")
        layers = [
            {**start, "config": {**start["config"], "name": f"i{level}"}, "name": f"i{level}", "inbound_nodes": []},
            {**model, "inbound_nodes": [[[f"i{level}", 0, 0, {}]], [[model["name"], 0 if level else 1, 0, {}]]]},
        ]
        config = {
            "name": name, "layers": layers, "input_layers": [[f"i{level}", 0, 0]],
            "output_layers": [[model["name"], 2, 0]],
        }  # fmt: skip
        model = {"class_name": "Functional", "name": name, "config": config}
    return json.dumps({**model, "keras_version": "2.4.0"}).encode()


def _ladder(rungs: int) -> bytes:
    """A graph of blocks, one behind the other, in which two ways meet."""
    start, *_ = RESIDUAL["config"]["layers"]
    layers, before = [start], start["name"]
    for number in range(rungs):
        relu = {
            "class_name": "Activation",
            "name": f"r{number}",
            "config": {"name": f"r{number}", "activation": "relu"},
        }
        both = {"class_name": "Add", "name": f"a{number}", "config": {"name": f"a{number}"}}
        layers += [
            {**relu, "inbound_nodes": [[[before, 0, 0, {}]]]},
            {**both, "inbound_nodes": [[[before, 0, 0, {}], [f"r{number}", 0, 0, {}]]]},
        ]
        before = f"a{number}"
    ends = {"input_layers": [[start["name"], 0, 0]], "output_layers": [[before, 0, 0]]}
    config = {"name": "ladder", "layers": layers, **ends}
    return json.dumps({"class_name": "Functional", "keras_version": "2.4.0", "config": config}).encode()


def _tree(leaves: int) -> bytes:
    """A graph in which every layer is added to all before it."""
    start, *_ = RESIDUAL["config"]["layers"]
    layers, names = [start], [start["name"]]
    for number in range(leaves):
        name = f"a{number}"
        inputs = [[one, 0, 0, {}] for one in names] if number else [[names[0], 0, 0, {}], [names[0], 0, 0, {}]]
        layers.append({"class_name": "Add", "name": name, "config": {"name": name}, "inbound_nodes": [inputs]})
        names.append(name)
    ends = {"input_layers": [[start["name"], 0, 0]], "output_layers": [[names[-1], 0, 0]]}
    config = {"name": "tree", "layers": layers, **ends}
    return json.dumps({"class_name": "Functional", "keras_version": "2.4.0", "config": config}).encode()


def _wrapped(levels: int) -> bytes:
    """A layer in a wrapper in a wrapper, and so on."""
    opening = b'{"class_name": "TimeDistributed", "config": {"name": "w", "layer": '
    layer = opening * levels + json.dumps(_dense()).encode() + b"}}" * levels
    return _sequential(_layer("here")).replace(json.dumps(_layer("here")).encode(), layer)


def _bomb() -> bytes:
    """An archive whose model is a hundred megabytes of spaces."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", b" " * (100 << 20))
    return kept.getvalue()


def _lying() -> bytes:
    """The same, saying that it is short."""
    data = bytearray(_bomb())
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.find(signature, data.find(b"config.json") - 46)
        data[at + place : at + place + 4] = (100).to_bytes(4, "little")
    return bytes(data)


def _twice() -> bytes:
    """An archive with two models of one name."""
    kept = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(kept, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("metadata.json", "{}")
        for document in (KERAS_3, _layer("Lambda")):
            archive.writestr("config.json", json.dumps(document))
    return kept.getvalue()


def _keras() -> Iterator[tuple[str, bytes]]:
    code = base64.b64encode(marshal.dumps(compile(f"open({_MARKER!r}, 'w')", "x", "exec"))).decode()
    yield "lambda with code", _sequential(_layer("Lambda", function=[code, None, None], function_type="lambda"))
    yield (
        "lambda of Keras 3",
        _sequential(_layer("Lambda", function={"class_name": "__lambda__", "config": {"code": code}})),
    )
    yield "own class by module", json.dumps({**KERAS_3, "module": "os", "class_name": "system"}).encode()
    yield (
        "activation by path",
        _sequential(_dense(activation={"module": "builtins", "class_name": "function", "config": "exec"})),
    )
    yield (
        "initialiser by path",
        _sequential(_dense(kernel_initializer={"class_name": "__import__", "config": {"name": "os"}})),
    )
    yield "keys of objects", _sequential(_dense(__class__="x", __init__=[], __dict__={}))
    for kind, size in (("Dense", "units"), ("Conv2D", "filters"), ("RepeatVector", "n"), ("Embedding", "output_dim")):
        yield (
            f"huge {size}",
            _sequential({**_dense(**{size: _HUGE}), "class_name": kind}),
        )
    yield "huge input", _changed(SEQUENTIAL, ["config", "layers", 0, "config", "batch_input_shape"], [None, _HUGE])
    image = ["config", "layers", 0, "config", "batch_input_shape"]
    yield "huge image", _changed(RESIDUAL, image, [None, 10**6, 10**6, 3])
    yield "long sequence", _changed(RECURRENT, ["config", "layers", 0, "config", "batch_input_shape"], [None, 10**9])
    yield "huge kernel", _changed(RESIDUAL, ["config", "layers", 1, "config", "kernel_size"], [10**9, 10**9])
    yield "huge padding", _sequential(_layer("ZeroPadding2D", padding=[[10**9, 10**9], [10**9, 10**9]]))
    yield "many layers", _sequential(*[_layer("Dropout", rate=0.1) for _ in range(20_000)])
    yield "very many layers", _sequential(*[_layer("Dropout", rate=0.1) for _ in range(100_000)])
    yield "many dense layers", _sequential(*[_dense() for _ in range(9_000)])
    yield "an input in the middle", _sequential(_layer("InputLayer"), _dense())
    yield "doubling", _doubling(11)
    yield "doubling by calls", _shared(25)
    yield "ladder", _ladder(6_000)
    yield "tree", _tree(100)
    yield "wide meeting", _tree(90)
    yield "wrapped", _wrapped(60)
    yield "wrapped deeply", _wrapped(5_000)
    yield "nested lists", b'{"class_name": "Sequential", "config": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    yield "nested objects", b'{"config":' * 10_000
    yield "long integer", b'{"class_name": "Sequential", "config": {"layers": [' + b"9" * 1_000_000 + b"]}}"
    yield "long name", _sequential(_dense(name="x" * 5_000_000))
    yield "half a character", _sequential(_dense(name="\ud800"), _layer("\ud800"))
    yield "many faults", _sequential(*[_layer(f"Own{number}") for number in range(20_000)])
    yield "many fields", _sequential(_dense(**{f"f{number}": number for number in range(900)}))
    yield "zip bomb", _bomb()
    yield "zip that lies", _lying()
    yield "entries of one name", _twice()
    yield "many entries", zipped({f"e{number}": b"" for number in range(30_000)}, zipfile.ZIP_STORED)
    yield "path outside", zipped({"../config.json": b"{}", "/etc/config.json": b"{}"})
    yield "a pickle", pickle.dumps(_Runs())
    yield "hdf5 of openings", b"\x89HDF\r\n\x1a\n" + b'{"class_name": "Sequential", "config": ' * 400_000
    yield "hdf5 of quotes", b"\x89HDF\r\n\x1a\n" + b'{"class_name":"' * 1_000_000
    yield "hdf5 of models", b"\x89HDF\r\n\x1a\n" + (json.dumps(SEQUENTIAL).encode() + b"\0") * 5_000
    yield "hdf5 of backslashes", b'\x89HDF\r\n\x1a\n{"class_name":"' + b"\\" * 8_000_000
    yield "nothing", b""
    yield "zeros", bytes(20_000_000)


def _huggingface() -> Iterator[tuple[str, bytes]]:
    for config in HUGGINGFACE:
        kind = config["model_type"]
        yield f"{kind} with code", json.dumps({**config, "auto_map": {"AutoModel": "evil.Model"}}).encode()
        for name, value in config.items():
            if isinstance(value, int) and not isinstance(value, bool):
                yield f"{kind} with huge {name}", json.dumps({**config, name: _HUGE}).encode()
            if isinstance(value, list) and value and isinstance(value[0], int):
                yield f"{kind} with many {name}", json.dumps({**config, name: value * 50_000}).encode()
    yield "nested", b'{"model_type": "bert", "x": ' + b"[" * 100_000
    yield "type by path", b'{"model_type": "../../os"}'
    yield "type that is no word", b'{"model_type": ["bert"]}'


def _torch() -> Iterator[tuple[str, bytes]]:
    yield "a pickle", pickle.dumps(_Runs())
    yield "weights of torch.save", zipped({"archive/data.pkl": pickle.dumps(_Runs()), "archive/version": b"3"})
    yield "zip bomb", _bomb()
    seeds = FORMATS["pt2"][1]()
    with zipfile.ZipFile(io.BytesIO(seeds[0])) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    model = next(name for name in members if name.endswith("model.json"))
    document = json.loads(members[model])
    graph = document["graph_module"]["graph"]
    yield "bomb as model", zipped({**members, model: b" " * (100 << 20)})
    yield "pickled weights", zipped(
        {name: pickle.dumps(_Runs()) if "weights" in name and not name.endswith(".json") else content
         for name, content in members.items()}
    )  # fmt: skip
    graph["nodes"] = graph["nodes"] * 30_000
    yield "many nodes", zipped({**members, model: json.dumps(document).encode()})
    yield "nested", zipped({**members, model: b'{"graph_module":' * 100_000})


def _dense_onnx(nodes: Sequence[bytes] = (), without: str = "", graph: bytes = b"", more: bytes = b"") -> bytes:
    """A model of two layers with nodes behind it, or something in the place of a tensor."""
    tensors = {name: values for name, values in DENSE_TENSORS.items() if name != without}
    return model([*DENSE_NODES, *nodes], tensors, ["N", 8], graph=graph, more=more)


def _onnx() -> Iterator[tuple[str, bytes]]:
    place = field(13, field(1, "location") + field(2, "/etc/passwd")) + field(14, 1)
    outside = field(1, 6) + field(1, 8) + field(2, FLOAT) + field(8, "w1") + place
    yield "external data", _dense_onnx(without="w1", graph=field(5, outside))
    for name, dims in (("huge", [2**62, 2**62]), ("negative", [-1, 8]), ("none", [])):
        sized = b"".join(field(1, size) for size in dims) + field(2, FLOAT) + field(8, "w1") + field(9, b"\0" * 192)
        yield f"{name} dimensions", _dense_onnx(without="w1", graph=field(5, sized))
    functions = []
    for level in range(30):
        calls = b"".join(field(7, node(f"f{level + 1}", ["x"], "x", "own")) for _ in range(10))
        functions.append(field(25, field(1, f"f{level}") + field(4, "x") + field(5, "x") + calls + field(10, "own")))
    yield "function bomb", _dense_onnx([node("f0", ["y"], "z", "own")], more=b"".join(functions))
    branch = field(6, b"".join(field(1, one) for one in DENSE_NODES)) + field(20, 5)
    yield "branches", _dense_onnx([node("If", ["y"], "z", then_branch=branch, else_branch=branch)])
    yield "many nodes of one name", _dense_onnx([node("Relu", ["y"], "y")] * 100_000)
    yield "many nodes", _dense_onnx([node("Relu", [f"y{n}" if n else "y"], f"y{n + 1}") for n in range(50_000)])
    yield "circle", model([node("Relu", ["y"], "y")], {}, ["N", 8])
    yield "nested groups", b"\x3b" * 100_000
    yield "nested messages", b"\x3a\xff\xff\x03" * 20_000
    yield "a pickle", pickle.dumps(_Runs())
    yield "not onnx", b"\xff" * 10_000


MADE = {"keras": _keras, "huggingface": _huggingface, "torch": _torch, "onnx": _onnx}
"""By source: names of such files, and their bytes."""
