"""A formula that must be the expected one."""

from math import inf, isfinite
from typing import Annotated, Any, Literal

from flint import arb
from pydantic import Field

from service.enclosures.equality import Comparison, Evidence, compare
from service.enclosures.points import value_at
from service.enclosures.program import VARIABLE
from service.enclosures.smoothness import smoothness
from service.expressions.differentiate import differentiate
from service.expressions.tree import Node
from service.grading.claims.base import Claim, Context, Judgement, Unreadable, partly, right, undecided, wrong
from service.grading.misconceptions import constant_factor, misconceptions
from service.grading.reading import Formula, formula_of
from service.grading.results import Counterexample
from service.grading.words import Method
from service.kinds import Fraction, Real
from service.nn.activations import AnyActivation
from service.profile.spec import Stretch

Name = Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_]{0,31}$")]


class ExpressionClaim(Claim):
    """A formula of z, plain or LaTeX, that is the derivative of an activation, or another formula in any spelling."""

    kind: Literal["expression"] = "expression"
    derivative_of: AnyActivation | None = None
    """The activation whose derivative is asked for; null where `expected` says what is."""
    expected: Annotated[str, Field(max_length=512)] | None = None
    """The formula asked for; null where `derivative_of` says it."""
    parameters: Annotated[dict[Name, Real], Field(max_length=16, default_factory=dict)]
    """Names that stand for numbers in the expected formula and in answers."""
    domain: Stretch | None = None
    """Where both must agree; null for wherever the expected formula has values."""
    at_kinks: Literal["exclude", "require"] = "exclude"
    """Whether the values at kinks count, where a derivative is a convention."""
    partial: Annotated[dict[Name, Fraction], Field(max_length=16, default_factory=dict)]
    """The share of the points for known slips, by their codes, such as `differs_by_sign`."""

    def flaws(self) -> list[tuple[str, str]]:
        """Neither or both of `derivative_of` and `expected`; a formula that cannot be read."""
        if (self.derivative_of is None) == (self.expected is None):
            return [("", "Exactly one of `derivative_of` and `expected` says what is asked for.")]
        try:
            self.target()
        except Unreadable as error:
            return [("/expected", error.sentence)]
        return []

    def target(self) -> Formula:
        """The expected formula."""
        if self.derivative_of is not None:
            return Formula(self.derivative_of.slope, differentiate(self.derivative_of.closed, VARIABLE))
        return formula_of(self.expected, self.parameters)

    def judge(self, answer: Any, context: Context) -> Judgement:
        """Correct where no difference is found on any piece; a proof where there is one."""
        formula, target = formula_of(answer, self._names()), self.target()
        found = [one for one in compare(formula.closed, target.closed, *self._domain()) if self._matters(one)]
        if any(one.difference is not None for one in found):
            return self._wrong(formula, target, found)
        kink = _differing_kink(formula.closed, target.closed) if self.at_kinks == "require" else None
        if kink is not None:
            sentence = f"It agrees everywhere but at z = {kink.z:g}, where the derivative is a convention."
            return wrong("at_kink", sentence, Method.NUMERIC, parsed_latex=formula.latex, counterexample=kink)
        if not found:
            return undecided("nothing_to_compare", "There is no interval on which both have values.")
        return _agreeing(formula, found)

    def _domain(self) -> tuple[float, float]:
        return (self.domain.low, self.domain.high) if self.domain else (-inf, inf)

    def _names(self) -> dict[str, float]:
        return {**(self.derivative_of.values if self.derivative_of else {}), **self.parameters}

    def _matters(self, found: Comparison) -> bool:
        """An answer may have values where the expected formula has none, and no domain was named."""
        return self.domain is not None or found.difference is None or found.difference.other is not None

    def _wrong(self, formula: Formula, target: Formula, found: list[Comparison]) -> Judgement:
        differing = next(one.difference for one in found if one.difference is not None)
        at = Counterexample(z=differing.z, yours=differing.one, expected=differing.other)
        code, sentence = self._slip(formula, target, found)
        apart = f" The two are {differing.apart:.3g} apart there." if differing.apart is not None else ""
        message = f"{sentence} At z = {at.z:g} it is {_shown(at.yours)}, and should be {_shown(at.expected)}.{apart}"
        share = self.partial.get(code, 0.0)
        method = Method.CERTIFIED_INTERVAL
        return partly(share, code, message, method, parsed_latex=formula.latex, counterexample=at)

    def _slip(self, formula: Formula, target: Formula, found: list[Comparison]) -> tuple[str, str]:
        """The name of the slip, and a sentence."""
        factor = constant_factor(formula.closed, target.closed)
        if factor not in (None, 1.0, -1.0):
            return "constant_factor", f"It is the expected formula times {factor:.6g}."
        function = self.derivative_of.closed if self.derivative_of else None
        for known in misconceptions(target.closed, function):
            if constant_factor(formula.closed, known.formula) == 1.0 and self._same(formula.closed, known.formula):
                return known.code, known.sentence
        agreeing = [one for one in found if one.difference is None]
        if agreeing:
            return "one_branch_wrong", f"It is right {_where(agreeing)}, but not everywhere."
        return "different", "This is another function."

    def _same(self, one: Node, other: Node) -> bool:
        return all(part.difference is None for part in compare(one, other, *self._domain()))


def _differing_kink(answer: Node, target: Node) -> Counterexample | None:
    """The first kink of either at which they have other values."""
    for kink in sorted({*smoothness(answer).kinks, *smoothness(target).kinks}):
        yours, expected = (float(value_at(node, arb(kink))) for node in (answer, target))
        if yours != expected:
            return Counterexample(z=kink, yours=_known(yours), expected=_known(expected))
    return None


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


def _agreeing(formula: Formula, found: list[Comparison]) -> Judgement:
    proven = all(one.evidence is Evidence.PROVEN for one in found)
    if proven:
        return right("equivalent", "It is the expected formula.", Method.EXACT_IDENTITY, parsed_latex=formula.latex)
    sentence = "It agrees with the expected formula to 50 digits wherever the two were compared."
    return right("agrees_numerically", sentence, Method.NUMERIC, parsed_latex=formula.latex)


def _where(pieces: list[Comparison]) -> str:
    return " and ".join(_interval(one.low, one.high) for one in pieces)


def _interval(low: float, high: float) -> str:
    if low == -inf:
        return f"for z < {high:g}"
    return f"for z > {low:g}" if high == inf else f"for {low:g} < z < {high:g}"


def _shown(value: float | None) -> str:
    return "without a value" if value is None else f"{value:.12g}"
