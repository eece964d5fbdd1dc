"""A network in PyTorch, differentiated by its autograd in double precision; whoever imports this is skipped without."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from api_tests.nn.written_formulas import evaluated
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
from service.nn.layers.parallel import Merge, Parallel
from service.nn.layers.residual import Residual
from service.simulation.simulate import Drawn
from service.simulation.spec import SimulationSpec

torch = pytest.importorskip("torch")
functional = torch.nn.functional

Numbers = npt.NDArray[np.float64]
Tensor = Any

# Those that PyTorch has; the others are computed from the formula in the catalog.
THEIRS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "celu": lambda one, z: functional.celu(z, one.alpha),
    "elu": lambda one, z: functional.elu(z, one.alpha),
    "erf": lambda one, z: torch.erf(z),
    "gelu": lambda one, z: functional.gelu(z, approximate=one.approximate.value),
    "hardsigmoid": lambda one, z: functional.relu6(z + 3.0) / 6.0,  # theirs has its sixth in single precision
    "hardswish": lambda one, z: functional.hardswish(z),
    "hardtanh": lambda one, z: functional.hardtanh(z),
    "leaky_relu": lambda one, z: functional.leaky_relu(z, one.negative_slope),
    "mish": lambda one, z: functional.mish(z),
    "relu": lambda one, z: functional.relu(z),
    "relu6": lambda one, z: functional.relu6(z),
    "selu": lambda one, z: functional.selu(z),
    "sigmoid": lambda one, z: torch.sigmoid(z),
    "silu": lambda one, z: functional.silu(z),
    "sin": lambda one, z: torch.sin(z),
    "softmax": lambda one, z: functional.softmax(z, dim=-1),
    "softplus": lambda one, z: functional.softplus(z, one.beta, threshold=1e3),
    "softsign": lambda one, z: functional.softsign(z),
    "tanh": lambda one, z: torch.tanh(z),
}
# The loss of each sample.
THEIR_LOSSES: dict[str, Callable[[Any, Tensor, Tensor], Tensor]] = {
    "absolute_error": lambda one, p, y: functional.l1_loss(p, y, reduction="none").sum(-1),
    "binary_cross_entropy": lambda one, p, y: functional.binary_cross_entropy(p, y, reduction="none").sum(-1),
    "cross_entropy": lambda one, p, y: -torch.xlogy(y, p).sum(-1),
    "hinge": lambda one, p, y: functional.relu(1.0 - y * p).sum(-1),
    "huber": lambda one, p, y: functional.huber_loss(p, y, reduction="none", delta=one.delta).sum(-1),
    "mean_squared_error": lambda one, p, y: functional.mse_loss(p, y, reduction="none").mean(-1),
    "squared_error": lambda one, p, y: functional.mse_loss(p, y, reduction="none").sum(-1),
}


# ∂ of a maximum is shared evenly by those that attain it, as `amax` has it; `maximum` would share it in pairs.
THEIR_MERGES: dict[Merge, Callable[[list[Tensor]], Tensor]] = {
    Merge.ADD: lambda outputs: torch.stack(outputs).sum(0),
    Merge.AVERAGE: lambda outputs: torch.stack(outputs).mean(0),
    Merge.CONCAT: lambda outputs: torch.cat(outputs, dim=-1),
    Merge.MAXIMUM: lambda outputs: torch.stack(outputs).amax(0),
    Merge.MULTIPLY: lambda outputs: torch.stack(outputs).prod(0),
}


@dataclass(frozen=True)
class Truth:
    """What PyTorch says of one node; gradients are of the mean loss over the batch."""

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
    x: Tensor
    z: Tensor
    h: Tensor
    own: dict[str, Tensor]


@dataclass(frozen=True)
class _Network:
    """A network built from its specification; what is not given there is taken from what was drawn."""

    drawn: Iterator[dict[str, Numbers]]  # the parameters of every node that has any, as they are computed in
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
        x, activation = given.clone(), None
        own: dict[str, Tensor] = {}
        match node:
            case Dense():
                own, activation = self._own(node, "weights", "bias"), node.activation
                z = functional.linear(x, own["weights"].T, own["bias"])
            case ActivationLayer():
                z, activation = x.clone(), node.activation
            case LayerNorm():
                own = self._own(node, "gain", "shift")
                z = normalised(x, node.epsilon) * own["gain"] + own["shift"]
            case Residual():
                branch = self.chain(f"{path}/layers", node.layers, x)
                z = self.chain(f"{path}/shortcut", node.shortcut, x) + node.branch_scale * branch
                activation = node.activation
            case Parallel():
                chains = enumerate(node.branches)
                z = THEIR_MERGES[node.merge](
                    [self.chain(f"{path}/branches/{number}/layers", one.layers, x) for number, one in chains]
                )
            case _:
                raise NotImplementedError(node.name())
        h = z if activation is None else activated(activation, z)
        self.passed.append(_Passed(path, activation, x, z, h, own))
        return h

    def _own(self, node: Node, *names: str) -> dict[str, Tensor]:
        drawn = next(self.drawn)
        own = {}
        for name in names:
            how = getattr(node, name)
            values = np.array(how.values) if isinstance(how, ExplicitInitializer) else drawn[name]
            own[name] = torch.tensor(values if name == "weights" else values.reshape(-1), requires_grad=True)
        return own


def normalised(x: Tensor, epsilon: float) -> Tensor:
    """A single feature less its mean is zero, and so is its gradient, of which PyTorch leaves a rest."""
    return x - x if x.shape[-1] == 1 else functional.layer_norm(x, x.shape[-1:], eps=epsilon)


def activated(activation: Activation, z: Tensor) -> Tensor:
    if activation.name() in THEIRS:
        return THEIRS[activation.name()](activation, z)
    text, names = activation.definition, dict(activation)
    if isinstance(activation, Expression):
        text, names = plain(activation.tree), activation.parameters
    return evaluated(text, torch, torch.erf, z=z, **names) * torch.ones_like(z)


def slopes(activation: Activation, z: Tensor, h: Tensor) -> Numbers:
    """∂h_j/∂z_j."""
    if not isinstance(activation, Softmax):
        return torch.autograd.grad(h.sum(), z, retain_graph=True)[0].numpy()
    columns = [torch.autograd.grad(h[:, j].sum(), z, retain_graph=True)[0][:, j] for j in range(h.shape[-1])]
    return torch.stack(columns, dim=-1).numpy()


def differentiated(spec: SimulationSpec, drawn: Drawn) -> list[Truth]:
    """Every node of `spec` in the order they are computed in, for the first trial of what was drawn for it."""
    own = ({name: of[0] for name, of in one.items()} for one in parameters_of(drawn.chain) if one)
    network = _Network(own)
    inputs = torch.tensor(drawn.inputs[0], requires_grad=True)
    prediction = network.chain("/network/layers", spec.network.layers, inputs)
    mean_loss = THEIR_LOSSES[spec.loss.name()](spec.loss, prediction, torch.tensor(drawn.targets[0])).mean()
    wanted = [tensor for one in network.passed for tensor in (one.x, one.z, one.h, *one.own.values())]
    gradients = iter(torch.autograd.grad(mean_loss, wanted, retain_graph=True))
    return [_truth(one, gradients) for one in network.passed]


def _truth(one: _Passed, gradients: Iterator[Tensor]) -> Truth:
    entry, delta, upstream = (next(gradients).numpy() for _ in range(3))
    derivative = None if one.activation is None else slopes(one.activation, one.z, one.h)
    parameters = {name: next(gradients).numpy() for name in one.own}
    return Truth(one.path, one.h.detach().numpy(), entry, delta, upstream, derivative, parameters)


def parameters_of(chain: Chain) -> Iterator[dict[str, Numbers]]:
    """The parameters of every node, (trials or 1, *shape), in the order they are computed in."""
    for one in chain.nodes:
        for inner in one.chains:
            yield from parameters_of(inner)
        yield dict(zip(one.names, one.arrays, strict=True))
