"""Forms of ONNX files that older exporters and hobbyists wrote."""

from io import BytesIO
from typing import Any

import pytest

from service.imports.base import Imported, InputNeeded, NotUnderstood, Options
from service.imports.onnx import read

onnx = pytest.importorskip("onnx")
helper = onnx.helper
FLOAT = 1


def file_of(shape: list[Any], nodes: list[Any], weights: dict[str, list[int]], opset: int = 13) -> bytes:
    given = [helper.make_tensor_value_info("x", FLOAT, shape)]
    made = [helper.make_tensor_value_info("y", FLOAT, None)]
    tensors = [helper.make_tensor(name, FLOAT, size, [0.1] * _count(size)) for name, size in weights.items()]
    graph = helper.make_graph(nodes, "g", given, made, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    return bytes(model.SerializeToString())


def _count(size: list[int]) -> int:
    return size[0] * _count(size[1:]) if size else 1


def read_file(data: bytes, *sizes: int) -> Imported:
    return read(BytesIO(data), Options(input=sizes))


def kinds(found: Imported) -> list[str]:
    return [str(one.kind) for one in found.specification.network.layers]


def test_a_network_of_one_sample_without_an_axis_of_samples_is_read() -> None:
    data = file_of(["n"], [helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": [4, 3]})
    found = read_file(data, 4)
    assert kinds(found) == ["dense"]
    assert found.parameters == 12
    with pytest.raises(InputNeeded, match=r"Sizes of the input are open, `x` being \(n\)"):
        read_file(data)
    with pytest.raises(NotUnderstood, match="weights for 4 features"):
        read_file(data, 5)


def test_a_whole_image_of_one_sample_is_flattened_from_the_axis_of_samples_on() -> None:
    last, first = [0, 2, 3, 1], [0, 3, 1, 2]
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=first),
        helper.make_node("Conv", ["a", "k"], ["b"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Transpose", ["b"], ["c"], perm=last),
        helper.make_node("Flatten", ["c"], ["d"], axis=0),
        helper.make_node("Gemm", ["d", "w"], ["y"]),
    ]
    weights = {"k": [2, 1, 3, 3], "w": [32, 3]}
    assert kinds(read_file(file_of([1, 4, 4, 1], nodes, weights))) == ["convolution", "flatten", "dense"]
    with pytest.raises(NotUnderstood):
        read_file(file_of([7, 4, 4, 1], nodes, weights))


def test_fields_of_the_first_operator_sets_are_known() -> None:
    gemm = helper.make_node("Gemm", ["x", "w", "b"], ["a"], broadcast=1)
    norm = helper.make_node("BatchNormalization", ["a", "g", "s", "m", "v"], ["y"], is_test=1)
    weights = {"w": [4, 3], **{name: [3] for name in "bgsmv"}}
    assert kinds(read_file(file_of([5, 4], [gemm, norm], weights, opset=6))) == ["dense", "batch_norm"]


def test_what_is_not_understood_is_said_before_sizes_are_asked_for_that_no_answer_would_help() -> None:
    nodes = [helper.make_node("TreeEnsembleClassifier", ["x"], ["y"], domain="ai.onnx.ml")]
    with pytest.raises(NotUnderstood, match="operator of another domain"):
        read_file(file_of(["n", 105], nodes, {}))


def test_a_softmax_in_front_of_a_flattening_is_the_output() -> None:
    nodes = [
        helper.make_node("Gemm", ["x", "w"], ["a"]),
        helper.make_node("Unsqueeze", ["a", "two"], ["b"]),
        helper.make_node("Softmax", ["b"], ["c"], axis=1),
        helper.make_node("Flatten", ["c"], ["y"]),
    ]
    two = helper.make_node("Constant", [], ["two"], value=helper.make_tensor("two", 7, [1], [2]))
    found = read_file(file_of([5, 4], [two, *nodes], {"w": [4, 3]}))
    assert found.specification.loss.kind == "cross_entropy"


def test_a_second_output_with_weights_of_its_own_is_refused_and_one_without_is_said_to_be_left_out() -> None:
    def with_outputs(*nodes: Any) -> bytes:
        model = onnx.load_model_from_string(file_of([5, 4], list(nodes), {"w": [4, 3], "u": [3, 2]}))
        model.graph.output.append(helper.make_tensor_value_info("z", FLOAT, None))
        return bytes(model.SerializeToString())

    first = helper.make_node("Gemm", ["x", "w"], ["y"])
    found = read_file(with_outputs(first, helper.make_node("Relu", ["y"], ["z"])))
    assert any("1 more are left out" in one.sentence for one in found.assumed)
    with pytest.raises(NotUnderstood, match="Other outputs than the first have weights of their own"):
        read_file(with_outputs(first, helper.make_node("Gemm", ["y", "u"], ["z"])))
