"""What may be asked: a network, its loss and data, how often to simulate it, and by which policy to judge it."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from math import prod
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from service.core.arrays import Array, Limits, Shape, stored
from service.core.kinds import Advice, Double, Int64, Model
from service.core.version import ENGINE_VERSION
from service.nn.data import (
    AnyInputs,
    AnyTargets,
    BernoulliData,
    ClassLabels,
    Data,
    GaussianData,
    InputData,
    InputsInClasses,
    TokenIndexData,
)
from service.nn.layers import AnyLayer, Node
from service.nn.layers.embedding import Embedding
from service.nn.losses import AnyLoss, SquaredError
from service.nn.policies import AnyPolicy, Sgd
from service.nn.presets import PresetName, filled, preset_called, rewritten, said, without_open_fields
from service.nn.shapes import WIDEST, AnyInputShape, FeaturesShape, ImageShape, TokensShape
from service.nn.values import write_vectors
from service.simulation.vocabulary import FindingCode

DEFAULT_SAMPLES = 64
_IMAGE = '{"kind": "image", "height": 28, "width": 28, "channels": 1}'

_PRESET = "/network/defaults"

_encoded = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class Precision(StrEnum):
    """The floating-point format of the two passes.

    In float16 and bfloat16 signals, weights and gradients are stored; products are added up in float32.
    """

    FLOAT32 = "float32"
    FLOAT64 = "float64"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"

    @property
    def is_half(self) -> bool:
        """Whether what is stored has fewer digits than what is computed with."""
        return self in (Precision.FLOAT16, Precision.BFLOAT16)

    @property
    def computed(self) -> np.dtype[Any]:
        """The format of what is computed with: float32 where what is stored has 16 bits."""
        return _COMPUTED[self]

    @property
    def limits(self) -> Limits:
        """The numbers at the ends of its range."""
        return Limits.of(np.dtype(self.value))

    def kept(self, values: Array) -> Array:
        """`values`, of any shape, as they are stored, in the format of what is computed with."""
        computed = values.astype(self.computed, copy=False)
        return stored(computed, np.dtype(self.value)) if self.is_half else computed


_COMPUTED = {one: np.dtype(np.float32 if one.is_half else one.value) for one in Precision}


class Include(StrEnum):
    """What a report carries beside its statistics, of the first trial."""

    GRADIENTS = "gradients"
    HISTOGRAMS = "histograms"
    OPINIONS = "opinions"


class Network(Model):
    """A stack of layers, and the shape of what goes in: `features` or `input`, one of the two."""

    misnamed: ClassVar[Mapping[str, Advice]] = {
        **{name: {"features": 784} for name in ("input_size", "input_dim", "in_features", "n_features", "inputs")},
        **{name: {"input": ImageShape.example()} for name in ("input_shape", "shape")},
        **{name: {"defaults": "pytorch"} for name in ("preset", "framework")},
        **dict.fromkeys(("init", "initializer", "weights"), '"weights": {"kind": "he_normal"} into each layer'),
        "activation": '"activation": {"kind": "relu"} into each layer',
    }

    features: Annotated[Int64, Field(ge=1, le=WIDEST)] | None = None
    """How many features an input has, where it is a vector."""
    input: Annotated[AnyInputShape | None, Field(exclude_if=lambda given: given is None)] = None
    """What an input looks like, where it is something else; left out, never null, in answers: clients in Java read no
    union that is null."""
    defaults: PresetName | None = None
    """What layers have where they say nothing: what a framework takes, or a paper."""
    layers: Annotated[list[AnyLayer], Field(min_length=1, max_length=1000)]
    """The layers from input to output; the last one is the output layer."""

    @classmethod
    def advice(cls, field: str, value: Any) -> Advice | None:
        """What belongs in place of a field, and the preset that a framework's other name stands for."""
        preset = preset_called(value) if field == "defaults" else None
        return {"defaults": preset} if preset else super().advice(field, value)

    @model_serializer(mode="wrap")
    def _what_is_said(self, write: SerializerFunctionWrapHandler) -> Any:
        """Without what its layers do not say and a preset may fill: read again, it is open to a preset as before."""
        written = write(self)
        if "layers" in written:
            without_open_fields(self.layers, written["layers"])
        return written

    @model_validator(mode="after")
    def _one_input(self) -> "Network":
        if (self.features is None) == (self.input is None):
            raise PydanticCustomError(
                "one_input",
                "a network has either features, the length of its input vectors, or input, such as {example}; "
                "here it has {found}",
                {"found": "neither" if self.input is None else "both", "example": _IMAGE},
            )
        return self

    def resolved(self) -> "Network":
        """The same network with nothing left open: its layers filled, and `features` for an input of that kind."""
        layers: Sequence[Node] = self.layers
        if self.defaults is not None:
            layers = filled(layers, self.defaults, self.shape)
        layers = said(layers)
        if isinstance(self.input, TokensShape):
            told = {"vocabulary": self.input.vocabulary}
            layers = rewritten(layers, lambda node: told if isinstance(node, Embedding) else {})
        given = self.input if not isinstance(self.input, FeaturesShape) else None
        features = self.features if given is not None or self.input is None else self.shape[0]
        return self.model_copy(update={"features": features, "input": given, "defaults": None, "layers": layers})

    @property
    def shape(self) -> Shape:
        """The shape of one sample of the inputs."""
        return (self.features or 0,) if self.input is None else self.input.shape

    @property
    def size(self) -> int:
        """How many numbers one sample of the inputs has."""
        return prod(self.shape)


