"""The preset `pytorch`, and that of torchvision's ResNets, against the modules of PyTorch themselves.

The shapes of weights differ, so distributions are compared: mean, variance and the largest entry of many modules.
"""

from math import sqrt
from typing import Any

import numpy as np
import pytest

from api_tests.networks import Json
from api_tests.nn.sampling import assert_mean_and_variance
from service.nn.layers.base import Parameter
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec

torch = pytest.importorskip("torch")

MODULES = 200
SERIES: Json = {"kind": "sequence", "steps": 9, "features": 8}
IMAGE: Json = {"kind": "image", "height": 9, "width": 9, "channels": 8}
TOKENS: Json = {"kind": "tokens", "steps": 9, "vocabulary": 40}


def parameters(layer: Json, inputs: Json, preset: str = "pytorch") -> dict[str, Parameter]:
    network = {"input": inputs, "layers": [layer], "defaults": preset}
    return {one.name: one for one in plan(SimulationSpec.model_validate({"network": network})).nodes[0].parameters}


def values(make: Any, name: str) -> np.ndarray:
    """A parameter of many modules, (modules, numbers)."""
    torch.manual_seed(7)
    made = [dict(make().named_parameters())[name].detach().numpy().ravel() for _ in range(MODULES)]
    return np.stack(made).astype(np.float64)


def assert_alike(found: np.ndarray, ours: Parameter) -> None:
    """PyTorch's numbers have the mean, the variance and, where it is uniform, the bounds of our initialiser."""
    variance = ours.initializer.variance(ours.fan_in, ours.fan_out)
    assert variance is not None
    assert_mean_and_variance(found, 0.0, variance)
    if ours.initializer.model_dump().get("distribution") == "uniform" or ours.initializer.kind == "uniform":
        bound = sqrt(3.0 * variance)
        assert 0.97 * bound <= np.abs(found).max() <= bound * (1.0 + 1e-6)


# name: (our layer, its input, PyTorch's module, {our parameter: PyTorch's})
CASES: dict[str, tuple[Json, Json, Any, dict[str, str]]] = {
    "Linear": (
        {"kind": "dense", "units": 12},
        SERIES,
        lambda: torch.nn.Linear(8, 12),
        {"weights": "weight", "bias": "bias"},
    ),
    "Conv1d": (
        {"kind": "convolution", "filters": 12, "size": [3]},
        SERIES,
        lambda: torch.nn.Conv1d(8, 12, 3),
        {"weights": "weight", "bias": "bias"},
    ),
    "Conv1d of groups": (
        {"kind": "convolution", "filters": 12, "size": [3], "groups": 4},
        SERIES,
        lambda: torch.nn.Conv1d(8, 12, 3, groups=4),
        {"weights": "weight", "bias": "bias"},
    ),
    "Conv2d": (
        {"kind": "convolution", "filters": 12, "size": [3, 2]},
        IMAGE,
        lambda: torch.nn.Conv2d(8, 12, (3, 2)),
        {"weights": "weight", "bias": "bias"},
    ),
    "Conv2d of as many groups as channels": (
        {"kind": "depthwise_convolution", "multiplier": 2, "size": [3]},
        IMAGE,
        lambda: torch.nn.Conv2d(8, 16, 3, groups=8),
        {"weights": "weight", "bias": "bias"},
    ),
    "ConvTranspose2d": (
        {"kind": "transposed_convolution", "filters": 12, "size": [3]},
        IMAGE,
        lambda: torch.nn.ConvTranspose2d(8, 12, 3),
        {"weights": "weight", "bias": "bias"},
    ),
    "Embedding": (
        {"kind": "embedding", "units": 6},
        TOKENS,
        lambda: torch.nn.Embedding(40, 6),
        {"weights": "weight"},
    ),
    **{
        name: (
            {"kind": "recurrent", "cell": name.lower(), "units": 5},
            SERIES,
            lambda name=name: getattr(torch.nn, name)(8, 5),
            {
                "weights": "weight_ih_l0",
                "recurrent_weights": "weight_hh_l0",
                "bias": "bias_ih_l0",
                "recurrent_bias": "bias_hh_l0",
            },
        )
        for name in ("LSTM", "GRU", "RNN")
    },
    "MultiheadAttention": (
        {"kind": "attention", "heads": 2},
        SERIES,
        lambda: torch.nn.MultiheadAttention(8, 2),
        {
            **dict.fromkeys(("query_weights", "key_weights", "value_weights"), "in_proj_weight"),
            "output_weights": "out_proj.weight",
        },
    ),
}


