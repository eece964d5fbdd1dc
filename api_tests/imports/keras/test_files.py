"""The forms in which Keras models are kept: JSON, archives, HDF5, TensorFlow.js; and files that are none of them."""

import json
import struct
import zipfile
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.errors import MalformedJson
from service.imports.base import Imported, InputNeeded, NotUnderstood, Options, WeightValues
from service.imports.keras import imported, read, specification

HDF5 = b"\x89HDF\r\n\x1a\n"
DENSE = {
    "class_name": "Dense",
    "config": {"name": "d", "units": 3, "activation": "softmax", "batch_input_shape": [None, 4]},
}
MODEL: dict[str, Any] = {"class_name": "Sequential", "config": {"name": "m", "layers": [DENSE]}}
TRAINING = {
    "loss": "categorical_crossentropy",
    "metrics": None,
    "optimizer_config": {"class_name": "Adam", "config": {}},
}
TEXT = json.dumps(MODEL).encode()


def reading(data: bytes, **options: Any) -> Imported:
    return read(BytesIO(data), Options(**options))


def refusal(data: bytes, **options: Any) -> str:
    with pytest.raises(NotUnderstood) as caught:
        reading(data, **options)
    return caught.value.sentence.removeprefix("Nothing was imported, for not all of this model is understood. ")


