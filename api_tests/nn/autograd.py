"""A network differentiated by somebody else's autograd, in double precision, node by node.

That of PyTorch where it is installed (`make oracle`), of HIPS autograd, which `make test` has, where it is not.
"""

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from service.formulas.language.write import plain
from service.nn.activations import Activation
from service.nn.activations.expression import Expression
from service.nn.activations.smooth import Softmax
from service.nn.initializers.matrices import ExplicitInitializer
from service.nn.layers import Node
from service.nn.layers.activation import ActivationLayer
from service.nn.layers.base import Chain, Repeat
from service.nn.layers.dense import Dense
from service.nn.layers.layer_norm import LayerNorm
from service.nn.layers.parallel import Parallel
from service.nn.layers.residual import Residual
from service.simulation.simulate import Drawn
from service.simulation.spec import SimulationSpec

if importlib.util.find_spec("torch") is None:
    from api_tests.nn import by_hips as library
else:
    from api_tests.nn import by_pytorch as library

Numbers = npt.NDArray[np.float64]
Tensor = Any


@dataclass(frozen=True)
class Truth:
    """What autograd says of one node; gradients are of the mean loss over the batch."""

    path: str
    h: Numbers
    entry: Numbers  # ∂e/∂x of this node alone
    delta: Numbers  # ∂e/∂z
    upstream: Numbers  # ∂e/∂h
    derivative: Numbers | None  # φ'(z), where there is an activation
    parameters: dict[str, Numbers]


@dataclass(frozen=True)
class _Passed:
    """One node on the way forward."""

    path: str
    activation: Activation | None
    z: Tensor
    h: Tensor
    places: dict[str, int]  # of its entry, its z, its h and its parameters among what can be moved


@dataclass
class _Network:
    """A network built from its specification, in which every array can be moved: `moved` has what is added to each.

    Without it nothing is added, and `zeros` collects the shapes of what can be moved: the entry, the parameters, the z
    and the h of every node, in the order they are computed in.
    """

    drawn: Iterator[dict[str, Numbers]]  # the parameters of every node that has any, as they are computed in
    moved: Iterator[Tensor] | None = None
    zeros: list[Numbers] = field(default_factory=list)
    passed: list[_Passed] = field(default_factory=list)

    def chain(self, path: str, layers: Sequence[Node], x: Tensor) -> Tensor:
        for place, node in enumerate(layers):
            here = f"{path}/{place}"
            if isinstance(node, Repeat):
                for _ in range(node.times):
                    x = self.chain(f"{here}/layers", node.layers, x)
            else:
                x = self.node(here, node, x)
        return x

    def node(self, path: str, node: Node, given: Tensor) -> Tensor:
        places: dict[str, int] = {}
        x = self._movable(given, places, "entry")
        activation = getattr(node, "activation", None)
        z = self._movable(self._before_activation(path, node, x, places), places, "z")
        h = self._movable(z if activation is None else activated(activation, z), places, "h")
        self.passed.append(_Passed(path, activation, z, h, places))
        return h

    def _before_activation(self, path: str, node: Node, x: Tensor, places: dict[str, int]) -> Tensor:
        match node:
            case Dense():
                weights, bias = self._own(node, ("weights", "bias"), places)
                return library.linear(x, weights, bias)
            case ActivationLayer():
                return x
            case LayerNorm():
                gain, shift = self._own(node, ("gain", "shift"), places)
                return library.normalised(x, node.epsilon) * gain + shift
            case Residual():
                branch = self.chain(f"{path}/layers", node.layers, x)
                return self.chain(f"{path}/shortcut", node.shortcut, x) + node.branch_scale * branch
            case Parallel():
                chains = enumerate(node.branches)
                outputs = [self.chain(f"{path}/branches/{number}/layers", one.layers, x) for number, one in chains]
                return library.MERGES[node.merge](outputs)
        raise NotImplementedError(node.kind_name())

    def _own(self, node: Node, names: tuple[str, ...], places: dict[str, int]) -> Iterator[Tensor]:
        drawn = next(self.drawn)
        for name in names:
            how = getattr(node, name)
            values = np.array(how.values) if isinstance(how, ExplicitInitializer) else drawn[name]
            flat = values if name == "weights" else values.reshape(-1)
            yield self._movable(library.constant(flat), places, name)

    def _movable(self, tensor: Tensor, places: dict[str, int], name: str) -> Tensor:
        places[name] = len(self.zeros)
        self.zeros.append(np.zeros(tuple(tensor.shape)))
        return tensor if self.moved is None else tensor + next(self.moved)


def activated(activation: Activation, z: Tensor) -> Tensor:
    if activation.kind_name() in library.ACTIVATIONS:
        return library.ACTIVATIONS[activation.kind_name()](activation, z)
    text, names = activation.definition, dict(activation)
    if isinstance(activation, Expression):
        text, names = plain(activation.tree), activation.parameters
    return library.written(text, z, **names)


def slopes(activation: Activation, z: Numbers) -> Numbers:
    """∂h_j/∂z_j."""
    if not isinstance(activation, Softmax):
        return library.gradients(lambda at: activated(activation, at[0]).sum(), [z])[0]
    columns = range(z.shape[-1])
    several = [library.gradients(lambda at, j=j: activated(activation, at[0])[:, j].sum(), [z])[0] for j in columns]
    return np.stack([one[:, j] for j, one in enumerate(several)], axis=-1)


def differentiated(spec: SimulationSpec, drawn: Drawn) -> list[Truth]:
    """Every node of `spec` in the order they are computed in, for the first trial of what was drawn for it."""
    own = [{name: of[0] for name, of in one.items()} for one in parameters_of(drawn.chain) if one]
    inputs, targets = (library.constant(one[0].astype(np.float64)) for one in (drawn.inputs, drawn.targets))

    def passed(network: _Network) -> Tensor:
        return network.chain("/network/layers", spec.network.layers, inputs)

    def mean_loss(moved: list[Tensor]) -> Tensor:
        prediction = passed(_Network(iter(own), iter(moved)))
        return library.LOSSES[spec.loss.kind_name()](spec.loss, prediction, targets).mean()

    standing = _Network(iter(own))
    passed(standing)
    gradients = library.gradients(mean_loss, standing.zeros)
    return [_truth(one, gradients) for one in standing.passed]


def _truth(one: _Passed, gradients: list[Numbers]) -> Truth:
    found = {name: gradients[place] for name, place in one.places.items()}
    entry, delta, upstream = (found.pop(name) for name in ("entry", "z", "h"))
    derivative = None if one.activation is None else slopes(one.activation, library.numbers(one.z))
    return Truth(one.path, library.numbers(one.h), entry, delta, upstream, derivative, found)


def parameters_of(chain: Chain) -> Iterator[dict[str, Numbers]]:
    """The parameters of every node, (trials or 1, *shape), in the order they are computed in."""
    for one in chain.nodes:
        for inner in one.chains:
            yield from parameters_of(inner)
        yield dict(zip(one.trained, one.arrays, strict=True))
