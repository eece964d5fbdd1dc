"""What an activation is: a function of one real variable, its derivative, and the formula that says all else of it."""

from abc import abstractmethod
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar, Self

from pydantic import ValidationError

from service.core.arrays import Array
from service.core.kinds import Kind
from service.formulas.enclosures.program import VARIABLE
from service.formulas.enclosures.smoothness import smoothness
from service.formulas.language.build import replaced
from service.formulas.language.differentiate import differentiate
from service.formulas.language.grammar import parse
from service.formulas.language.tree import Expr, Number, Symbol


class Activation(Kind):
    """An element-wise function; every array has the shape of `x`, whatever it is, and keeps its precision."""

    definition: ClassVar[str]
    """The function of z as one writes it; its LaTeX, derivative, kinks and bounds follow from it."""
    derivative: ClassVar[str | None] = None
    """Its derivative, said by those alone whose definition is no formula of one variable."""
    convention: ClassVar[str] = "Differentiable everywhere."
    """Which derivative is taken where there is none."""
    source: ClassVar[str]
    """Where the function was proposed or defined."""
    only_output: ClassVar[bool] = False
    """Whether it may stand in the output layer alone."""
    probability: ClassVar[bool] = False
    """Whether its values lie in [0, 1], as a likelihood needs them."""

    @classmethod
    def default(cls) -> Self | None:
        """With its default parameters; None where one has no default."""
        try:
            return cls.model_validate({"kind": cls.kind_name()})
        except ValidationError:
            return None

    @abstractmethod
    def f(self, x: Array) -> Array:
        """φ(x), of the shape of x."""

    @abstractmethod
    def df(self, x: Array, y: Array) -> Array:
        """The derivative at `x`, where `y = f(x)`."""

    def vjp(self, derivative: Array, y: Array, dy: Array) -> Array:
        """The gradient with respect to `x` from `dy`, the one with respect to `y`; `derivative = df(x, y)`."""
        return derivative * dy

    @property
    def written(self) -> str:
        """The formula of z as a function of one unit, as computed; its names are those of `values`."""
        return self.definition

    @property
    def values(self) -> Mapping[str, float]:
        """The parameters of the formula."""
        return {name: value for name, value in self if isinstance(value, float)}

    @property
    def tree(self) -> Expr:
        """The formula, with the names of its parameters."""
        return _read(self.written, tuple(self.values))

    @property
    def slope(self) -> Expr:
        """The formula of the derivative, with the names of the parameters."""
        return _derived(self.written, tuple(self.values))

    @property
    def closed(self) -> Expr:
        """The formula with the parameters' values in it, as the decimal numbers that they were written as."""
        return _closed(self.written, tuple(self.values.items()))

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where the function or its derivative jumps or ends."""
        return _kinks(self.written, tuple(self.values.items()))


@lru_cache(maxsize=1024)
def _read(formula: str, names: tuple[str, ...]) -> Expr:
    return parse(formula, VARIABLE, names)


@lru_cache(maxsize=1024)
def _derived(formula: str, names: tuple[str, ...]) -> Expr:
    return differentiate(_read(formula, names), VARIABLE)


@lru_cache(maxsize=1024)
def _closed(formula: str, values: tuple[tuple[str, float], ...]) -> Expr:
    node = _read(formula, tuple(name for name, _ in values))
    for name, value in values:
        node = replaced(node, Symbol(name), Number(Fraction(repr(value))))
    return node


@lru_cache(maxsize=1024)
def _kinks(formula: str, values: tuple[tuple[str, float], ...]) -> tuple[float, ...]:
    return smoothness(_closed(formula, values)).kinks
