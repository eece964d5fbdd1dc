"""What may be asked: a network, its loss and data, how often to simulate it, and by which policy to judge it."""

import json
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from pydantic import Field

from service.core.kinds import Int64, Model
from service.core.version import ENGINE_VERSION
from service.nn.data import AnyInputs, AnyTargets, Data, GaussianData
from service.nn.layers import AnyLayer
from service.nn.layers.base import WIDEST
from service.nn.losses import AnyLoss, SquaredError
from service.nn.policies import AnyPolicy, Sgd

DEFAULT_SAMPLES = 64

_encoded = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class Precision(StrEnum):
    """The floating-point format of the two passes."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"


class Include(StrEnum):
    """What a report carries beside its statistics, of the first trial."""

    GRADIENTS = "gradients"
    HISTOGRAMS = "histograms"


class Network(Model):
    """A stack of layers."""

    features: Annotated[Int64, Field(ge=1, le=WIDEST)]
    """How many features an input has."""
    layers: Annotated[list[AnyLayer], Field(min_length=1, max_length=1000)]
    """The layers from input to output; the last one is the output layer."""


class DataSpec(Model):
    """The batch that is sent through the network."""

    samples: Annotated[Int64, Field(ge=1, le=65536)] | None = None
    """Samples in a batch: 64, or as many as there are explicit values, unless said otherwise."""
    inputs: AnyInputs = GaussianData()
    """The inputs, N(0, 1) unless said otherwise."""
    targets: AnyTargets | None = None
    """The targets: those the loss is meant for, unless said otherwise."""


class SimulationSpec(Model):
    """One network, one loss, and how to simulate and judge them; only `network` is required."""

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
    policy: AnyPolicy = Sgd()
    """Which gradients are forgiven."""
    include: Annotated[list[Include], Field(max_length=8, default_factory=list)]
    """What to report beside the statistics."""

    def targets(self, outputs: int) -> Data:
        """The targets, those the loss is meant for where none are named, for a network of `outputs` outputs."""
        return self.data.targets or self.loss.natural_targets(outputs)

    def samples(self, targets: Data) -> int:
        """The batch size, by the explicit values where it is not named."""
        given = self.data.inputs.shape_of_values() or targets.shape_of_values()
        return self.data.samples or (given[0] if given else DEFAULT_SAMPLES)

    def resolved(self, samples: int, targets: Data) -> "SimulationSpec":
        """The same specification with nothing left open."""
        data = DataSpec(samples=samples, inputs=self.data.inputs, targets=targets)
        return self.model_copy(update={"data": data, "include": sorted(set(self.include))})

    def canonical(self) -> str:
        """The specification as JSON with sorted names and every default written out."""
        return _encoded(self.model_dump(mode="json"))

    def digest(self) -> str:
        """SHA-256 of the canonical specification and the engine version, in hexadecimal."""
        return sha256(f"{ENGINE_VERSION}\n{self.canonical()}".encode()).hexdigest()
