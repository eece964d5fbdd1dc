"""The family of optimisers: what one step makes of a parameter, by its gradient and what is remembered of earlier ones.

Every function is pure and acts on arrays (trials, *shape), with a learning rate of its own for every trial. The numbers
are those of PyTorch's optimisers of the same names, to the last digits.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from service.core.arrays import Array
from service.core.kinds import Advice, Double, Kind, one_of

State = Sequence[Array]
"""What is remembered of one parameter, arrays of its shape; zeros before the first step."""
_Decay = Annotated[Double, Field(ge=0, lt=1)]


class Optimizer(Kind):
    """A rule by which a parameter moves against its gradient."""

    definition: ClassVar[str]
    """One step of a parameter w with the gradient g, at the learning rate r."""
    source: ClassVar[str]
    """Where it was proposed, and whose numbers these are."""
    usual_rate: ClassVar[float]
    """The learning rate that people begin with."""
    remembered: ClassVar[int]
    """How many arrays of the parameter's shape it remembers."""

    @abstractmethod
    def step(self, gradient: Array, rate: Array, state: State, number: int) -> tuple[Array, State]:
        """What is taken away from the parameter, (trials, *shape), and what is remembered then.

        `rate` is (trials, 1, …), `state` what is remembered of the steps before, `number` counts steps from 1.
        """


class SgdOptimizer(Optimizer):
    """Gradient descent, with momentum where that is said."""

    kind: Literal["sgd"] = "sgd"
    misnamed: ClassVar[Mapping[str, Advice]] = {"lr": '"rates": [0.01] beside the optimizer'}
    momentum: _Decay = 0.0
    """How much of the last step's velocity is kept."""

    definition: ClassVar[str] = "v = momentum * v + g, w = w - r * v"
    source: ClassVar[str] = "Polyak 1964; torch.optim.SGD, whose velocity is not damped."
    usual_rate: ClassVar[float] = 1e-2
    remembered: ClassVar[int] = 1

    def step(self, gradient: Array, rate: Array, state: State, number: int) -> tuple[Array, State]:
        if self.momentum == 0.0:
            return rate * gradient, state
        velocity = state[0] * self.momentum
        velocity += gradient
        return rate * velocity, (velocity,)


class AdamOptimizer(Optimizer):
    """Adam: each entry moves by about the rate, whatever the size of its gradient."""

    kind: Literal["adam"] = "adam"
    misnamed: ClassVar[Mapping[str, Advice]] = {
        "betas": {"beta1": 0.9, "beta2": 0.999},
        "beta_1": {"beta1": 0.9},
        "beta_2": {"beta2": 0.999},
        "eps": {"epsilon": 1e-8},
        "lr": '"rates": [0.001] beside the optimizer',
    }
    beta1: _Decay = 0.9
    """How much is kept of the mean gradient."""
    beta2: _Decay = 0.999
    """How much is kept of the mean squared gradient."""
    epsilon: Annotated[Double, Field(gt=0, le=1)] = 1e-8
    """What is added to the root of the mean square."""

    definition: ClassVar[str] = (
        "m = beta1 * m + (1 - beta1) * g, s = beta2 * s + (1 - beta2) * g^2, "
        "w = w - r * (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + epsilon)"
    )
    source: ClassVar[str] = "Kingma & Ba 2015; torch.optim.Adam."
    usual_rate: ClassVar[float] = 1e-3
    remembered: ClassVar[int] = 2

    def step(self, gradient: Array, rate: Array, state: State, number: int) -> tuple[Array, State]:
        mean = state[0] * self.beta1
        mean += (1.0 - self.beta1) * gradient
        square = np.square(gradient)
        square *= 1.0 - self.beta2
        square += self.beta2 * state[1]
        size = np.sqrt(square)
        size *= 1.0 / sqrt(1.0 - self.beta2**number)
        size += self.epsilon
        np.divide(mean, size, out=size)
        size *= rate * (1.0 / (1.0 - self.beta1**number))
        return size, (mean, square)


if TYPE_CHECKING:
    AnyOptimizer = Optimizer
else:
    AnyOptimizer = one_of("Optimizer", Optimizer)
