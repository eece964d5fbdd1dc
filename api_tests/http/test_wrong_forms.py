"""What people write who know other programs: the answer shows the right form, and that form is accepted."""

import json
import re
from copy import deepcopy
from typing import Any

import httpx
import pytest

from api_tests.http.asking import Json, assert_problem, resolve, sent

pytestmark = pytest.mark.anyio

DENSE: Json = {"kind": "dense", "units": 4}
IMAGE: Json = {"kind": "image", "height": 28, "width": 28, "channels": 1}
CONVOLUTION: Json = {"kind": "convolution", "filters": 4, "size": [3]}


def layers(*written: Any, **network: Any) -> Json:
    return {"network": {"features": 4, "layers": list(written), **network}}


def on_image(*written: Any) -> Json:
    return {"network": {"input": IMAGE, "layers": list(written)}}


def in_steps(*written: Any) -> Json:
    return {"network": {"input": {"kind": "sequence", "steps": 3, "features": 8}, "layers": list(written)}}


def without(layer: Json, field: str) -> Json:
    return {name: value for name, value in layer.items() if name != field}


# name: (body, what the answer shows)
WRONG: dict[str, tuple[Json, str]] = {
    "an activation as a word": (layers({**DENSE, "activation": "relu"}), '{"kind": "relu"}'),
    "an activation by another name": (layers({**DENSE, "activation": "Swish"}), '{"kind": "silu"}'),
    "layers as widths": (layers(128, 64), '{"kind": "dense", "units": 128}'),
    "a layer as a word": (layers("relu", DENSE), '{"kind": "activation", "activation": {"kind": "relu"}}'),
    "a single layer": ({"network": {"features": 4, "layers": DENSE}}, "[ … ]"),
    "a layer of PyTorch": (layers({"kind": "Linear", "units": 3}), '{"kind": "dense", "units": 128}'),
    "a type in place of a kind": (layers({"type": "Linear"}), '{"kind": "dense", "units": 128}'),
    "a recurrent layer by its cell": (
        in_steps({"kind": "LSTM"}),
        '{"kind": "recurrent", "units": 32, "cell": "lstm"}',
    ),
    "a pool": (on_image({"kind": "AvgPool2d"}), '{"kind": "pooling", "size": [2], "mode": "average"}'),
    "input_size of a layer": ({"network": {"layers": [{**DENSE, "input_size": 784}]}}, '{"features": 784}'),
    "in_features": ({"network": {"layers": [{**DENSE, "in_features": 784}]}}, '{"features": 784}'),
    "input_shape of a layer": (
        {"network": {"layers": [{**CONVOLUTION, "input_shape": [28, 28, 1]}]}},
        '"kind": "image"',
    ),
    "input_size of the network": ({"network": {"input_size": 784, "layers": [DENSE]}}, '"features": 784'),
    "out_features": (layers({"kind": "dense", "out_features": 4}), '"units": 64'),
    "init": (layers({**DENSE, "init": "he"}), '"weights": {"kind": "he_normal"}'),
    "kernel_initializer": (layers({**DENSE, "kernel_initializer": "he_normal"}), '"weights": {"kind": "he_normal"}'),
    "an initialiser of PyTorch": (layers({**DENSE, "weights": "kaiming_uniform"}), '{"kind": "he_uniform"}'),
    "an initialiser of PyTorch as a kind": (
        layers({**DENSE, "weights": {"kind": "xavier_uniform_"}}),
        "glorot_uniform",
    ),
    "weights as a matrix": (
        layers({"kind": "dense", "units": 2, "weights": [[1, 2], [3, 4]]}, features=2),
        '{"kind": "explicit", "values": [[0.5, -1.0], [1.0, 0.5]]}',
    ),
    "no bias as false": (layers({**DENSE, "bias": False}), '{"kind": "none"}'),
    "use_bias": (layers({**DENSE, "use_bias": False}), '"bias": {"kind": "none"}'),
    "a bias as a number": (layers({**DENSE, "bias": 0.1}), '{"kind": "constant", "value": 0.1}'),
    "dropout inside a layer": (layers({**DENSE, "dropout": 0.5}), '{"kind": "dropout", "rate": 0.5}'),
    "batch_norm inside a layer": (layers({**DENSE, "batch_norm": True}), '{"kind": "batch_norm"}'),
    "p of dropout": (layers({"kind": "dropout", "p": 0.5}), '"rate": 0.5'),
    "units as a text": (layers({**DENSE, "units": "32"}), "32"),
    "kernel_size": (on_image({"kind": "convolution", "filters": 4, "kernel_size": 3}), '"size": [3]'),
    "out_channels": (on_image({**without(CONVOLUTION, "filters"), "out_channels": 4}), '"filters": 16'),
    "a size as a number": (on_image({**CONVOLUTION, "size": 3}), "[3]"),
    "a stride as a number": (on_image({**CONVOLUTION, "stride": 2}), "[2]"),
    "strides": (on_image({**CONVOLUTION, "strides": [2, 2]}), '"stride": [2]'),
    "padding as a number": (on_image({**CONVOLUTION, "padding": 1}), '"pad": [1, 1, 1, 1]'),
    "padding in capitals": (on_image({**CONVOLUTION, "padding": "SAME"}), '"same"'),
    "a preset in capitals": (layers(DENSE, defaults="PyTorch"), '"defaults": "pytorch"'),
    "a preset by another name": (layers(DENSE, defaults="tensorflow"), '"defaults": "keras"'),
    "a preset with a slip": (layers(DENSE, defaults="pytoch"), '"pytorch"'),
    "an image as its shape": ({"network": {"input": [28, 28, 1], "layers": [DENSE]}}, json.dumps(IMAGE)),
    "a sequence as its shape": (
        {"network": {"input": [50, 8], "layers": [DENSE]}},
        '{"kind": "sequence", "steps": 50, "features": 8}',
    ),
    "features as a number": ({"network": {"input": 784, "layers": [DENSE]}}, '{"kind": "features", "features": 784}'),
    "branches as lists": (
        layers({"kind": "parallel", "branches": [[], [DENSE]]}),
        '{"layers": [{"kind": "dense", "units": 128}]}',
    ),
    "a loss as a word": ({**layers(DENSE), "loss": "mse"}, '{"kind": "mean_squared_error"}'),
    "an optimizer": ({**layers(DENSE), "optimizer": "adam"}, '"policy": {"kind": "adam"}'),
    "a batch size": ({**layers(DENSE), "data": {"batch_size": 3}}, '"samples": 64'),
    "inputs as a word": ({**layers(DENSE), "data": {"inputs": "normal"}}, '{"kind": "gaussian"}'),
    "n of a repeat": (layers({"kind": "repeat", "n": 4, "layers": [DENSE]}), '"times": 4'),
    "heads": (
        {
            "network": {
                "input": {"kind": "sequence", "steps": 3, "features": 8},
                "layers": [{"kind": "attention", "num_heads": 2}],
            }
        },
        '"heads": 4',
    ),
    "return_sequences": (
        in_steps({"kind": "recurrent", "units": 2, "return_sequences": True}),
        '"returns": "sequence"',
    ),
    "eps": (layers({"kind": "layer_norm", "eps": 1e-6}), '"epsilon": 1e-06'),
    "a field with a slip": (layers({**DENSE, "activaton": {"kind": "relu"}}), "`activation`"),
}


