"""What every text must survive: read, written, read back, differentiated and evaluated, or refused; each in no time.

The property tests feed it what Hypothesis makes, `benchmarks/fuzz_formulas.py` what mutations of known formulas make.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import thread_time
from typing import TypeVar

import numpy as np

from service.formulas.language.canonical import canonical
from service.formulas.language.differentiate import DerivativeTooLong, differentiate
from service.formulas.language.evaluation import Evaluation
from service.formulas.language.grammar import parse
from service.formulas.language.tokens import LONGEST_TEXT, FormulaError
from service.formulas.language.tree import Expr
from service.formulas.language.write import latex, plain

LONGEST_STEP_SECONDS = 0.2
PARAMETERS = {"a": 0.7, "beta": 1.05, "b_1": -0.3}
EVALUATION = Evaluation("z", PARAMETERS)
X = np.linspace(-3.1, 2.9, 8).reshape(2, 4)
EXTREMES = np.array([0.0, -0.0, 1e-300, 1e300, -1e300, np.inf, -np.inf, np.nan])
T = TypeVar("T")


class Fault(AssertionError):
    """A text that does harm, and the step in which."""


@dataclass
class Survivor:
    """One text on its way; `slowest` is the step that took longest, in processor seconds."""

    text: str
    slowest: dict[str, float] = field(default_factory=dict)

    def understood(self) -> Expr | None:
        """The formula; None where it is refused, Fault where either goes wrong."""
        try:
            node = self._step("read", lambda: parse(self.text, parameters=PARAMETERS))
        except FormulaError:
            return None
        with np.errstate(all="ignore"):
            self._is_written_alike("formula", node)
            self._has_numbers(node)
            derivative = self._derivative(node)
            if derivative is not None:
                self._is_written_alike("derivative", derivative)
        return node

    def _step(self, name: str, call: Callable[[], T]) -> T:
        start = thread_time()
        try:
            return call()
        except FormulaError:
            raise
        except Exception as error:
            raise Fault(f"{name}: {error!r} of {self.text!r}") from error
        finally:
            took = thread_time() - start
            if took > LONGEST_STEP_SECONDS:
                took = min(took, again(call))  # a pause of the garbage collector is no formula's
            self.slowest[name] = max(took, self.slowest.get(name, 0.0))
            if took > LONGEST_STEP_SECONDS:
                raise Fault(f"{name}: {took:.3f} s for {self.text!r}")

    def _is_written_alike(self, what: str, node: Expr) -> None:
        values = self._step("numbers", lambda: EVALUATION.values(node, X))
        for writer in (plain, latex):
            written = self._step(f"{writer.__name__} of the {what}", lambda writer=writer: writer(node))
            if len(written) > LONGEST_TEXT:
                continue
            read = self._read_back(written, ("most",) if what == "formula" else ("most", "up to"))
            if read is not None and not _alike(EVALUATION.values(read, X), values):
                raise Fault(f"{what} of {self.text!r} is written as {written!r}, which has other values")

    def _read_back(self, written: str, bounds: tuple[str, ...]) -> Expr | None:
        """None where only a bound stands against it: what is written may be larger than what was read."""
        try:
            return self._step("read back", lambda: parse(written, parameters=PARAMETERS))
        except FormulaError as refusal:
            if any(bound in refusal.sentence for bound in bounds):
                return None
            raise Fault(f"{self.text!r} is written as {written!r}: {refusal.sentence}") from refusal

    def _derivative(self, node: Expr) -> Expr | None:
        try:
            return self._step("differentiate", lambda: differentiate(node, "z"))
        except DerivativeTooLong:
            return None

    def _has_numbers(self, node: Expr) -> None:
        stable = self._step("canonical", lambda: canonical(node))
        for x in (X, X.astype(np.float32), EXTREMES, X[:0]):
            kept = x.copy()
            both = self._step("numbers", lambda x=x: EVALUATION.values_and_derivative(stable, x))
            if any((one.shape, one.dtype) != (x.shape, x.dtype) for one in both) or not _same(x, kept):
                raise Fault(f"{self.text!r} changes its argument, or the shape or precision of it")


def again(call: Callable[[], object]) -> float:
    """The processor seconds of a call whose result is known already."""
    start = thread_time()
    with suppress(FormulaError):
        call()
    return thread_time() - start


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """At most places where both are numbers: z/a/b overflows elsewhere; tan(z^40) and acosh(a/a) show roundings."""
    finite = np.isfinite(one) & np.isfinite(other)
    return not finite.any() or np.isclose(one[finite], other[finite], rtol=1e-6, atol=1e-7).mean() > 0.5


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return np.array_equal(one, other, equal_nan=True)
