"""A specification unrolled and checked: every layer with its shape, every choice with its fit."""

from dataclasses import dataclass
from functools import cached_property

from service.core.errors import DepthExceeded, GradientsTooLarge, Incompatible, ShapeMismatch
from service.nn.data.base import Data
from service.nn.data.one_hot import OneHotData
from service.nn.layers.base import SingleLayer
from service.simulation.results import LayerShape
from service.simulation.spec import Include, SimulationSpec

DEEPEST = 5000
LARGEST_GRADIENTS = 100_000
"""Numbers of weights, biases, deltas and derivatives that a report carries at most."""


@dataclass(frozen=True)
class PlannedLayer:
    """A single layer with its place in the network."""

    index: int
    path: str
    layer: SingleLayer
    features: int
    units: int
    tensors: int  # how many layers with weights there are up to here: its place in the random numbers

    @property
    def parameters(self) -> int:
        """The number of weights and biases."""
        return self.layer.parameters(self.features)

    def shape(self) -> LayerShape:
        """What a client is told of it before anything is simulated."""
        return LayerShape(
            index=self.index,
            path=self.path,
            kind=self.layer.name(),
            activation=self.layer.activation.name(),
            shape=[self.units],
            parameters=self.parameters,
        )


@dataclass(frozen=True)
class Plan:
    """A network ready to be drawn, and the specification with nothing left open."""

    spec: SimulationSpec
    layers: tuple[PlannedLayer, ...]
    samples: int
    targets: Data
    random: bool  # whether two trials differ

    @cached_property
    def digest(self) -> str:
        """The digest of the specification with nothing left open: the report's name."""
        return self.spec.digest()

    @property
    def trials(self) -> int:
        """The trials to simulate: one says it all where nothing is random."""
        return self.spec.trials if self.random else 1

    @property
    def outputs(self) -> int:
        """The width of the output layer."""
        return self.layers[-1].units

    @property
    def widest(self) -> int:
        """The number of features or units where there are most."""
        return max([self.spec.network.features, *(layer.units for layer in self.layers)])

    @property
    def parameters(self) -> int:
        """Weights and biases of the whole network."""
        return sum(layer.parameters for layer in self.layers)


def plan(spec: SimulationSpec) -> Plan:
    """The plan of `spec`; a SpecError with the pointer of what does not fit."""
    layers = _unrolled(spec)
    targets = spec.targets(layers[-1].units)
    samples = spec.samples(targets)
    resolved = spec.resolved(samples, targets)
    random = spec.data.inputs.random or targets.random or any(planned.layer.random for planned in layers)
    made = Plan(resolved, layers, samples, targets, random)
    _check_activations(made)
    _check_data(made)
    _check_gradients(made, spec.include)
    return made


def _unrolled(spec: SimulationSpec) -> tuple[PlannedLayer, ...]:
    depth = sum(layer.depth() for layer in spec.network.layers)
    if depth > DEEPEST:
        raise DepthExceeded(depth, DEEPEST)
    planned: list[PlannedLayer] = []
    features, tensors = spec.network.features, 0
    for position, entry in enumerate(spec.network.layers):
        for path, layer in entry.unroll(f"/network/layers/{position}"):
            layer.check(path, features)
            tensors += layer.weighted
            planned.append(PlannedLayer(len(planned) + 1, path, layer, features, layer.outputs(features), tensors))
            features = planned[-1].units
    return tuple(planned)


def _check_activations(made: Plan) -> None:
    for planned in made.layers[:-1]:
        if planned.layer.activation.only_output:
            raise Incompatible(
                f"{planned.layer.activation.name()} normalises over the units and may stand in the last layer only.",
                pointer=_pointer_to_activation(planned),
            )
    last, loss = made.layers[-1], made.spec.loss
    if loss.probability and not last.layer.activation.probability:
        raise Incompatible(
            f"{loss.name()} reads predictions as probabilities, but the output activation "
            f"{last.layer.activation.name()} leaves [0, 1]; take sigmoid or softmax there.",
            pointer=_pointer_to_activation(last),
        )


def _pointer_to_activation(planned: PlannedLayer) -> str:
    """Where the activation stands; the layer where it was left out."""
    given = "activation" in planned.layer.model_fields_set
    return f"{planned.path}/activation" if given else planned.path


def _check_data(made: Plan) -> None:
    _check_shape("/data/inputs/values", made.spec.data.inputs, made.samples, made.spec.network.features)
    _check_shape("/data/targets/values", made.targets, made.samples, made.outputs)
    if isinstance(made.targets, OneHotData) and made.targets.classes != made.outputs:
        raise Incompatible(
            f"one_hot has {made.targets.classes} classes, but the output layer has {made.outputs} units; "
            "there must be one unit for each class.",
            pointer="/data/targets/classes",
        )


def _check_shape(pointer: str, data: Data, samples: int, features: int) -> None:
    found = data.shape_of_values()
    as_vector = (samples,) if features == 1 else None
    if found not in (None, (samples, features), as_vector):
        raise ShapeMismatch(pointer, found, (samples, features))


def _check_gradients(made: Plan, include: list[Include]) -> None:
    if Include.GRADIENTS not in include:
        return
    numbers = made.parameters + 2 * made.samples * sum(planned.units for planned in made.layers)
    if numbers > LARGEST_GRADIENTS:
        raise GradientsTooLarge(f"/include/{include.index(Include.GRADIENTS)}", numbers, LARGEST_GRADIENTS)