def archive(**entries: str | bytes) -> bytes:
    """A zip with entries of these names, `_` for a point."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in entries.items():
            file.writestr(name.replace("_", "."), text)
    return made.getvalue()


def test_json_says_its_form_and_its_version() -> None:
    found = reading(json.dumps({**MODEL, "keras_version": "2.4.0", "backend": "tensorflow"}).encode())
    assert found.format == "Keras 2.4.0, to_json()"
    assert found.parameters == 15
    assert [one.name for one in found.specification.network.layers] == ["d"]


def test_json_that_was_written_as_json_once_more_is_read() -> None:
    assert reading(json.dumps(TEXT.decode()).encode()).specification == reading(TEXT).specification


def test_an_archive_is_read_with_the_version_beside_its_model() -> None:
    found = reading(archive(metadata_json='{"keras_version": "3.5.0"}', config_json=TEXT, model_weights="..."))
    assert found.format == "Keras 3.5.0, .keras"
    assert found.specification == reading(TEXT).specification


def test_an_archive_whose_model_is_compiled_has_its_loss() -> None:
    compiled = {**MODEL, "compile_config": {"loss": "mse", "optimizer": "adam"}}
    found = reading(archive(config_json=json.dumps(compiled)))
    assert found.specification.loss.kind == "mean_squared_error"
    assert found.assumed == []


@pytest.mark.parametrize("where", [(b"", b""), (b"\x00" * 100, b"\xff" * 7), (b"{" * 3 + b'"' * 5, b'"}]')])
def test_the_model_in_hdf5_is_found_by_a_scan_with_its_loss(where: tuple[bytes, bytes]) -> None:
    before, behind = where
    found = reading(HDF5 + before + TEXT + behind + json.dumps(TRAINING).encode() + b"\x00" * 50)
    assert found.format == "Keras 2, HDF5"
    assert found.specification.loss.kind == "cross_entropy"
    assert found.assumed == []


_NO_JSON = st.binary(max_size=200).map(lambda some: some.replace(b"{", b"("))
"""What begins like a model and does not end like one refuses a file."""


@settings(max_examples=60, deadline=None)
@given(_NO_JSON, _NO_JSON, st.integers(0, 70))
def test_the_model_in_hdf5_is_found_wherever_it_lies(before: bytes, behind: bytes, short: int) -> None:
    filling = b"\x00" * ((1 << 20) - short - len(before))  # around the end of the first piece that is read
    found = reading(HDF5 + before + filling + TEXT + b"\x00" + behind)
    assert found.specification == reading(TEXT).specification


def test_a_file_called_keras_that_is_hdf5_inside_is_read_by_its_first_bytes() -> None:
    assert reading(HDF5 + TEXT).parameters == 15


def test_hdf5_with_two_models_or_none_is_refused() -> None:
    other = json.dumps({**MODEL, "config": {"name": "other", "layers": [DENSE, DENSE]}}).encode()
    assert refusal(HDF5 + TEXT + b"\x00" + other).startswith("The file is HDF5 with 2 configurations of models in it")
    assert reading(HDF5 + TEXT + b"\x00" + TEXT).parameters == 15  # the same one twice is one
    assert refusal(HDF5 + b"\x00" * 500).startswith("The file is HDF5 with no model's configuration in it")


def test_hdf5_whose_model_is_cut_off_is_refused_and_no_model_inside_it_is_read() -> None:
    outer = {"class_name": "Model", "config": {"name": "outer", "layers": [{**MODEL, "name": "inner"}]}}
    cut = json.dumps(outer).encode()[:-2]
    assert refusal(HDF5 + cut + b"\x00" * 100) == (
        "The file is HDF5 with text in it that begins like a model and does not end like one."
    )


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_layers_model_of_tensorflow_js_is_read(wrapped: bool) -> None:
    inner = {"model_config": MODEL, "keras_version": "2.8.0", "backend": "tensorflow", "training_config": TRAINING}
    topology = inner if wrapped else {**MODEL, "keras_version": "tfjs-layers 3.0.0"}
    found = reading(json.dumps({"format": "layers-model", "modelTopology": topology, "weightsManifest": []}).encode())
    assert found.format == "TensorFlow.js, layers model"
    assert found.specification.network == reading(TEXT).specification.network


def test_a_graph_of_tensorflow_is_refused() -> None:
    graph = {"format": "graph-model", "modelTopology": {"node": [], "versions": {}}}
    assert refusal(json.dumps(graph).encode()) == "The file is a graph of TensorFlow, of which no layers can be read."


@pytest.mark.parametrize("text", [b"[]", b"7", b"null"])
def test_json_that_is_no_object_is_refused(text: bytes) -> None:
    assert refusal(text) == "The file is JSON, but no object with the fields of a Keras model."


@pytest.mark.parametrize("text", [b"", b"{", b'{"a": 1, "a": 2}', b"[" * 500, b"\xff"])
def test_what_is_no_json_is_refused_as_such(text: bytes) -> None:
    with pytest.raises(MalformedJson):
        reading(text)


def test_an_archive_with_two_entries_of_one_name_is_refused() -> None:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("config.json", TEXT)
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("config.json", TEXT)
    assert refusal(made.getvalue()) == "The archive has 2 entries called config.json, where one is read."


def test_an_archive_that_unpacks_to_more_than_is_read_is_refused() -> None:
    assert refusal(archive(config_json=b" " * (17 << 20))).startswith(
        "config.json in the archive is longer than 16 MiB"
    )


def test_an_archive_that_says_it_is_small_and_is_not_is_refused() -> None:
    bomb = bytearray(archive(config_json=b" " * (17 << 20)))
    at = bomb.rfind(b"PK\x01\x02")
    bomb[at + 24 : at + 28] = struct.pack("<I", 10)
    assert "archive" in refusal(bytes(bomb))


def test_an_archive_that_is_encrypted_is_refused() -> None:
    locked = bytearray(archive(config_json=TEXT))
    locked[locked.rfind(b"PK\x01\x02") + 8] |= 1
    locked[6] |= 1
    assert refusal(bytes(locked)) == "config.json in the archive is encrypted."


@pytest.mark.parametrize("data", [b"PK\x03\x04", archive(config_json=TEXT)[:-30], archive(other_json=TEXT)])
def test_an_archive_that_is_broken_or_has_no_model_is_refused(data: bytes) -> None:
    assert "archive" in refusal(data)


def test_values_of_weights_are_not_read_and_that_is_said() -> None:
    assert refusal(TEXT, values=WeightValues.FILE).startswith("Values of weights are not read from files of Keras")


class Model:
    """What `specification` needs of a model in this process."""

    def to_json(self) -> str:
        return TEXT.decode()


def test_a_model_in_this_process_is_read_by_what_it_says_of_itself() -> None:
    assert specification(Model()) == reading(TEXT).specification
    assert imported(Model()).parameters == 15


OPEN: list[tuple[list[int | None], tuple[int, ...]]] = [
    ([None, None, 3], (8, 8, 3)),
    ([None, None, 3], (8, 8)),
    ([8, None, 3], (8,)),
]


@pytest.mark.parametrize(("shape", "given"), OPEN)
def test_sizes_that_the_file_leaves_open_are_asked_for(shape: list[int | None], given: tuple[int, ...]) -> None:
    pool = {"class_name": "GlobalMaxPooling2D", "config": {"name": "p", "batch_input_shape": [None, *shape]}}
    head = {"class_name": "Dense", "config": {"name": "d", "units": 2}}
    data = json.dumps({"class_name": "Sequential", "config": [pool, head]}).encode()
    assert reading(data, input=given).specification.network.shape == (8, 8, 3)
    with pytest.raises(InputNeeded, match="leaves sizes of its input open"):
        reading(data)


def test_an_input_that_is_not_the_one_of_the_file_is_refused() -> None:
    with pytest.raises(InputNeeded, match="The file says that its input is 4, and 5 is given"):
        reading(TEXT, input=(5,))
