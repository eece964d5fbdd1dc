"""A formula → its values and derivative on arrays, in one pass, without a Python step per element."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from service.formulas.language.forward import Forward
from service.formulas.language.program import Program
from service.formulas.language.stable import Array
from service.formulas.language.tape import Tape
from service.formulas.language.tree import Node


@dataclass(frozen=True)
class Evaluation:
    """A formula of `variable` with its parameters given."""

    variable: str
    parameters: Mapping[str, float]

    def values(self, node: Node, x: Array) -> Array:
        """The values of `node` at `x`, of the same shape and precision."""
        return self._run(node, "values", x)[0]

    def derivative(self, node: Node, x: Array) -> Array:
        """The derivative of `node` at `x`, of the same shape and precision."""
        return self._run(node, "derivative", x)[0]

    def values_and_derivative(self, node: Node, x: Array) -> tuple[Array, Array]:
        """Both, with what they have in common computed once."""
        values, derivative = self._run(node, "both", x)
        return values, derivative

    def _run(self, node: Node, wanted: str, x: Array) -> list[Array]:
        return _program(node, self.variable, tuple(self.parameters.items()), wanted).run(x)


@lru_cache(maxsize=256)
def _program(node: Node, variable: str, parameters: tuple[tuple[str, float], ...], wanted: str) -> Program:
    tape = Tape()
    value, slope = Forward(tape, variable, dict(parameters)).dual(node)
    derivative = 0.0 if slope is None else slope
    outputs = {"values": (value,), "derivative": (derivative,), "both": (value, derivative)}
    return tape.program(*outputs[wanted])


def constant_within(node: Node, limit: float) -> bool:
    """Whether `node`, a formula without names, is a number of at most `limit` in size."""
    value, _ = Forward(Tape(), "", {}).dual(node)
    return isinstance(value, float) and abs(value) <= limit
