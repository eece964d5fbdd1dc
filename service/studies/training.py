"""What may be asked of a training, and what comes out of it."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from service.core.kinds import Advice, Double, Fraction, Int64, Model, Positive
from service.nn.optimizers import AnyOptimizer, SgdOptimizer
from service.nn.policies import Adam, Policy, Sgd
from service.simulation.layer_results import Spread
from service.simulation.results import ItemError
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Label, Severity

_FACTORS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""The rates that are tried where none are said, as multiples of the usual one."""
_POLICIES: dict[str, Policy] = {"sgd": Sgd(), "adam": Adam()}


class TrainingSpec(SimulationSpec):
    """A specification, and how its network is trained; only `network` is required."""

    misnamed: ClassVar[Mapping[str, Advice]] = {
        **SimulationSpec.misnamed,
        **{name: {"rates": [0.01, 0.1]} for name in ("lr", "learning_rate", "rate", "learning_rates")},
        **{name: {"steps": 200} for name in ("epochs", "iterations", "n_steps")},
        **{name: {"optimizer": {"kind": "sgd", "momentum": 0.9}} for name in ("momentum", "optimiser")},
    }

    trials: Annotated[Int64, Field(ge=1, le=1000)] = 8
    """How many networks are trained at every rate; the first step of each is from the same draws at all rates."""
    optimizer: AnyOptimizer = SgdOptimizer()
    """How a step is made: gradient descent without momentum unless said otherwise."""
    rates: Annotated[list[Positive], Field(min_length=1, max_length=12)] | None = None
    """The learning rates: six, from a tenth to 30 times the usual one (sgd 0.01, adam 0.001), unless said otherwise."""
    steps: Annotated[Int64, Field(ge=1, le=2000)] = 200
    """How many steps are made."""
    batch_size: Annotated[Int64, Field(ge=1, le=65536)] | None = None
    """Samples of a step, in an order that is new in every epoch: all samples unless said otherwise."""

    def learning_rates(self) -> list[float]:
        """The rates in the order they were named in; the usual ones rise."""
        return self.rates or [float(f"{factor * self.optimizer.usual_rate:.3g}") for factor in _FACTORS]

    def simulation(self) -> SimulationSpec:
        """The specification whose report the training is compared with.

        Its policy is that of the optimiser, and its trials are the usual ones, unless the request says otherwise.
        """
        given: dict[str, Any] = {name: getattr(self, name) for name in SimulationSpec.model_fields}
        if "trials" not in self.model_fields_set:
            given.pop("trials")
        if "policy" not in self.model_fields_set:
            given["policy"] = _POLICIES[self.optimizer.kind]
        return SimulationSpec.model_construct(**{**given, "include": []})


class Curve(Model):
    """A number along the recorded steps, over trials; one that is not finite is above all others, and is null."""

    median: list[Double | None]
    """The 50th percentile."""
    p05: list[Double | None]
    """The 5th percentile."""
    p95: list[Double | None]
    """The 95th percentile."""


class TrainedRate(Model):
    """What comes of a network at one learning rate."""

    kind: Literal["trained_rate"] = "trained_rate"
    index: Int64
    """Its number among the rates, counted from 0."""
    rate: Double
    """The learning rate."""
    steps: list[Int64]
    """The recorded steps: how many have been made before what is recorded."""
    loss: Curve | None
    """The mean loss over all samples; null where there is an error."""
    accuracy: Curve | None
    """The share of samples with the right class, dropout switched off; null where targets are no classes."""
    depth_ratio: Curve | None
    """Delta at the first hidden layer over delta at the last, in decades."""
    dead_fraction: Curve | None
    """The share of hidden units whose derivative is 0 on every sample; null where none has an activation."""
    final_loss: Spread | None
    """The loss at the end, over the trials in which it is finite."""
    final_accuracy: Spread | None
    """The accuracy at the end; null where targets are no classes."""
    chance_accuracy: Fraction | None
    """The share that is right where the most frequent class is said of all samples; null without classes."""
    diverged_trials: Int64
    """In how many trials the loss became infinite or no number."""
    diverged_at: Int64 | None
    """The step before which it did first in any trial; null where it never did."""
    sentence: str
    """What came of it, beside the verdict."""
    error: ItemError | None
    """Why there is nothing; null where there is."""


class TrainedVerdict(Model):
    """What the report on the untrained network says."""

    digest: str
    """The report's digest: POST the specification to /v1/simulations, and all of it is there."""
    label: Label
    """What most trials do."""
    severity: Severity
    """How far outside the stable band."""
    depth_ratio: Double | None
    """The median depth ratio, in decades."""
    failure_risk: Fraction
    """The probability that training fails, by the optimiser."""
    chance_loss: Double | None
    """The loss of the best constant prediction; null where none is known."""
    initial_loss: Double | None
    """The mean loss before the first step."""


class Training(Model):
    """What a few hundred steps make of a network, at every rate."""

    digest: str
    """SHA-256 of the request with every default written out and the engine version."""
    sentence: str
    """The verdict, and what came of it: the one sentence to read."""
    verdict: TrainedVerdict
    """What the report on the untrained network says."""
    best: Int64 | None
    """The number of the best rate: of the highest final accuracy, else of the lowest final loss; null where none is."""
    learned: bool | None
    """Whether that rate is at least half of the way from chance to all right, or to no loss.

    Null where no chance is known, or all is right by chance.
    """
    rates: list[TrainedRate]
    """What comes of it at each rate."""
    spec: TrainingSpec
    """The request with nothing left open."""
    engine_version: str
    """The version of the numbers."""
    elapsed_seconds: Double
    """How long it took: the one number that is not the same twice."""


def best_rate(rates: Sequence[TrainedRate]) -> TrainedRate | None:
    """The rate with the highest final accuracy, else the lowest final loss; None where all diverge."""
    alive = [one for one in rates if one.loss is not None and one.loss.median[-1] is not None]
    return min(alive, key=_rank, default=None)


def _rank(one: TrainedRate) -> tuple[float, float]:
    accuracy = one.final_accuracy.median if one.final_accuracy is not None else None
    loss = one.loss.median[-1] if one.loss is not None else None
    return (-(accuracy or 0.0), inf if loss is None else loss)
