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
from service.nn.layers.base import Chain, Parameter
from service.nn.layers.each_step import EachStep
from service.nn.layers.parallel import Parallel
from service.nn.layers.repeat import Repeat
from service.nn.layers.residual import Residual
from service.nn.layers.transformer_block import TransformerBlock
from service.simulation.drawing import Drawn
from service.simulation.spec import SimulationSpec

if importlib.util.find_spec("torch") is None:
    from api_tests.nn import by_hips as library
else:
    from api_tests.nn import by_pytorch as library

Numbers = npt.NDArray[np.float64]
Tensor = Any


Given = list[tuple[Parameter, Numbers]]
"""The parameters of a node, each with its numbers, (1 or samples, *shape) or (*shape)."""


class Unwritten(Exception):
    """That library has no such kind of layer, and it is not written for it."""


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

    drawn: Iterator[Given]  # the parameters of every node that has any, as they are computed in
    moved: Iterator[Tensor] | None = None
    zeros: list[Numbers] = field(default_factory=list)
    passed: list[_Passed] = field(default_factory=list)
    block: str | None = None  # the pointer of the transformer block that is a name for what is computed

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
        activation = node.output_activation
        z = self._movable(self._before_activation(path, node, x, places), places, "z")
        h = self._movable(z if activation is None else activated(activation, z), places, "h")
        self.passed.append(_Passed(self.block or path, activation, z, h, places))
        return h

    def _before_activation(self, path: str, node: Node, x: Tensor, places: dict[str, int]) -> Tensor:
        match node:
            case Residual():
                branch = self.chain(f"{path}/layers", node.layers, x)
                return self.chain(f"{path}/shortcut", node.shortcut, x) + node.branch_scale * branch
            case Parallel():
                chains = enumerate(node.branches)
                outputs = [self.chain(f"{path}/branches/{number}/layers", one.layers, x) for number, one in chains]
                return library.MERGES[node.merge](outputs)
            case EachStep():
                each = x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])
                y = self.chain(f"{path}/layers", node.layers, each)
                return y.reshape(*x.shape[:2], *y.shape[1:])
            case TransformerBlock():
                outer, self.block = self.block, self.block or path
                y = self.chain(path, node.stands_for(x.shape[-1]), x)
                self.block = outer
                return y
        if node.kind not in library.LEAVES:
            raise Unwritten(node.kind)
        return library.LEAVES[node.kind](node, x, dict(self._own(node, x, places)), activated)

    def _own(self, node: Node, x: Tensor, places: dict[str, int]) -> Iterator[tuple[str, Tensor]]:
        if not node.parameters(tuple(x.shape[1:])):
            return
        for parameter, drawn in next(self.drawn):
            how = getattr(node, parameter.name, None)
            values = np.array(how.values) if isinstance(how, ExplicitInitializer) else drawn
            shape = (len(x), *parameter.shape) if parameter.per_sample else parameter.shape
            tensor = library.constant(values.reshape(shape))
            trained = not parameter.per_sample
            yield parameter.name, self._movable(tensor, places, parameter.name) if trained else tensor

    def _movable(self, tensor: Tensor, places: dict[str, int], name: str) -> Tensor:
        places[name] = len(self.zeros)
        self.zeros.append(np.zeros(tuple(tensor.shape)))
        return tensor if self.moved is None else tensor + next(self.moved)


def activated(activation: Activation, z: Tensor) -> Tensor:
    if activation.kind in library.ACTIVATIONS:
        return library.ACTIVATIONS[activation.kind](activation, z)
    text, names = activation.definition, dict(activation)
    if isinstance(activation, Expression):
        text, names = plain(activation.tree), activation.parameters
    return library.written(text, z, **names)


def slopes(activation: Activation, z: Numbers) -> Numbers:
    """∂h_j/∂z_j."""
    if not isinstance(activation, Softmax):
        return library.gradients(lambda at: activated(activation, at[0]).sum(), [z])[0]
    columns = range(z.shape[-1])
    several = [library.gradients(lambda at, j=j: activated(activation, at[0])[..., j].sum(), [z])[0] for j in columns]
    return np.stack([one[..., j] for j, one in enumerate(several)], axis=-1)


def differentiated(spec: SimulationSpec, drawn: Drawn) -> list[Truth]:
    """Every node of `spec` in the order they are computed in, for the first trial of what was drawn for it."""
    own = [one for one in parameters_of(drawn.chain) if one]
    inputs, targets = (one[0].astype(np.float64) for one in (drawn.inputs, drawn.targets))
    x = library.constant(inputs.reshape(-1, *spec.network.shape))
    y = library.constant(targets.reshape(-1, *drawn.out))

    def passed(network: _Network) -> Tensor:
        return network.chain("/network/layers", spec.network.layers, x)

    def mean_loss(moved: list[Tensor]) -> Tensor:
        return library.LOSSES[spec.loss.kind](spec.loss, passed(_Network(iter(own), iter(moved))), y).mean()

    standing = _Network(iter(own))
    passed(standing)
    gradients = library.gradients(mean_loss, standing.zeros)
    return [_truth(one, gradients) for one in standing.passed]


def _truth(one: _Passed, gradients: list[Numbers]) -> Truth:
    found = {name: gradients[place] for name, place in one.places.items()}
    signals = [found.pop(name) for name in ("entry", "z", "h")]
    derivative = None if one.activation is None else _rows(slopes(one.activation, library.numbers(one.z)))
    return Truth(one.path, _rows(library.numbers(one.h)), *map(_rows, signals), derivative, found)


def _rows(values: Numbers) -> Numbers:
    """(samples, *shape) as (samples, features)."""
    return values.reshape(len(values), -1)


def parameters_of(chain: Chain) -> Iterator[Given]:
    """The parameters of every node in the first trial, in the order they are computed in."""
    for one in chain.nodes:
        for inner in one.chains:
            yield from parameters_of(inner)
        yield [
            (parameter, array[0].astype(np.float64))
            for parameter, array in zip(one.parameters, one.arrays, strict=True)
        ]
