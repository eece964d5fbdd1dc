"""Straight-line programs on arrays, recorded step by step: numbers are folded, and what is the same is done once."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

import numpy as np

from service.core.arrays import Array

_Apply = Callable[..., Any]


@dataclass(frozen=True)
class _Register:
    """Where an array will be; a mask is an array of truth values, which are the numbers 0 and 1."""

    index: int
    mask: bool = False


Operand = float | _Register
_X = _Register(0)


@dataclass(frozen=True)
class _Step:
    """A function of arrays and numbers, and where its operands are."""

    apply: _Apply
    operands: tuple[Operand, ...]
    mask: bool = False

    @property
    def sources(self) -> set[int]:
        """The registers that it reads."""
        return {operand.index for operand in self.operands if isinstance(operand, _Register)}

    def place(self, spent: Collection[int]) -> int | None:
        """One of the `spent` registers that the result can be written over; never x, and no mask for a number."""
        numbers = {operand.index for operand in self.operands if isinstance(operand, _Register) and not operand.mask}
        free = sorted(numbers & set(spent) - {_X.index})
        return free[0] if free and isinstance(self.apply, np.ufunc) and not self.mask else None


@dataclass(frozen=True)
class _Line:
    """A step and where its result goes; which registers are not read afterwards, and in which of them it is made."""

    target: int
    step: _Step
    spent: frozenset[int]
    place: int | None


@dataclass(frozen=True)
class ArrayProgram:
    """What is to be done to an array `x`, in register 0, and which results come out."""

    lines: tuple[_Line, ...]
    outputs: tuple[Operand, ...]

    def run(self, x: Array) -> list[Array]:
        """The outputs at `x`, an array of any shape, each of its shape and precision."""
        scalar, registers = x.dtype.type, {_X.index: x.reshape(-1)}

        def given(operand: Operand) -> Any:
            return registers[operand.index] if isinstance(operand, _Register) else scalar(operand)

        for line in self.lines:
            operands = [given(operand) for operand in line.step.operands]
            place = {} if line.place is None else {"out": registers[line.place]}
            registers[line.target] = line.step.apply(*operands, **place)
            for index in line.spent:
                del registers[index]
        flat = (np.broadcast_to(np.asarray(given(output), dtype=x.dtype), x.size) for output in self.outputs)
        return [output.reshape(x.shape) for output in flat]


class Tape:
    """The steps so far. Sums, products and choices are written in their cheapest form, with the same values."""

    x: ClassVar = _X
    """The operand that a program is run on."""

    def __init__(self) -> None:
        self._steps: list[_Step] = []
        self._known: dict[tuple[Any, ...], _Register] = {}

    def program(self, *outputs: Operand) -> ArrayProgram:
        """What leads to `outputs`, without the steps that do not."""
        lines, needed = list[_Line](), {output.index for output in outputs if isinstance(output, _Register)}
        for target, step in reversed(list(enumerate(self._steps, start=_X.index + 1))):
            if target in needed:
                spent = frozenset(step.sources - needed)
                lines.append(_Line(target, step, spent, step.place(spent)))
                needed |= step.sources
        return ArrayProgram(tuple(reversed(lines)), outputs)

    def apply(self, function: _Apply, *operands: Operand) -> Operand:
        """function(*operands), element by element."""
        return self._record(function, tuple(self._number(operand) for operand in operands))

    def add(self, one: Operand, other: Operand) -> Operand:
        """The sum one + other, by a subtraction where either is the negative of a register."""
        if (taken := self._negated(other)) is not None:
            return self.apply(np.subtract, one, taken)
        if (taken := self._negated(one)) is not None:
            return self.apply(np.subtract, other, taken)
        return self.apply(np.add, one, other)

    def multiply(self, one: Operand, other: Operand) -> Operand:
        """The product one · other, without a step where either is ±1."""
        if 1.0 in (one, other):
            return other if one == 1.0 else one
        if -1.0 in (one, other):
            return self.apply(np.negative, other if one == -1.0 else one)
        if _is_truth(one) and _is_truth(other):
            return self.both(one, other)
        return self._record(np.multiply, (one, other))

    def compare(self, comparison: _Apply, one: Operand, other: Operand) -> Operand:
        """The truth of a comparison."""
        return self._record(comparison, (self._number(one), self._number(other)), mask=True)

    def opposite(self, truth: Operand) -> Operand:
        """The opposite of `truth`, a mask or 0 or 1."""
        return 1.0 - truth if isinstance(truth, float) else self._record(np.logical_not, (truth,), mask=True)

    def both(self, one: Operand, other: Operand) -> Operand:
        """One and other, both truths."""
        if isinstance(one, float):
            return other if one else 0.0
        if isinstance(other, float):
            return one if other else 0.0
        return self._record(np.logical_and, (one, other), mask=True)

    def where(self, condition: Operand, then: Operand, otherwise: Operand) -> Operand:
        """`then` where the condition, a truth, holds, `otherwise` elsewhere."""
        if isinstance(condition, float):
            return then if condition else otherwise
        if _is_truth(then) and _is_truth(otherwise):
            return self._truth(condition, then, otherwise)
        if otherwise == 0.0 and isinstance(then, float) and isfinite(then):
            return self.multiply(condition, then)
        if then == 0.0 and isinstance(otherwise, float) and isfinite(otherwise):
            return self.multiply(self.opposite(condition), otherwise)
        return self._record(np.where, (condition, then, otherwise))

    def clip(self, operand: Operand, least: float, most: float) -> Operand:
        """`operand` brought into [least, most]; a clip of a clip is one."""
        step = self._step_of(operand)
        if step is not None and step.apply is np.clip:
            operand, *bounds = step.operands
            low, high = (self.apply(np.clip, bound, least, most) for bound in bounds)
            return self.apply(np.clip, operand, low, high)
        return self.apply(np.clip, operand, least, most)

    def _truth(self, condition: _Register, then: Operand, otherwise: Operand) -> Operand:
        """`where` among truths; memory moves an eighth as fast as it does for numbers, and no branch is guessed."""
        first, second = self.both(condition, then), self.both(self.opposite(condition), otherwise)
        if isinstance(first, float) or isinstance(second, float):
            return second if first == 0.0 else first
        return self._record(np.logical_or, (first, second), mask=True)

    def _negated(self, operand: Operand) -> Operand | None:
        """What `operand` is the negative of, where that is known."""
        step = self._step_of(operand)
        return step.operands[0] if step is not None and step.apply is np.negative else None

    def _number(self, operand: Operand) -> Operand:
        """A mask as numbers, as most functions want them."""
        is_mask = isinstance(operand, _Register) and operand.mask
        return self._record(np.multiply, (operand, 1.0)) if is_mask else operand

    def _step_of(self, operand: Operand) -> _Step | None:
        return self._steps[operand.index - 1] if isinstance(operand, _Register) and operand != _X else None

    def _record(self, function: _Apply, operands: tuple[Operand, ...], mask: bool = False) -> Operand:
        numbers = [np.float64(operand) for operand in operands if isinstance(operand, float)]
        if len(numbers) == len(operands):
            with np.errstate(all="ignore"):
                return float(function(*numbers))
        # The text of a number tells 0 from −0, which are equal.
        key = function, *(operand if isinstance(operand, _Register) else operand.hex() for operand in operands)
        if key not in self._known:
            self._steps.append(_Step(function, operands, mask))
            self._known[key] = _Register(len(self._steps), mask)
        return self._known[key]


def _is_truth(operand: Operand) -> bool:
    return operand.mask if isinstance(operand, _Register) else operand in (0.0, 1.0)
