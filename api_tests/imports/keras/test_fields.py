"""No field of a layer is passed over: a strange value makes another specification, an assumption or a refusal."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from service.imports.base import Imported, InputNeeded, NotUnderstood, Options
from service.imports.keras import read
from service.imports.keras.classes import CLASSES

Json = dict[str, Any]
OF_KERAS_3: list[Json] = json.loads(Path(__file__).with_name("layers_of_keras_3.json").read_text(encoding="utf-8"))
OLDER: list[Json] = json.loads(Path(__file__).with_name("older_layers.json").read_text(encoding="utf-8"))
STRANGE = [None, True, False, 0, -1, 2, 97, 0.37, -3.5, "strange", [], [2], [[1, 2], [3, 4]], {}]
STRANGE_CLASS = {"class_name": "Strange", "config": {}}
MERGES = ("Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract", "Concatenate", "Merge")
NEUTRAL = {
    "": {"name", "seed", "unroll", "implementation", "zero_output_for_mask", "lora_alpha", "build_config"},
    "BatchNormalization": {
        *("momentum", "synchronized", "moving_mean_initializer", "moving_variance_initializer", "renorm_momentum"),
    },
    "MultiHeadAttention": {"query_shape", "key_shape", "value_shape"},
    "Masking": {"mask_value"},
    "ActivityRegularization": {"l1", "l2"},
    "Normalization": {"axis"},
    "RandomFlip": {"mode", "data_format"},
    "Merge": {"dot_axes"},
}
"""Fields that have no effect on the error's gradient at the start, whatever they are, of all classes or of one."""
IGNORED_BY_KERAS = {"input_dim", "input_length"}
"""What says what comes in has no effect in the middle of a model, but for an embedding."""
NULL_IS_USUAL = {
    *("data_format", "dim_ordering", "activation", "strides", "config", "dtype", "input_dtype", "output_shape"),
    *("module", "backward_layer", "negative_slope", "threshold"),
    *("value_dim", "attention_axes", "input_length", "mode_type", "output_shape_type", "output_mask_type"),
}
"""Fields that have no effect when they are null."""
ALIKE = [
    ("return_state", False, True),
    ("cropping", [2, 2], 2),
    ("mode", 0, 2),
    ("axis", [3], -1),
    ("axis", -1, 2),
    ("config", None, {}),
]
"""Values that mean the same: a batch norm of Keras 1 does the same in modes 0 and 2, and no layer reads states."""


def document(case: Json, config: Json, **more: Any) -> bytes:
    """A model with that one layer in front of a dense one, as the Keras of its version writes it."""
    version = case.get("keras_version", "3.15.1")
    shape = [None, *case["shape"]]
    key = "batch_shape" if version.startswith("3") else "batch_input_shape"
    source = {"class_name": "InputLayer", "config": {"name": "in", key: shape}, "name": "in", "inbound_nodes": []}
    names = ["in"]
    made = [source]
    if case["class_name"] in MERGES:
        for name in ("a", "b"):
            dense = {"class_name": "Dense", "config": {"name": name, **units(version)}, "name": name}
            made.append({**dense, "inbound_nodes": [[["in", 0, 0]]]})
        names = ["a", "b"]
    calls = [[[name, 0, 0] for name in names]]
    layer = {"class_name": case["class_name"], "config": config, "name": "it", "inbound_nodes": calls, **more}
    head = {"class_name": "Dense", "config": {"name": "head", **units(version)}, "name": "head"}
    made += [layer, {**head, "inbound_nodes": [[["it", 0, 0]]]}]
    ends = {"input_layers": [["in", 0, 0]], "output_layers": [["head", 0, 0]]}
    model = {"class_name": "Model", "config": {"name": "m", "layers": made, **ends}, "keras_version": version}
    return json.dumps(model).encode()


def units(version: str) -> Json:
    """The field that says how many units a dense layer has."""
    return {"output_dim" if version.startswith("1") else "units": 8}


def outcome(data: bytes) -> str | None:
    """What is imported, in words, without names; None where it is refused."""
    try:
        found: Imported = read(BytesIO(data), Options())
    except (NotUnderstood, InputNeeded):
        return None
    assumed = sorted(one.sentence for one in found.assumed)
    return found.specification.canonical() + json.dumps(assumed)


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all fields in `value`, those inside objects among them."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield (*way, key)
            yield from places(inner, (*way, key))