@pytest.mark.parametrize(("body", "shown"), WRONG.values(), ids=WRONG)
async def test_a_wrong_form_is_answered_with_the_right_one_which_is_then_accepted(
    client: httpx.AsyncClient, body: Json, shown: str
) -> None:
    problem = assert_problem(await client.post("/v1/estimates", **sent(body)), 422, "invalid-request")
    said = [error["detail"] for error in problem["errors"]]
    assert any(shown in one for one in said), said
    assert not any("should be" in one or "Extra inputs" in one for one in said)  # what a validator says
    mended = deepcopy(body)
    for error in reversed(problem["errors"]):  # what is put behind a layer moves none that is still to be mended
        mend(mended, error["pointer"], error["detail"])
    answer = await client.post("/v1/estimates", **sent(mended))
    assert answer.status_code == 200, (mended, answer.text)


def mend(body: Json, pointer: str, detail: str) -> None:
    """Do to `body` what a fault at `pointer` says."""
    place, _, name = pointer.rpartition("/")
    holder = resolve(place, body)
    key: Any = int(name) if isinstance(holder, list) else name
    if found := re.search('(?:write|put) ("[a-z_]+": .*?)(?: in its place.*| instead)\\.$', detail):
        del holder[key]
        holder |= json.loads(f"{{{found[1]}}}")
    elif found := re.search("put a layer (.*) behind this one\\.$", detail):
        del holder[key]
        before, _, position = place.rpartition("/")
        resolve(before, body).insert(int(position) + 1, json.loads(found[1]))
    elif found := re.search("put (.*) into the network, beside its `layers`\\.$", detail):
        del holder[key]
        body["network"] |= json.loads(found[1])
    elif found := re.search("did you mean `([a-z_]+)`\\.$", detail):
        holder[found[1]] = holder.pop(key)
    elif "put brackets around it" in detail:
        holder[key] = [holder[key]]
    elif found := re.search('is required, such as ("[a-z_]+": .*)\\.$', detail):
        holder[key] |= json.loads(f"{{{found[1]}}}")
    else:
        found = re.search("(?:[Ww]rite|such as) (.*)\\.$", detail)
        assert found, detail
        holder[key] = json.loads(found[1])


async def test_no_answer_repeats_a_text_or_a_number_that_is_none_of_a_width(client: httpx.AsyncClient) -> None:
    for value in ("zqxj-marker", 123456789012, -5, 0, 98765.4321, ["zqxj-marker"], {"zqxj-marker": 1}, True):
        body = layers(value)
        answer = await client.post("/v1/estimates", **sent(body))
        assert_problem(answer, 422, "invalid-request")
        assert "write" not in answer.json()["errors"][0]["detail"]