class DataSpec(Model):
    """The batch that is sent through the network."""

    misnamed: ClassVar[Mapping[str, Advice]] = {
        **{name: {"samples": 64} for name in ("batch_size", "batch", "size", "n")},
        **{name: {"inputs": GaussianData.example()} for name in ("x", "X", "input")},
        **{name: {"targets": GaussianData.example()} for name in ("y", "labels", "target")},
    }

    samples: Annotated[Int64, Field(ge=1, le=65536)] | None = None
    """Samples in a batch: 64, or as many as there are explicit values, unless said otherwise."""
    inputs: AnyInputs | None = None
    """The inputs: N(0, 1), or indices of tokens where the network reads these, unless said otherwise."""
    targets: AnyTargets | None = None
    """The targets: those the loss is meant for, unless said otherwise."""


class SimulationSpec(Model):
    """One network, one loss, and how to simulate and judge them; only `network` is required."""

    misnamed: ClassVar[Mapping[str, Advice]] = {
        **{name: {"policy": {"kind": "adam"}} for name in ("optimizer", "optimiser")},
        **{name: {"precision": "float32"} for name in ("dtype", "floatx")},
        "batch_size": {"data": {"samples": 64}},
        **{name: {"trials": 32} for name in ("repetitions", "runs", "repeats")},
        **dict.fromkeys(("layers", "features", "input", "defaults"), "it into `network`"),
        "model": {"network": {"features": 4, "layers": [{"kind": "dense", "units": 1}]}},
    }

    network: Network
    """The network."""
    loss: AnyLoss = SquaredError()
    """The loss of one sample."""
    data: DataSpec = DataSpec()
    """Inputs and targets."""
    trials: Annotated[Int64, Field(ge=1, le=100_000)] = 32
    """How often weights, inputs and targets are drawn; once is enough where nothing is random."""
    seed: Annotated[Int64, Field(ge=0, lt=2**63)] = 0
    """The seed of all draws."""
    precision: Precision = Precision.FLOAT64
    """The floating-point format of the two passes."""
    loss_scale: Annotated[Double, Field(gt=0, le=1e30)] = 1.0
    """What the loss is multiplied by before its gradient is stored in float16 or bfloat16.

    It has no effect in float32 and float64, where gradients are brought to order one at every layer.
    """
    policy: AnyPolicy = Sgd()
    """Which gradients are forgiven."""
    include: Annotated[list[Include], Field(max_length=8, default_factory=list)]
    """What to report beside the statistics."""
    mute: Annotated[list[FindingCode], Field(max_length=64, default_factory=list)]
    """Findings that are left out, by their codes."""

    def targets(self, outputs: int) -> Data:
        """The targets, those the loss is meant for where none are named, for a network of `outputs` outputs."""
        given = self.data.targets or self.loss.natural_targets(outputs)
        if self.data.targets is None and isinstance(self._given_inputs(), InputsInClasses):
            ends = {"low": given.low, "high": given.high} if isinstance(given, BernoulliData) else {}
            given = ClassLabels(**ends)
        if isinstance(given, ClassLabels) and given.classes is None:
            return given.model_copy(update={"classes": max(outputs, 2)})
        return given

    def inputs(self) -> InputData:
        """The inputs: N(0, 1), or indices of tokens where the network reads these, unless said otherwise."""
        shape, given = self.network.input, self._given_inputs()
        if isinstance(shape, TokensShape) and isinstance(given, TokenIndexData) and given.vocabulary is None:
            return given.model_copy(update={"vocabulary": shape.vocabulary})
        return given

    def _given_inputs(self) -> InputData:
        """The inputs as they are written; how many tokens there are may be left to the network."""
        usual = TokenIndexData() if isinstance(self.network.input, TokensShape) else GaussianData()
        return self.data.inputs or usual

    def samples(self, targets: Data) -> int:
        """The batch size, by the explicit values where it is not named."""
        given = self.inputs().shape_of_values() or targets.shape_of_values()
        return self.data.samples or (given[0] if given else DEFAULT_SAMPLES)

    def resolved(self, samples: int, targets: Data) -> "SimulationSpec":
        """The same specification, whose network is resolved, with nothing left open."""
        inputs, classes = self.inputs(), targets.classes if isinstance(targets, ClassLabels) else None
        if isinstance(inputs, InputsInClasses) and inputs.classes is None:
            inputs = inputs.model_copy(update={"classes": classes or 2})
        data = DataSpec(samples=samples, inputs=inputs, targets=targets)
        include, mute = sorted(set(self.include)), sorted(set(self.mute))
        return self.model_copy(update={"data": data, "include": include, "mute": mute})

    def written_out(self, edited: Mapping[str | None, Any] | None = None) -> Any:
        """The specification as JSON with every default written out; `edited` has what will be put into it, by pointers.

        What a preset fills is written out, too, and the preset gone, unless the preset is what is edited.
        """
        network = self.network
        if _PRESET not in (edited or {}):
            layers = filled(network.layers, network.defaults, network.shape) if network.defaults else network.layers
            network = network.model_copy(update={"layers": said(layers), "defaults": None})
        data = self.data.model_copy(update={"inputs": self._given_inputs()})
        document = self.model_copy(update={"network": network, "data": data}).model_dump(mode="json")
        if edited:
            write_vectors(document, edited)
        return document

    def canonical(self) -> str:
        """The specification as JSON with sorted names and every default written out."""
        return _encoded(self.written_out())

    def digest(self) -> str:
        """SHA-256 of the canonical specification and the engine version, in hexadecimal."""
        return sha256(f"{ENGINE_VERSION}\n{self.canonical()}".encode()).hexdigest()
