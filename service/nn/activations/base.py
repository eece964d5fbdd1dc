"""What an activation is: a function of one real variable, its derivative, and what is known of both."""

from abc import abstractmethod
from typing import ClassVar

from service.kinds import Kind
from service.nn.arrays import Array


class Activation(Kind):
    """An element-wise function; every array has the shape of `x`, whatever it is, and keeps its precision."""

    definition: ClassVar[str]
    """The function of z as one writes it."""
    derivative: ClassVar[str]
    """Its derivative."""
    convention: ClassVar[str] = "Differentiable everywhere."
    """Which derivative is taken where there is none."""
    kinks: ClassVar[tuple[float, ...]] = ()
    """Where the derivative jumps or bends."""
    source: ClassVar[str]
    """Where the function was proposed or defined."""
    only_output: ClassVar[bool] = False
    """Whether it may stand in the output layer alone."""
    probability: ClassVar[bool] = False
    """Whether its values lie in [0, 1], as a likelihood needs them."""

    @abstractmethod
    def f(self, x: Array) -> Array:
        """The function."""

    @abstractmethod
    def df(self, x: Array, y: Array) -> Array:
        """The derivative at `x`, where `y = f(x)`."""

    @abstractmethod
    def derivative_range(self) -> tuple[float, float] | None:
        """Infimum and supremum of the derivative over the real line, where they are known."""

    def pull_back(self, derivative: Array, y: Array, dy: Array) -> Array:
        """The gradient with respect to `x` from `dy`, the one with respect to `y`; `derivative = df(x, y)`."""
        return derivative * dy

    def largest_slope(self) -> float | None:
        """The supremum of |derivative|, where it is known."""
        known = self.derivative_range()
        return None if known is None else max(abs(known[0]), abs(known[1]))
