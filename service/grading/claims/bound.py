"""A bound of an activation or its derivative, judged as a bound: valid, tight, attained, or not one at all."""

from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import Annotated, Any, Literal

from flint import ctx
from pydantic import Field

from service.core.kinds import Double, Int64
from service.formulas.enclosures.balls import Undecided
from service.formulas.enclosures.program import slope_of
from service.formulas.language.tree import Expr, call
from service.grading.answers import ANSWER_BITS, Undecidable, Unreadable
from service.grading.claims.base import CLAIM_ID, Claim, Context, Judgement
from service.grading.extremum import BoundOutcome, KnownExtreme, Tightness
from service.grading.inequality import Inequality
from service.grading.notation import Named
from service.grading.quantity import Quantity
from service.grading.results import CheckStatus, Method
from service.nn.activations import AnyActivation
from service.theory.bounds import bounds
from service.theory.facts import Range, Stretch

_Quantity = Literal["value", "derivative", "abs_derivative"]
_QUANTITIES = {"value": (0, False), "derivative": (1, False), "abs_derivative": (1, True)}
_OTHER_READINGS = (1, 2)
_DIGITS = (6, 12, 18, 24, 30)  # of two ways to read a bound, until they look different
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
    absolute_tolerance: Annotated[Double, Field(gt=0, le=1e100)] | None = None
    """How far from the best bound a bound is still tight, too."""
    decimals: Annotated[Int64, Field(ge=0, le=15)] | None = None
    """So many decimals are asked for: the best bound rounded outward to them is tight, too; rounded to the other
    side it is no bound."""

    def flaws(self) -> list[tuple[str, str]]:
        """Neither or both of `activation` and `derivative_from`; a value of a derivative; what is tight, unasked."""
        if (self.activation is None) == (self.derivative_from is None):
            return [("", "Exactly one of `activation` and `derivative_from` says what is bounded.")]
        if self.derivative_from is not None and self.quantity == "value":
            return [("/quantity", "Of a derivative alone, the function's own value is not known.")]
        if self.require == "valid":
            unasked = [name for name in ("absolute_tolerance", "decimals") if getattr(self, name) is not None]
            return [(f"/{name}", f'`{name}` says what is tight; set `require` to "tight".') for name in unasked]
        return []

    def judge(self, answer: Any, context: Context) -> Judgement:
        """Both sides against the certified infimum and supremum; `ambiguous` where another usual reading is right."""
        asked = self._asked(context)
        judgement, claimed = self._read(answer, asked)
        wrong = judgement.status in (CheckStatus.INCORRECT, CheckStatus.PARTIAL) and isinstance(answer, str)
        others = (self._otherwise(answer, asked, reading) for reading in (_OTHER_READINGS if wrong else ()))
        said = next((one for one in others if one is not None), None)
        if said is None:
            return judgement
        pairs = [(claimed.shown(digits), said.shown(digits)) for digits in _DIGITS]
        first, second = next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])
        sentence = f"This can be read in two ways: {first}, or {second}. Write parentheses."
        return Judgement(CheckStatus.INVALID, "ambiguous", sentence)

    def _otherwise(self, answer: Any, asked: Quantity, reading: int) -> Inequality | None:
        """What the answer says in another usual reading, where it is right, or may be."""
        with suppress(Unreadable, Undecidable):
            found, said = self._read(answer, replace(asked, named=replace(asked.named, reading=reading)))
            if found.status in (CheckStatus.CORRECT, CheckStatus.UNDECIDED):
                return said
        return None

    def _read(self, answer: Any, asked: Quantity) -> tuple[Judgement, Inequality]:
        """The judgement, and what the answer was read as."""
        claimed = Inequality.of(answer, asked).without_infinite(self.side)
        self._check_complete(claimed, asked)
        of_size = asked.size or claimed.of_size  # of |f'| is what was stated, and what is judged
        sides = self._judged(claimed, asked, of_size=of_size)
        if claimed.of_size and not asked.size and self.side != "upper" and all(side.valid for side in sides):
            unfolded = claimed.unfolded()
            sides = self._judged(unfolded, asked, of_size=unfolded is claimed)
        if asked.size and not claimed.of_size and claimed.of_signed:
            stated = self._judged(claimed, asked, of_size=False)  # f' itself, from both sides
            folded = self._judged(claimed.folded(), asked, of_size=True)
            sides = folded if all(side.valid for side in stated) else stated
        return self._together(sides), claimed

    def _asked(self, context: Context) -> Quantity:
        order, size = _QUANTITIES[self.quantity]
        if self.activation is None:
            return Quantity(
                Named((None, self._own(context)), {}), order, size, self.side == "lower", self.side == "both"
            )
        closed, slope = self.activation.closed, None
        with suppress(Undecided):
            slope = slope_of(closed, 1)
        named = Named((closed, slope), dict(self.activation.values), self.activation.kind_name())
        return Quantity(named, order, size, self.side == "lower", self.side == "both")

    def _judged(self, claimed: Inequality, asked: Quantity, *, of_size: bool) -> list[BoundOutcome]:
        near = Tightness(self.relative_tolerance, self.absolute_tolerance, self.decimals)
        name, truth = _name(asked.order, of_size=of_size), self._truth(asked, of_size=of_size)
        both = (
            (claimed.lower, KnownExtreme(truth.inf, _BELOW, name)),
            (claimed.upper, KnownExtreme(truth.sup, _ABOVE, name)),
        )
        with ctx.workprec(ANSWER_BITS):
            return [said.judged(extreme, near) for said, extreme in both if said is not None]

    def _check_complete(self, claimed: Inequality, asked: Quantity) -> None:
        if claimed.upper is None and self.side != "lower":
            raise Unreadable(f"A bound from above is missing: {asked.name} <= …, with ∞ where there is none.")
        through_size = claimed.of_size and not asked.size  # |f'| <= 1 bounds f' from below, |f'| >= 0 does not
        if self.side != "upper" and (claimed.upper if through_size else claimed.lower) is None:
            raise Unreadable(f"A bound from below is missing: {asked.name} >= …, with -∞ where there is none.")
        if asked.size and claimed.named and not claimed.of_size and claimed.lower is None:
            self._check_never_negative(asked)

    def _check_never_negative(self, asked: Quantity) -> None:
        """Raise Unreadable where f' <= 1 does not say that |f'| <= 1."""
        lowest = self._truth(asked, of_size=False).inf
        if not (lowest.decimal is not None and float(lowest.decimal) >= 0) and not (lowest.low or -1.0) >= 0:
            raise Unreadable(f"This bounds f'(z) from above alone; the question asks for {asked.name}.")

    def _truth(self, asked: Quantity, *, of_size: bool) -> Range:
        window = (self.interval.low, self.interval.high) if self.interval else (-inf, inf)
        function, derivative = asked.named.formulas
        if function is not None and asked.order == 1:
            known = bounds(function, *window)
            return known.abs_derivative if of_size else known.derivative
        quantity = function if asked.order == 0 else derivative
        if quantity is None:
            raise Unreadable("What is bounded has no formula.")
        signed = bounds(quantity, *window).value
        if not of_size or signed.sup.unbounded or signed.inf.unbounded:
            return signed
        return bounds(call("abs", quantity), *window).value

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
        verdict = "" if share <= 0.0 else "Correct. " if share >= 1.0 else "Partly correct. "
        return Judgement.partial(share, code, verdict + message, Method.CERTIFIED_INTERVAL)

    def _share(self, side: BoundOutcome) -> float:
        if side.code == "valid_but_loose":
            return 1.0 if self.require == "valid" else _LOOSE_SHARE
        return 1.0 if side.valid else 0.0


def _name(order: int, *, of_size: bool) -> str:
    name = "φ" + "'" * order
    return f"|{name}|" if of_size else name
