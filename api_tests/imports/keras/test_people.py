"""Forms that files of many people have, besides those that Keras writes of a plain model."""

import json
from typing import Any

import pytest

from service.imports.base import Imported, NotUnderstood, Source, Subject
from service.imports.sources import imported


def layer(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": kind.lower(), **config}}


def read(*layers: dict[str, Any], loss: Any = None) -> Imported:
    model: dict[str, Any] = {"class_name": "Sequential", "config": {"name": "m", "layers": list(layers)}}
    model |= {"keras_version": "2.4.0", "backend": "tensorflow"}
    if loss is not None:
        model["compile_config"] = {"loss": loss}
    return imported(Source.KERAS, json.dumps(model).encode())


def layers_of(found: Imported) -> list[dict[str, Any]]:
    return [one.model_dump(mode="json", exclude_none=True) for one in found.specification.network.layers]


def kinds(found: Imported) -> list[str]:
    return [one["kind"] for one in layers_of(found)]


def refusal(*layers: dict[str, Any]) -> str:
    with pytest.raises(NotUnderstood) as caught:
        read(*layers)
    return str(caught.value)


IMAGE = layer("InputLayer", batch_input_shape=[None, 8, 8, 3])
HEAD = layer("Dense", units=3, activation="softmax")


def test_a_softmax_in_front_of_a_reshape_that_keeps_the_classes_is_the_output_as_in_a_mobilenet() -> None:
    pool, back = layer("GlobalAveragePooling2D"), layer("Reshape", target_shape=[1, 1, 3])
    classes = layer("Conv2D", filters=5, kernel_size=[1, 1])
    found = read(
        IMAGE, pool, back, classes, layer("Activation", activation="softmax"), layer("Reshape", target_shape=[5])
    )
    assert kinds(found)[-2:] == ["reshape", "activation"]
    assert layers_of(found)[-1]["activation"]["kind"] == "softmax"
    assert str(found.specification.loss.kind) == "cross_entropy"


def test_a_sigmoid_in_front_of_a_reshape_is_the_output_as_in_an_autoencoder() -> None:
    dense = layer("Dense", units=16, activation="sigmoid")
    found = read(layer("InputLayer", batch_input_shape=[None, 4]), dense, layer("Reshape", target_shape=[4, 4]))
    assert [one.get("activation", {}).get("kind") for one in layers_of(found)] == ["linear", None, "sigmoid"]
    assert str(found.specification.loss.kind) == "binary_cross_entropy"


def test_a_softmax_over_other_numbers_than_those_of_the_output_is_refused() -> None:
    dense = layer("Dense", units=16, activation="softmax")
    said = refusal(layer("InputLayer", batch_input_shape=[None, 4]), dense, layer("Reshape", target_shape=[4, 4]))
    assert "dense" in said
    assert "softmax" in said


@pytest.mark.parametrize("kind", ["BatchNormalizationV1", "BatchNormalizationV2"])
def test_the_names_that_batch_norms_had_in_tensorflow_are_known(kind: str) -> None:
    assert kinds(read(IMAGE, layer(kind), layer("Flatten"), HEAD)) == ["batch_norm", "flatten", "dense"]


def test_a_flag_may_be_a_number() -> None:
    tokens = layer("Embedding", input_dim=9, output_dim=4, mask_zero=1, batch_input_shape=[None, 5])
    found = read(tokens, layer("LSTM", units=3), HEAD)
    assert Subject.MASK in {one.subject for one in found.assumed}
    assert "mask_zero = 2" in refusal(
        {**tokens, "config": {**tokens["config"], "mask_zero": 2}}, layer("LSTM", units=3)
    )


def test_an_input_shape_in_the_middle_of_a_model_is_ignored_as_keras_does() -> None:
    second = layer("Dense", units=4, batch_input_shape=[None, 99])
    found = read(layer("Dense", units=6, batch_input_shape=[None, 5]), second)
    assert found.parameters == (5 + 1) * 6 + (6 + 1) * 4
    (said,) = [one.sentence for one in found.assumed if one.subject is Subject.INPUT]
    assert said == "Dense `dense` says that [99] comes in, and [6] does; Keras looks at the first layer alone."


def test_dropout_of_an_attention_is_said_and_not_left_out() -> None:
    attention = layer("MultiHeadAttention", num_heads=2, key_dim=4, dropout=0.25)
    attention["inbound_nodes"] = [[["x", 0, 0, {"value": ["x", 0, 0]}]]]
    start = {**layer("InputLayer", batch_input_shape=[None, 6, 8]), "name": "x", "inbound_nodes": []}
    start["config"]["name"] = "x"
    config = {"name": "m", "layers": [start, {**attention, "name": "attention"}]}
    config |= {"input_layers": [["x", 0, 0]], "output_layers": [["attention", 0, 0]]}
    model = {"class_name": "Functional", "config": config, "keras_version": "2.11.0"}
    (found,) = layers_of(imported(Source.KERAS, json.dumps(model).encode()))
    assert found["dropout"] == 0.25


def test_a_pool_of_almost_all_of_a_long_text_is_a_global_one_of_what_it_reads() -> None:
    text = layer("InputLayer", batch_input_shape=[None, 2001, 2])
    found = read(text, layer("MaxPooling1D", pool_size=[2000], strides=[2000]), layer("Flatten"), HEAD)
    assert kinds(found) == ["cropping", "global_pooling", "reshape", "flatten", "dense"]
    assert layers_of(found)[0]["crop"] == [0, 1]
    same = layer("MaxPooling1D", pool_size=[2500], strides=[2500], padding="same")
    assert kinds(read(text, same, layer("Flatten"), HEAD)) == ["global_pooling", "reshape", "flatten", "dense"]
    said = refusal(text, layer("MaxPooling1D", pool_size=[1500], strides=[2]), layer("Flatten"), HEAD)
    assert "pools windows of 1500 positions, and at most 1024 are simulated" in said


def test_a_number_out_of_bounds_is_named_with_its_field() -> None:
    said = refusal(layer("Dense", units=2_000_000, batch_input_shape=[None, 5]))
    assert "Dense `dense`: units would be 2000000. The number must be at most 1048576." in said


def test_of_operations_that_are_no_layers_the_class_is_named_once_with_what_can_be_read() -> None:
    said = refusal(layer("TFOpLambda", function="math.add", batch_input_shape=[None, 5]))
    assert "Layers of the class TFOpLambda stand for operations of TensorFlow that are no layers" in said
    assert "math" not in said


@pytest.mark.parametrize("field", [{"reduction": "sum"}, {"ignore_class": 0}, {"axis": 1}])
def test_a_loss_that_is_summed_otherwise_is_not_taken_for_the_usual_one(field: dict[str, Any]) -> None:
    loss = {"class_name": "CategoricalCrossentropy", "config": {"name": "c", "from_logits": False, **field}}
    found = read(layer("Dense", units=3, activation="softmax", batch_input_shape=[None, 5]), loss=loss)
    assert any("loss" in one.sentence and "cannot be said here" in one.sentence for one in found.assumed)


def marked(number: int, **config: Any) -> dict[str, Any]:
    """An LSTM as TensorFlow 2.13 writes it, which numbers its objects."""
    drawn = {"class_name": "GlorotUniform", "config": {"seed": number}, "shared_object_id": number}
    return layer("LSTM", units=3, kernel_initializer=drawn, **config)


def test_the_two_ways_of_a_bidirectional_layer_are_alike_whatever_their_marks() -> None:
    forward, backward = marked(1), marked(2, go_backwards=True)
    both = layer("Bidirectional", layer=forward, backward_layer=backward, batch_input_shape=[None, 4, 2])
    (first, _) = layers_of(read(both, HEAD))
    assert first["direction"] == "both"
    other = {**backward, "config": {**backward["config"], "activation": "relu"}}
    different = layer("Bidirectional", layer=forward, backward_layer=other, batch_input_shape=[None, 4, 2])
    assert "two layers that differ" in refusal(different, HEAD)


def test_states_that_no_layer_reads_are_no_reason_to_refuse() -> None:
    lstm = {**layer("LSTM", units=3, return_state=True), "name": "lstm", "inbound_nodes": [[["x", 0, 0, {}]]]}
    start = {**layer("InputLayer", batch_input_shape=[None, 6, 8]), "name": "x", "inbound_nodes": []}
    config: dict[str, Any] = {"name": "m", "layers": [start, lstm], "input_layers": [["x", 0, 0]]}
    model: dict[str, Any] = {"class_name": "Functional", "config": config, "keras_version": "2.11.0"}
    config["output_layers"] = [["lstm", 0, 0]]
    assert kinds(imported(Source.KERAS, json.dumps(model).encode())) == ["recurrent"]
    assert "returns its states into a chain" in refusal(layer("LSTM", units=3, return_state=True), HEAD)
    config["output_layers"] = [["lstm", 0, 1]]
    with pytest.raises(NotUnderstood, match="Output 1 of call 0 of 'lstm'"):
        imported(Source.KERAS, json.dumps(model).encode())


def test_an_activation_that_people_write_as_a_class_of_their_own_is_read_by_its_name_and_said() -> None:
    found = read(layer("Dense", units=4, batch_input_shape=[None, 5]), layer("GELU"), HEAD)
    assert layers_of(found)[1]["activation"]["kind"] == "gelu"
    assert "GELU is no class of Keras; it is read as the activation gelu, by its name." in [
        one.sentence for one in found.assumed
    ]
    assert "Layers of the class GELUish are" in refusal(
        layer("Dense", units=4, batch_input_shape=[None, 5]), layer("GELUish"), HEAD
    )
