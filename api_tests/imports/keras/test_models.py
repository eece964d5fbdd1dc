"""Graphs, models in models, and what three versions of Keras mean by the same words."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from service.imports.base import Imported, NotUnderstood, Options, Subject
from service.imports.keras import read
from service.simulation.plan import plan

Json = dict[str, Any]
STRANGERS = Path(__file__).resolve().parents[4] / "shared" / "models"
REFUSED = "092.json"


def reading(model: Json, **options: Any) -> Imported:
    return read(BytesIO(json.dumps(model).encode()), Options(**options))


def refusal(model: Json) -> str:
    with pytest.raises(NotUnderstood) as caught:
        reading(model)
    return caught.value.sentence.removeprefix("Nothing was imported, for not all of this model is understood. ")


def layer(kind: str, name: str, *inputs: Any, **config: Any) -> Json:
    """A layer of a graph; `inputs` are names, or names with what else is said of a signal."""
    calls = [[[one, 0, 0, {}] if isinstance(one, str) else one for one in inputs]] if inputs else []
    return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": calls}


def graph(*layers: Json, version: str = "2.4.0", name: str = "m") -> Json:
    ends = {"input_layers": [[layers[0]["name"], 0, 0]], "output_layers": [[layers[-1]["name"], 0, 0]]}
    return {"class_name": "Functional", "config": {"name": name, "layers": layers, **ends}, "keras_version": version}


def stack(*layers: Json, version: str = "2.4.0") -> Json:
    plain = [{key: value for key, value in one.items() if key != "inbound_nodes"} for one in layers]
    return {"class_name": "Sequential", "config": {"name": "m", "layers": plain}, "keras_version": version}


def of(found: Imported) -> list[Json]:
    """The layers as they are written."""
    return [one.model_dump(mode="json", exclude_none=True) for one in found.specification.network.layers]


def source(*shape: int | None) -> Json:
    return layer("InputLayer", "in", batch_input_shape=[None, *shape])


DENSE = layer("Dense", "d", "in", units=4)


def test_a_sum_with_a_skip_connection_is_a_residual_block() -> None:
    (block,) = of(reading(graph(source(4), DENSE, layer("Add", "sum", "in", "d"))))
    assert (block["kind"], block["name"], [one["name"] for one in block["layers"]]) == ("residual", "sum", ["d"])


@pytest.mark.parametrize(
    ("kind", "merge"),
    [("Multiply", "multiply"), ("Average", "average"), ("Maximum", "maximum"), ("Concatenate", "concat")],
)
def test_signals_that_meet_are_a_parallel_block(kind: str, merge: str) -> None:
    (block,) = of(reading(graph(source(4), DENSE, layer(kind, "met", "in", "d"))))
    assert (block["kind"], block["merge"], block["branches"][0]) == ("parallel", merge, {"layers": []})


def test_a_difference_is_a_sum_with_the_second_signal_turned_round() -> None:
    (block,) = of(reading(graph(source(4), DENSE, layer("Subtract", "met", "in", "d"))))
    last = block["layers"][-1]
    assert (block["kind"], last["kind"], last["factor"]) == ("residual", "scale", -1.0)


def test_a_gate_for_each_channel_is_brought_to_the_image_that_it_meets() -> None:
    pool = layer("GlobalAveragePooling2D", "pool", "in")
    gate = layer("Dense", "gate", "pool", units=3, activation="sigmoid")
    found = reading(graph(source(6, 5, 3), pool, gate, layer("Multiply", "met", "in", "gate")))
    assert plan(found.specification).nodes[-1].out == (6, 5, 3)


def test_steps_that_are_put_behind_one_another_keep_their_features() -> None:
    kernel = layer("Conv1D", "c", "in", filters=3, kernel_size=[2])
    found = reading(graph(source(6, 3), kernel, layer("Concatenate", "met", "in", "c", axis=1)))
    assert plan(found.specification).nodes[-1].out == (11, 3)


def test_a_model_inside_a_model_is_written_out_and_its_outer_calls_begin_at_one() -> None:
    inner = graph(source(4), DENSE, name="inner")
    for number in (0, 1):
        outer = {**layer("Functional", "inner", "x"), "config": inner["config"]}
        head = layer("Dense", "head", ["inner", number, 0, {}], units=2)
        first = layer("InputLayer", "x", batch_input_shape=[None, 4])
        assert [one["name"] for one in of(reading(graph(first, outer, head)))] == ["d", "head"]


def test_a_layer_that_is_called_twice_is_drawn_twice_and_that_is_said() -> None:
    twice = {**DENSE, "inbound_nodes": [[["in", 0, 0, {}]], [["d", 0, 0, {}]]]}
    found = reading(graph(source(4), twice, layer("Add", "sum", ["d", 0, 0, {}], ["d", 1, 0, {}])))
    assert found.parameters == 2 * 20
    assert Subject.TIED_WEIGHTS in [one.subject for one in found.assumed]


TENSOR = {"class_name": "__keras_tensor__", "config": {"shape": [None, 6, 4], "keras_history": ["in", 0, 0]}}
CALLS = {
    "lists of Keras 1": [[["in", 0, 0]]],
    "with arguments": [[["in", 0, 0, {"value": ["in", 0, 0]}]]],
    "flat": [["in", 0, 0, {"value": ["in", 0, 0], "key": ["in", 0, 0]}]],
    "objects of Keras 3": [{"args": [TENSOR, TENSOR], "kwargs": {"attention_mask": None}}],
    "named in Keras 3": [{"args": [TENSOR], "kwargs": {"value": TENSOR, "training": False}}],
}


@pytest.mark.parametrize("form", CALLS)
def test_an_attention_of_a_signal_to_itself_is_read_in_every_form(form: str) -> None:
    attention = {**layer("MultiHeadAttention", "a", num_heads=2, key_dim=3), "inbound_nodes": CALLS[form]}
    (found,) = of(reading(graph(source(6, 4), attention, version="3.5.0")))
    assert (found["kind"], found["heads"], found["key_units"], found["causal"]) == ("attention", 2, 3, False)


def test_a_call_with_a_causal_mask_makes_the_attention_causal() -> None:
    nodes = [{"args": [TENSOR, TENSOR], "kwargs": {"use_causal_mask": True}}]
    attention = {**layer("MultiHeadAttention", "a", num_heads=2, key_dim=3), "inbound_nodes": nodes}
    assert of(reading(graph(source(6, 4), attention, version="3.5.0")))[0]["causal"] is True


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"attention_mask": TENSOR}, "attention_mask"),
        ({"return_attention_scores": True}, "return_attention_scores"),
        ({"initial_state": [["in", 0, 0]]}, "initial_state"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_is_said_of_a_call_and_not_understood_is_refused(said: Json, word: str) -> None:
    attention = {**layer("MultiHeadAttention", "a", num_heads=2, key_dim=3)}
    attention["inbound_nodes"] = [{"args": [TENSOR, TENSOR], "kwargs": said}]
    assert word in refusal(graph(source(6, 4), attention, version="3.5.0"))


def test_dropout_that_is_called_as_not_training_drops_nothing_but_in_keras_3_which_always_writes_so() -> None:
    dropped = layer("Dropout", "drop", ["d", 0, 0, {"training": False}], rate=0.5)
    assert [one["kind"] for one in of(reading(graph(source(4), DENSE, dropped)))] == ["dense"]
    assert [one["kind"] for one in of(reading(graph(source(4), DENSE, dropped, version="3.1.0")))] == [
        "dense",
        "dropout",
    ]


def test_two_inputs_or_outputs_are_refused() -> None:
    model = graph(source(4), DENSE)
    model["config"]["input_layers"] = [["in", 0, 0], ["d", 0, 0]]
    assert "The model has 2 inputs" in refusal(model)
    model = graph(source(4), DENSE)
    model["config"]["output_layers"] = [["in", 0, 0], ["d", 0, 0]]
    assert "The model has 2 outputs" in refusal(model)


def test_a_circle_and_a_layer_that_is_not_there_are_refused() -> None:
    one, two = layer("Dense", "one", "two", units=4), layer("Dense", "two", "one", units=4)
    assert "in a circle" in refusal(graph(source(4), one, two))
    assert "'nowhere' is read, which is not known" in refusal(graph(source(4), layer("Dense", "d", "nowhere", units=4)))


def test_models_in_one_another_that_would_be_too_many_layers_are_refused() -> None:
    model = graph(source(4), DENSE)
    for _ in range(20):
        twice = [[["in", 0, 0, {}]], [["inner", 1, 0, {}]]]
        inner = {**layer("Functional", "inner"), "config": model["config"], "inbound_nodes": twice}
        model = graph(source(4), inner)
        model["config"]["output_layers"] = [["inner", 2, 0]]
    assert "has too many layers once all models inside it are written out" in refusal(model)


FIRST = {
    "Convolution2D": {"nb_filter": 5, "nb_row": 3, "nb_col": 3, "border_mode": "valid", "init": "glorot_uniform"},
    "MaxPooling2D": {"pool_size": [2, 2]},
}


def channels_first(**more: Any) -> Json:
    kernel = layer(
        "Convolution2D", "c", batch_input_shape=[None, 3, 10, 8], dim_ordering="th", **FIRST["Convolution2D"]
    )
    norm = layer("BatchNormalization", "n", axis=1, mode=0)
    pool = layer("MaxPooling2D", "p", dim_ordering="th", **FIRST["MaxPooling2D"])
    end = layer("Dense", "d", output_dim=2)
    return stack(kernel, norm, pool, layer("Flatten", "f"), end, **more, version="1.1.0")


def test_images_with_channels_first_are_transposed() -> None:
    found = reading(channels_first())
    assert found.specification.network.shape == (10, 8, 3)
    shapes = [one.out for one in plan(found.specification).nodes]
    assert shapes == [(8, 6, 5), (8, 6, 5), (4, 3, 5), (60,), (2,)]


def test_channels_that_come_first_here_and_last_there_are_refused() -> None:
    model = channels_first()
    model["config"]["layers"][2]["config"]["dim_ordering"] = "tf"
    assert "other layers of the file have them elsewhere" in refusal(model)
    model = channels_first()
    model["config"]["layers"][1]["config"]["axis"] = -1
    assert "axis -1" in refusal(model)


def activation_of(kind: str, version: str) -> Json:
    (found,) = of(
        reading(stack(layer("Activation", "a", activation=kind, batch_input_shape=[None, 4]), version=version))
    )
    activation: Json = found["activation"]
    return activation


def test_a_hard_sigmoid_is_steeper_in_keras_1_and_2_than_in_3() -> None:
    assert activation_of("hard_sigmoid", "3.2.0") == {"kind": "hardsigmoid"}
    for version in ("1.2.2", "2.15.0"):
        assert activation_of("hard_sigmoid", version)["formula"] == "max(0, min(1, 0.2 * z + 0.5))"


@pytest.mark.parametrize(
    "written",
    [
        "relu",
        {"class_name": "function", "config": "relu", "module": "builtins", "registered_name": "function"},
        {"class_name": "ReLU", "config": {"name": "r", "max_value": None, "negative_slope": 0.0, "threshold": 0.0}},
    ],
)
def test_an_activation_is_read_as_a_word_a_function_and_a_layer(written: Any) -> None:
    (found,) = of(reading(stack(layer("Dense", "d", units=3, activation=written, batch_input_shape=[None, 4]))))
    assert found["activation"] == {"kind": "relu"}


def weights(initialiser: Any, version: str = "2.4.0", field: str = "kernel_initializer") -> Json:
    units = {"output_dim" if field == "init" else "units": 3}
    dense = layer("Dense", "d", batch_input_shape=[None, 4], **units, **{field: initialiser})
    (found,) = of(reading(stack(dense, version=version)))
    drawn: Json = found["weights"]
    return drawn


SCALED = {"class_name": "VarianceScaling", "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform"}}


@pytest.mark.parametrize(
    "written", ["glorot_uniform", "GlorotUniform", SCALED, {"class_name": "GlorotUniform", "config": {}}]
)
def test_glorots_uniform_has_many_names(written: Any) -> None:
    assert weights(written) == {"kind": "glorot_uniform"}


def test_a_normal_is_whole_in_keras_1_cut_in_2_and_made_up_for_since_2_2() -> None:
    cut = {"kind": "variance_scaling", "scale": 2.0, "mode": "fan_in", "distribution": "truncated_normal"}
    assert weights("he_normal", "1.2.2", "init") == {"kind": "he_normal"}
    assert weights("he_normal", "3.0.0") == cut
    written = {"class_name": "VarianceScaling", "config": {"scale": 2.0, "mode": "fan_in", "distribution": "normal"}}
    assert weights(written, "2.2.0") == cut
    assert weights(written, "2.1.6") == {**cut, "scale": pytest.approx(2.0 * 0.7737413)}


def test_fans_that_keras_counts_otherwise_change_the_variance() -> None:
    kernel = layer("Conv2D", "c", filters=6, kernel_size=[3, 3], groups=2, batch_input_shape=[None, 8, 8, 4])
    (found,) = of(reading(stack(kernel)))
    assert found["weights"]["scale"] == pytest.approx((18 + 27) / (18 + 54))
    table = layer("Embedding", "e", input_dim=50, output_dim=4, embeddings_initializer="glorot_uniform")
    table["config"]["batch_input_shape"] = [None, 7]
    assert of(reading(stack(table)))[0]["weights"]["scale"] == pytest.approx((4 + 4) / (50 + 4))


def recurrent(kind: str, version: str, **config: Any) -> Json:
    units = {"output_dim" if version[0] == "1" else "units": 5}
    (found,) = of(reading(stack(layer(kind, "r", batch_input_shape=[None, 6, 4], **units, **config), version=version)))
    return found


def test_recurrent_layers_mean_what_their_version_means() -> None:
    assert recurrent("GRU", "2.1.0")["reset_after"] is False
    assert recurrent("GRU", "3.0.0")["reset_after"] is True
    assert recurrent("CuDNNGRU", "2.2.0")["recurrent_bias"] == {"kind": "zeros"}
    assert recurrent("LSTM", "2.4.0")["forget_bias"] == 1.0
    assert recurrent("LSTM", "2.4.0", unit_forget_bias=False)["forget_bias"] == 0.0
    assert recurrent("LSTM", "2.4.0", bias_initializer="ones")["forget_bias"] == 0.0
    assert recurrent("LSTM", "1.1.0")["gates"] == "each"
    assert recurrent("LSTM", "1.1.0", consume_less="gpu")["gates"] == "together"
    assert recurrent("LSTM", "1.1.0")["recurrent_weights"]["kind"] == "orthogonal"
    assert recurrent("LSTM", "1.2.2")["recurrent_weights"]["kind"] == "glorot_uniform"


def test_dropout_of_states_is_assumed_away_and_said() -> None:
    found = reading(stack(layer("LSTM", "r", units=5, recurrent_dropout=0.3, batch_input_shape=[None, 6, 4])))
    assert any(
        "Dropout of a recurrent layer's states, at the rate 0.3, is left out" in one.sentence for one in found.assumed
    )


def test_a_model_that_is_frozen_or_whose_loss_has_a_weight_says_so() -> None:
    model = stack(layer("Dense", "d", units=2, batch_input_shape=[None, 4]))
    model["config"]["trainable"] = False
    model["compile_config"] = {"loss": "mse", "loss_weights": [0.5]}
    assert [one.subject for one in reading(model).assumed] == [Subject.FROZEN, Subject.LOSS]


def test_steps_in_reverse_order_are_refused_but_in_both_directions() -> None:
    backward = layer("LSTM", "r", units=5, go_backwards=True, return_sequences=True, batch_input_shape=[None, 6, 4])
    assert "reverse order" in refusal(stack(backward))
    inner = {"class_name": "LSTM", "config": {"name": "l", "units": 5, "return_sequences": True}}
    both = layer("Bidirectional", "b", layer=inner, merge_mode="concat", batch_input_shape=[None, 6, 4])
    assert plan(reading(stack(both)).specification).nodes[-1].out == (6, 10)


@pytest.mark.parametrize("kind", ["Lambda", "TFOpLambda", "KerasLayer", "MyLayer"])
def test_a_class_that_is_not_read_is_named_and_nothing_of_it_repeated(kind: str) -> None:
    said = refusal(
        stack(source(4), layer(kind, "own", function=["secret code", None, None]), layer("Dense", "d", units=2))
    )
    assert said.startswith(f"Layers of the class {kind} ")
    assert "secret" not in said


def test_all_faults_are_stated_with_their_places() -> None:
    strange = layer("Dense", "two", units=4, activation="strange")
    with pytest.raises(NotUnderstood) as caught:
        reading(stack(source(4), layer("Own", "one"), strange, layer("LSTM", "three", units=2, stateful=True)))
    pointers = [one.pointer for one in caught.value.faults]
    assert pointers == ["/config/layers/1", "/config/layers/2/config/activation", "/config/layers/3/config/stateful"]


def test_augmentation_stands_in_front_or_is_refused() -> None:
    flip = layer("RandomFlip", "flip", mode="horizontal")
    end = layer("Flatten", "f")
    front = reading(stack(source(6, 6, 3), layer("Rescaling", "s", scale=0.5, offset=0.0), flip, end))
    assert Subject.INPUT in [one.subject for one in front.assumed]
    kernel = layer("Conv2D", "c", filters=2, kernel_size=[1])
    assert "stands behind what is trained" in refusal(stack(source(6, 6, 3), kernel, flip, end))


@pytest.mark.skipif(not STRANGERS.is_dir(), reason="the models of strangers are not kept with the project")
@pytest.mark.parametrize("name", sorted(one.name for one in STRANGERS.glob("[0-9]*.json")))
def test_a_model_of_a_stranger_is_read_wholly_or_refused_with_its_classes(name: str) -> None:
    text = (STRANGERS / name).read_bytes()
    if name != REFUSED:
        assert read(BytesIO(text), Options()).parameters > 400
        return
    with pytest.raises(NotUnderstood) as caught:
        read(BytesIO(text), Options())
    for kind in ("StochasticReverseComplement", "StochasticShift", "SwitchReverse"):
        assert f"Layers of the class {kind} are not read" in caught.value.sentence
