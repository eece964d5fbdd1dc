"""What other programs call a thing leads to the kind that it stands beside, and a slip to what was meant."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

import pytest
from pydantic import ValidationError

from api_tests.families import FAMILIES
from service.core.kinds import Kind, members
from service.core.validation import faults_of
from service.simulation.spec import SimulationSpec

Json = dict[str, Any]

NETWORK: Json = {"features": 4, "layers": [{"kind": "dense", "units": 4}]}


def body(family: str, value: Any) -> Json:
    """A specification with `value` where a kind of that family belongs."""
    dense = {"kind": "dense", "units": 4}
    return {
        "activations": {"network": {"features": 4, "layers": [{**dense, "activation": value}]}},
        "initializers": {"network": {"features": 4, "layers": [{**dense, "weights": value}]}},
        "biases": {"network": {"features": 4, "layers": [{**dense, "bias": value}]}},
        "inputs": {"network": NETWORK, "data": {"inputs": value}},
        "targets": {"network": NETWORK, "data": {"targets": value}},
        "input_shapes": {"network": {"input": value, "layers": [dense]}},
        "layers": {"network": {"features": 4, "layers": [value]}},
        "losses": {"network": NETWORK, "loss": value},
        "policies": {"network": NETWORK, "policy": value},
    }[family]


def details(sent: Json) -> list[str]:
    """What is said of a specification that is refused; nothing of one that is not."""
    try:
        SimulationSpec.model_validate(sent)
    except ValidationError as error:
        return [fault.detail for fault in faults_of(error.errors(), sent)]
    return []


def suggested(family: str, name: str) -> str | None:
    """The kind that a wrong name of a kind is answered with; None where none is suggested."""
    (said,) = details(body(family, {"kind": name}))
    assert said.startswith("There is no such kind; known are ")
    _, found, rest = said.partition("Did you mean ")
    return rest.partition("?")[0] if found else None


def kinds() -> Iterator[tuple[str, type[Kind]]]:
    for family, base in FAMILIES.items():
        if family not in ("targets", "biases"):  # those of inputs and initialisers, and a few more
            yield from ((family, kind) for kind in members(base))


ALIASES = [(family, kind, alias) for family, kind in kinds() for alias in kind.aliases]
TABLE = {  # what the issue names, and what people type most
    "initializers": {
        "kaiming_uniform": "he_uniform",
        "kaiming_normal": "he_normal",
        "xavier_uniform": "glorot_uniform",
        "xavier_normal": "glorot_normal",
        "xavier": "glorot_normal",
        "HeNormal": "he_normal",
        "GlorotUniform": "glorot_uniform",
        "trunc_normal_": "truncated_normal",
        "VarianceScaling": "variance_scaling",
    },
    "activations": {
        "swish": "silu",
        "hard_swish": "hardswish",
        "hard_sigmoid": "hardsigmoid",
        "ReLU": "relu",
        "LeakyReLU": "leaky_relu",
        "logistic": "sigmoid",
        "identity": "linear",
        "exp": "exponential",
    },
    "layers": {
        "Linear": "dense",
        "Dense": "dense",
        "Conv2d": "convolution",
        "Conv1D": "convolution",
        "ReLU": "activation",
        "LSTM": "recurrent",
        "GRU": "recurrent",
        "SimpleRNN": "recurrent",
        "BatchNorm2d": "batch_norm",
        "BatchNormalization": "batch_norm",
        "LayerNorm": "layer_norm",
        "GroupNorm": "group_norm",
        "RMSNorm": "rms_norm",
        "MultiheadAttention": "attention",
        "MultiHeadAttention": "attention",
        "MaxPool2d": "pooling",
        "AveragePooling2D": "pooling",
        "GlobalAveragePooling2D": "global_pooling",
        "Dropout": "dropout",
        "Embedding": "embedding",
        "Flatten": "flatten",
        "TimeDistributed": "each_step",
        "TransformerEncoderLayer": "transformer_block",
        "Conv2DTranspose": "transposed_convolution",
        "DepthwiseConv2D": "depthwise_convolution",
        "ZeroPadding2D": "padding",
        "Upsample": "upsampling",
        "PReLU": "prelu",
        "Concatenate": "parallel",
        "Rescaling": "scale",
    },
    "losses": {
        "mse": "mean_squared_error",
        "CrossEntropyLoss": "cross_entropy_with_logits",
        "BCELoss": "binary_cross_entropy",
    },
    "inputs": {"normal": "gaussian", "tokens": "token_indices"},
    "input_shapes": {"vector": "features", "img": "image"},
}


@pytest.mark.parametrize(
    ("family", "alias", "name"), [(f, a, n) for f, found in TABLE.items() for a, n in found.items()]
)
def test_what_people_type_is_answered_with_its_name_here(family: str, alias: str, name: str) -> None:
    assert suggested(family, alias) == name


def test_no_alias_is_the_name_of_a_kind_of_its_family_nor_that_of_two() -> None:
    for family, base in FAMILIES.items():
        every = [plain(kind.kind_name()) for kind in members(base)]
        every += [plain(alias) for kind in members(base) for alias in set(map(plain, kind.aliases))]
        doubled = {name for name in every if every.count(name) > 1}
        assert not doubled, (family, doubled)


def plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


@pytest.mark.parametrize(("family", "kind", "alias"), ALIASES, ids=str)
def test_every_alias_leads_to_a_valid_form_of_its_kind(family: str, kind: type[Kind], alias: str) -> None:
    for written in (alias, alias.upper(), alias.lower()):
        assert suggested(family, written) == kind.kind_name()
    assert kind.model_validate(kind.example(alias)).kind_name() == kind.kind_name()


def test_an_alias_says_what_is_implied() -> None:
    def written(name: str) -> str:
        return details(body("layers", {"kind": name}))[0].partition("Write ")[2]

    assert '"cell": "gru"' in written("GRU")
    assert '"direction": "both"' in written("Bidirectional")
    assert '"mode": "average"' in written("AvgPool2d")
    assert '"activation": {"kind": "silu"}' in written("Swish")
    assert '"merge": "multiply"' in written("Multiply")


def slips(name: str) -> Iterator[str]:
    """The name with one letter left out, doubled, or changed places with the next."""
    for place in range(1, len(name)):
        yield name[:place] + name[place + 1 :]
        yield name[:place] + name[place] + name[place:]
        yield name[: place - 1] + name[place] + name[place - 1] + name[place + 1 :]


@pytest.mark.parametrize(("family", "kind"), list(kinds()), ids=str)
def test_a_slip_of_a_longer_name_is_answered_with_a_name_that_is_no_farther(family: str, kind: type[Kind]) -> None:
    name = kind.kind_name()
    known = {one.kind_name(): {one.kind_name(), *one.aliases} for one in members(FAMILIES[family])}
    every = {plain(one) for names in known.values() for one in names}
    for slip in slips(name) if len(name) > 4 else ():
        if plain(slip) in every:
            continue  # as `elu` of `gelu`, or `batchnorm`
        found = suggested(family, slip)
        assert found is not None, slip
        assert found == name or max(likeness(slip, one) for one in known[found]) >= likeness(slip, name), (slip, found)


def likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, plain(other), plain(one)).ratio()


FAR = {
    "layers": ["maxout", "capsule", "frobnicate", "LocallyConnected2D", "Lambda", "CRF", "x", "", "42", "gan"],
    "activations": ["spline", "maxout", "frobnicate", "x", "", "42", "polynomial"],
    "initializers": ["random", "frobnicate", "pretrained", "x", "", "42", "dirac", "eigen"],
    "losses": ["triplet", "ctc", "frobnicate", "x", "contrastive", "cosine"],
    "policies": ["lion", "frobnicate", "x", ""],
}


@pytest.mark.parametrize(("family", "name"), [(family, name) for family, names in FAR.items() for name in names])
def test_what_is_far_from_all_is_answered_with_the_list_alone(family: str, name: str) -> None:
    assert suggested(family, name) is None