def changed(config: Json, way: tuple[Any, ...], value: Any) -> Json:
    """A copy with another value at the end of the way."""
    copy = deepcopy(config)
    inner = copy
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = value
    return copy


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to Keras: 0 and false, 1 and true, a number and a list of it."""
    one, other = (value[0] if isinstance(value, list) and len(value) == 1 else value for value in (one, other))
    return bool(one == other)


def neutral(case: Json, way: tuple[Any, ...]) -> bool:
    """Whether a field has no effect: by its name, or as part of one that has none."""
    known = {*NEUTRAL[""], *NEUTRAL.get(case["class_name"], ())}
    ignored = way[-1] in IGNORED_BY_KERAS and case["class_name"] != "Embedding"
    return ignored or any(key in known for key in way)


def alike(way: tuple[Any, ...], value: Any, strange: Any) -> bool:
    """Whether two values mean the same in that field."""
    absent = (None, {}, [])
    if (value in absent and strange in absent) or (strange is None and way[-1] in NULL_IS_USUAL):
        return True
    if way[-1] == "config" and strange == {}:  # an initialiser or a policy with what it has where nothing is said
        return True
    return any(way[-1] == name and same(value, one) and same(strange, other) for name, one, other in ALIKE)


OTHER_NAMES = {
    *("AtrousConv1D", "AtrousConv2D", "AvgPool1D", "AvgPool2D", "BatchNormalizationV1", "BatchNormalizationV2"),
    *("Convolution1DTranspose", "Convolution2DTranspose", "Deconv2D", "DepthwiseConvolution2D", "MaxPool1D"),
    *("MaxPool2D", "SeparableConvolution1D"),
    *(f"Random{name}" for name in ("Brightness", "Contrast", "Hue", "Rotation", "Saturation", "Shear")),
    *("RandomTranslation", "RandomZoom"),
}
"""Classes with the fields of one that has a layer here."""
OF_OTHERS = {"GELU", "Gelu", "Mish", "ReLU6", "SiLU", "Swish"}
"""Classes that Keras has none of."""
CASES = [pytest.param(case, id=f"{case['class_name']}-{case.get('keras_version', '3')}") for case in OF_KERAS_3 + OLDER]


@pytest.mark.parametrize("case", CASES)
def test_a_layer_with_the_fields_that_keras_writes_is_read(case: Json) -> None:
    assert outcome(document(case, case["config"])) is not None


@pytest.mark.parametrize("case", CASES)
def test_a_strange_value_of_any_field_is_not_passed_over(case: Json) -> None:
    usual, passed = outcome(document(case, case["config"])), []
    for way in places(case["config"]):
        value = case["config"]
        for key in way:
            value = value[key]
        for strange in (*STRANGE, STRANGE_CLASS):
            if same(strange, value) or neutral(case, way) or alike(way, value, strange):
                continue
            if outcome(document(case, changed(case["config"], way, strange))) == usual:
                passed.append((way, strange))
    assert not passed


@pytest.mark.parametrize("case", CASES)
def test_a_field_that_is_not_known_refuses_the_file_by_its_name(case: Json) -> None:
    for strange in (0, False, "strange", {"class_name": "Strange"}):
        with pytest.raises(NotUnderstood, match="surprise"):
            read(BytesIO(document(case, {**case["config"], "surprise": strange})), Options())
        with pytest.raises(NotUnderstood, match="surprise"):
            read(BytesIO(document(case, case["config"], surprise=strange)), Options())


@pytest.mark.parametrize("case", CASES)
def test_a_class_of_its_own_that_is_called_like_a_layer_of_keras_is_refused(case: Json) -> None:
    for own in ({"module": "my_package.layers"}, {"registered_name": f"my_package>{case['class_name']}"}):
        assert outcome(document(case, case["config"], **own)) is None


def test_every_class_that_is_read_has_a_layer_among_these() -> None:
    seen = {case["class_name"] for case in OF_KERAS_3 + OLDER}
    assert set(CLASSES) - seen == OTHER_NAMES | OF_OTHERS | {"Identity", "Softmax"}
