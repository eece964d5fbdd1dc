"""A straight-line program on arrays: what is done, in which order, and where results go."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.formulas.language.stable import Array

Apply = Callable[..., Any]


@dataclass(frozen=True)
class Register:
    """Where an array will be; a mask is an array of truth values, which are the numbers 0 and 1."""

    index: int
    mask: bool = False


Operand = float | Register
X = Register(0)


@dataclass(frozen=True)
class Step:
    """A function of arrays and numbers."""

    apply: Apply
    operands: tuple[Operand, ...]
    mask: bool = False

    @property
    def sources(self) -> set[int]:
        """The registers that it reads."""
        return {operand.index for operand in self.operands if isinstance(operand, Register)}

    def place(self, spent: Collection[int]) -> int | None:
        """One of the `spent` registers that the result can be written over; never x, and no mask for a number."""
        numbers = {operand.index for operand in self.operands if isinstance(operand, Register) and not operand.mask}
        free = sorted(numbers & set(spent) - {X.index})
        return free[0] if free and isinstance(self.apply, np.ufunc) and not self.mask else None


@dataclass(frozen=True)
class Line:
    """A step and where its result goes; which registers nobody reads afterwards, and in which of them it is made."""

    target: int
    step: Step
    spent: frozenset[int]
    place: int | None


@dataclass(frozen=True)
class Program:
    """What is to be done to an array `x`, in register 0, and which results come out."""

    lines: tuple[Line, ...]
    outputs: tuple[Operand, ...]

    def run(self, x: Array) -> list[Array]:
        """The outputs at `x`, each of its shape and precision."""
        scalar, registers = x.dtype.type, {X.index: x.reshape(-1)}

        def given(operand: Operand) -> Any:
            return registers[operand.index] if isinstance(operand, Register) else scalar(operand)

        for line in self.lines:
            operands = [given(operand) for operand in line.step.operands]
            place = {} if line.place is None else {"out": registers[line.place]}
            registers[line.target] = line.step.apply(*operands, **place)
            for index in line.spent:
                del registers[index]
        flat = (np.broadcast_to(np.asarray(given(output), dtype=x.dtype), x.size) for output in self.outputs)
        return [output.reshape(x.shape) for output in flat]
