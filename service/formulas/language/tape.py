"""Records a program step by step: numbers are folded, and what is the same is done once."""

from math import isfinite
from typing import Any

import numpy as np

from service.formulas.language.program import Apply, Line, Operand, Program, Register, Step, X


class Tape:
    """The steps so far. Sums, products and choices are written in their cheapest form, with the same values."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._known: dict[tuple[Any, ...], Register] = {}

    def program(self, *outputs: Operand) -> Program:
        """What leads to `outputs`, without the steps that do not."""
        lines, needed = list[Line](), {output.index for output in outputs if isinstance(output, Register)}
        for target, step in reversed(list(enumerate(self._steps, start=X.index + 1))):
            if target in needed:
                spent = frozenset(step.sources - needed)
                lines.append(Line(target, step, spent, step.place(spent)))
                needed |= step.sources
        return Program(tuple(reversed(lines)), outputs)

    def apply(self, function: Apply, *operands: Operand) -> Operand:
        """function(*operands), element by element."""
        return self._record(function, tuple(self._number(operand) for operand in operands))

    def add(self, one: Operand, other: Operand) -> Operand:
        """one + other."""
        if (taken := self._negated(other)) is not None:
            return self.apply(np.subtract, one, taken)
        if (taken := self._negated(one)) is not None:
            return self.apply(np.subtract, other, taken)
        return self.apply(np.add, one, other)

    def multiply(self, one: Operand, other: Operand) -> Operand:
        """one · other."""
        if 1.0 in (one, other):
            return other if one == 1.0 else one
        if -1.0 in (one, other):
            return self.apply(np.negative, other if one == -1.0 else one)
        if _is_truth(one) and _is_truth(other):
            return self.both(one, other)
        return self._record(np.multiply, (one, other))

    def compare(self, comparison: Apply, one: Operand, other: Operand) -> Operand:
        """The truth of a comparison."""
        return self._record(comparison, (self._number(one), self._number(other)), mask=True)

    def opposite(self, truth: Operand) -> Operand:
        """Not `truth`."""
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

    def _truth(self, condition: Register, then: Operand, otherwise: Operand) -> Operand:
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
        is_mask = isinstance(operand, Register) and operand.mask
        return self._record(np.multiply, (operand, 1.0)) if is_mask else operand

    def _step_of(self, operand: Operand) -> Step | None:
        return self._steps[operand.index - 1] if isinstance(operand, Register) and operand != X else None

    def _record(self, function: Apply, operands: tuple[Operand, ...], mask: bool = False) -> Operand:
        numbers = [np.float64(operand) for operand in operands if isinstance(operand, float)]
        if len(numbers) == len(operands):
            with np.errstate(all="ignore"):
                return float(function(*numbers))
        # The text of a number tells 0 from −0, which are equal.
        key = function, *(operand if isinstance(operand, Register) else operand.hex() for operand in operands)
        if key not in self._known:
            self._steps.append(Step(function, operands, mask))
            self._known[key] = Register(len(self._steps), mask)
        return self._known[key]


def _is_truth(operand: Operand) -> bool:
    return operand.mask if isinstance(operand, Register) else operand in (0.0, 1.0)
