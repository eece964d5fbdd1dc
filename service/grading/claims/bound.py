"""A bound of an activation or its derivative, judged as a bound: valid, tight, attained, or not one at all."""

from math import inf
from typing import Annotated, Any, Literal

from flint import ctx
from pydantic import Field

from service.core.kinds import Double
from service.formulas.language.tree import Expr, call
from service.grading.answers import ANSWER_BITS, Unreadable
from service.grading.claims.base import CLAIM_ID, Claim, Context, Judgement
from service.grading.inequality import BoundOutcome, Inequality
from service.grading.results import Method
from service.nn.activations import AnyActivation
from service.theory.bounds import bounds
from service.theory.facts import Range, Stretch

_Quantity = Literal["value", "derivative", "abs_derivative"]
_LOOSE_SHARE = 0.5
_BELOW, _ABOVE = -1, 1


class BoundClaim(Claim):
    """`0 <= |f'(z)| <= 1.19968`, or one side of it: below the supremum is no bound, however close."""

    kind: Literal["bound"] = "bound"
    activation: AnyActivation | None = None
    """The activation whose bound is asked for."""
    derivative_from: Annotated[str, Field(pattern=CLAIM_ID)] | None = None
    """The id of a claim whose answer is the derivative to be bounded: the student's own, right or wrong."""
    quantity: _Quantity = "abs_derivative"
    """What is bounded."""
    interval: Stretch | None = None
    """Where; null for the whole line."""
    side: Literal["upper", "lower", "both"] = "upper"
    """Which bounds an answer must state; what it states beyond that is judged, too."""
    require: Literal["valid", "tight"] = "valid"
    """Whether a valid bound is enough, or it has to be the best one; a loose one is then worth half."""
    relative_tolerance: Annotated[Double, Field(gt=0, le=1)] = 1e-4
    """How far from the best bound, relative to it, a bound is still tight."""

    def flaws(self) -> list[tuple[str, str]]:
        """Neither or both of `activation` and `derivative_from`; a value of what only has a derivative."""
        if (self.activation is None) == (self.derivative_from is None):
            return [("", "Exactly one of `activation` and `derivative_from` says what is bounded.")]
        if self.derivative_from is not None and self.quantity == "value":
            return [("/quantity", "Of a derivative alone, the function's own value is not known.")]
        return []

    def judge(self, answer: Any, context: Context) -> Judgement:
        """Both sides against the certified infimum and supremum."""
        named = dict(self.activation.values) if self.activation else {}
        claimed, quantity = Inequality.of(answer, named), self.quantity
        self._check_complete(claimed)
        if claimed.of_size and quantity == "derivative":
            quantity = "abs_derivative"  # of |f'| is what was stated, and what is judged
        sides = self._judged(claimed, self._truth(context, quantity))
        if quantity == "abs_derivative" and claimed.named and not claimed.of_size and claimed.lower is not None:
            stated = self._judged(claimed, self._truth(context, "derivative"))  # f' itself, from both sides
            folded = self._judged(claimed.folded(), self._truth(context, quantity))
            sides = folded if all(side.valid for side in stated) else stated
        return self._together(sides)

    def _judged(self, claimed: Inequality, truth: Range) -> list[BoundOutcome]:
        with ctx.workprec(ANSWER_BITS):
            return [
                side.judged(extreme, sign, self.relative_tolerance)
                for side, extreme, sign in ((claimed.lower, truth.inf, _BELOW), (claimed.upper, truth.sup, _ABOVE))
                if side is not None
            ]

    def _check_complete(self, claimed: Inequality) -> None:
        if claimed.upper is None and self.side != "lower":
            raise Unreadable("A bound from above is missing.")
        if claimed.lower is None and self.side != "upper" and not (claimed.of_size and self.quantity == "derivative"):
            raise Unreadable("A bound from below is missing.")

    def _truth(self, context: Context, quantity: _Quantity) -> Range:
        window = (self.interval.low, self.interval.high) if self.interval else (-inf, inf)
        if self.activation is not None:
            known: Range = getattr(bounds(self.activation.closed, *window), quantity)
            return known
        derivative = self._own(context)
        signed = bounds(derivative, *window).value
        if quantity == "derivative" or signed.sup.unbounded or signed.inf.unbounded:
            return signed
        return bounds(call("abs", derivative), *window).value

    def _own(self, context: Context) -> Expr:
        """The student's own derivative."""
        source = self.derivative_from or ""
        own = context.answers.get(source)
        if own is None:
            raise Unreadable("The derivative that this bound belongs to has no answer.")
        try:
            derivative = context.formulas[source](own)
        except Unreadable:
            raise Unreadable("The derivative that this bound belongs to cannot be read.") from None
        derivative.check_effort()
        return derivative.closed

    def _together(self, sides: list[BoundOutcome]) -> Judgement:
        own = ["It was judged by your own derivative."] if self.derivative_from is not None else []
        message = " ".join([side.sentence for side in sides] + own)
        unclear = next((side for side in sides if side.valid is None), None)
        if unclear is not None:
            return Judgement.undecided(unclear.code, message, Method.CERTIFIED_INTERVAL)
        share = sum(map(self._share, sides)) / len(sides)
        worst = min(sides, key=self._share)
        code = "valid_but_loose" if worst.valid and any(one.code != "tight" for one in sides) else worst.code
        return Judgement.partial(share, code, message, Method.CERTIFIED_INTERVAL)

    def _share(self, side: BoundOutcome) -> float:
        if side.code == "valid_but_loose":
            return 1.0 if self.require == "valid" else _LOOSE_SHARE
        return 1.0 if side.valid else 0.0