@pytest.mark.parametrize(("layer", "inputs", "make", "names"), CASES.values(), ids=CASES)
def test_weights_and_biases_have_the_distribution_of_the_module(
    layer: Json, inputs: Json, make: Any, names: dict[str, str]
) -> None:
    ours = parameters(layer, inputs)
    for name, theirs in names.items():
        assert_alike(values(make, theirs), ours[name])


def test_a_module_has_as_many_numbers_as_the_layer() -> None:
    for layer, inputs, make, _ in CASES.values():
        count = sum(one.size for one in parameters(layer, inputs).values())
        assert count == sum(one.numel() for one in make().parameters())


def test_biases_of_attention_are_zeros_in_the_module_and_here() -> None:
    module = torch.nn.MultiheadAttention(8, 2)
    assert not module.in_proj_bias.any()
    assert not module.out_proj.bias.any()
    ours = parameters({"kind": "attention", "heads": 2}, SERIES)
    assert {one.initializer.kind for name, one in ours.items() if name.endswith("bias")} == {"zeros"}


def test_an_encoder_layer_has_the_numbers_of_a_transformer_block() -> None:
    module = torch.nn.TransformerEncoderLayer(8, 2, dim_feedforward=24)
    network = {
        "input": SERIES,
        "layers": [{"kind": "transformer_block", "heads": 2, "mlp_units": 24}],
        "defaults": "pytorch",
    }
    made = plan(SimulationSpec.model_validate({"network": network}))
    assert made.parameters == sum(one.numel() for one in module.parameters())
    first, second = (one for one in made.nodes if one.node.kind == "dense")
    for ours, theirs in ((first, "linear1"), (second, "linear2")):
        for name, parameter in zip(("weight", "bias"), ours.parameters, strict=True):
            assert_alike(values(lambda: torch.nn.TransformerEncoderLayer(8, 2, 24), f"{theirs}.{name}"), parameter)


def test_norms_have_the_epsilon_of_the_modules_and_the_same_gain_and_shift() -> None:
    modules = {
        "batch_norm": torch.nn.BatchNorm2d(8),
        "layer_norm": torch.nn.LayerNorm(8),
        "group_norm": torch.nn.GroupNorm(2, 8),
    }
    for kind, module in modules.items():
        layer = {"kind": kind, **({"groups": 2} if kind == "group_norm" else {})}
        network = {"input": IMAGE, "layers": [layer], "defaults": "pytorch"}
        ours = plan(SimulationSpec.model_validate({"network": network})).nodes[0]
        assert ours.node.model_dump()["epsilon"] == module.eps
        assert [one.initializer.kind for one in ours.parameters] == ["ones", "zeros"]
        assert (module.weight == 1.0).all()
        assert not module.bias.any()


@pytest.mark.parametrize("groups", [1, 4])
def test_a_convolution_of_torchvision_s_resnet_is_drawn_by_fan_out_of_all_groups(groups: int) -> None:
    def make() -> Any:
        module = torch.nn.Conv2d(8, 16, 3, groups=groups, bias=False)
        torch.nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        return module

    layer = {"kind": "convolution", "filters": 16, "size": [3], "groups": groups}
    ours = parameters(layer, IMAGE, "resnet")
    assert set(ours) == {"weights"}
    assert_alike(values(make, "weight"), ours["weights"])


def test_a_dense_layer_of_torchvision_s_resnet_is_that_of_pytorch() -> None:
    assert parameters(CASES["Linear"][0], SERIES, "resnet") == parameters(CASES["Linear"][0], SERIES)
