"""Networks in the order in which they are prone to something."""

from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import Field

from service.core.kinds import Int64
from service.grading.answers import Unreadable
from service.grading.claims.base import CLAIM_ID, Claim, Context, Judgement
from service.grading.measures import COMPARED_BY, Measure, Measured, report_path
from service.grading.results import Method
from service.simulation.spec import SimulationSpec

_Item = Annotated[str, Field(pattern=CLAIM_ID)]
_Tied = Annotated[list[_Item], Field(min_length=1, max_length=16)]
_Places = dict[str, int]
_Order = dict[tuple[str, str], int]
_MOST_NAMED = 3


class RankingClaim(Claim):
    """Most prone first; those that are alike stand in a list of their own."""

    kind: Literal["ranking"] = "ranking"
    of: Annotated[dict[_Item, SimulationSpec], Field(max_length=16, default_factory=dict)]
    """The networks, which are simulated; none where `expected` says the order."""
    expected: Annotated[list[_Tied], Field(max_length=16, default_factory=list)]
    """The right order, those that are alike in one list; none where the simulation says it."""
    by: Literal["vanishing", "exploding"] = "vanishing"
    """What the first is most prone to."""
    measure: Measure = "gain_per_layer"
    """What the simulation is asked: the rate is the tendency with more layers, the ratio the gradient at this depth."""
    credit: Literal["pairs", "exact", "top"] = "pairs"
    """A share for every pair in the right order, all or nothing, or the first few alone."""
    top: Annotated[Int64, Field(ge=1, le=16)] = 1
    """With `top`, how many of the first must be right."""

    def flaws(self) -> list[tuple[str, str]]:
        """Neither or both ways to say the order; too few items."""
        if bool(self.of) == bool(self.expected):
            return [("", "Exactly one of `of` and `expected` says what the order is.")]
        items = list(self.of) or [item for tied in self.expected for item in tied]
        if len(items) < 2 or len(set(items)) < len(items):
            return [("/expected" if self.expected else "/of", "A ranking needs two different items at least.")]
        if self.credit == "top" and self.top >= len(items):
            return [("/top", f"Of {len(items)} items fewer than that can be the first.")]
        return []

    def specs(self) -> dict[str, SimulationSpec]:
        """Every network that is ranked, by its name."""
        return {f"/of/{name}": spec for name, spec in self.of.items()}

    def judge(self, answer: Any, context: Context) -> Judgement:
        """By the pairs whose order is known; the others are right either way."""
        given = self._places(answer)
        found = (self._stated(given), ()) if self.expected else self._measured(given, context)
        if found is None:
            return Judgement.undecided(
                "no_measure", "One of the networks has no value to be compared, so there is no order to judge by."
            )
        truth, evidence = found
        share = _SHARES[self.credit](given, truth, self.top)
        right = sum(_agrees(given, pair, sign) for pair, sign in truth.items())
        misplaced = [_misplaced(pair, sign) for pair, sign in truth.items() if not _agrees(given, pair, sign)]
        asked = [] if self.expected else [f"The networks are compared by {COMPARED_BY[self.measure]}."]
        counted = [f"{right} of {len(truth)} pairs are in the right order."]
        message = " ".join([*([] if misplaced else ["Correct."]), *counted, *asked, *misplaced[:_MOST_NAMED]])
        method = Method.LOOKUP if self.expected else Method.SIMULATION
        return Judgement.partial(share, "order_pairs", message, method, evidence=evidence)

    def _stated(self, given: _Places) -> _Order:
        places = _places_of(self.expected)
        return {(one, other): _sign(places[other] - places[one]) for one, other in combinations(given, 2)}

    def _places(self, answer: Any) -> _Places:
        items = list(self.of) or [item for tied in self.expected for item in tied]
        groups = _groups(answer) if isinstance(answer, list) else []
        named = [item for tied in groups for item in tied]
        if not all(isinstance(item, str) for item in named) or sorted(named) != sorted(items):
            raise Unreadable(f"List each of these once, the most prone first: {', '.join(items)}.")
        return _places_of(groups)

    def _measured(self, given: _Places, context: Context) -> tuple[_Order, tuple[str, ...]] | None:
        """Of every pair which comes first: 1 where the former does, −1 the latter, 0 where neither certainly does."""
        reports = {name: context.simulate(spec) for name, spec in self.of.items()}
        found = {name: Measured.of(report, self.measure) for name, report in reports.items()}
        known = {name: value for name, value in found.items() if value is not None}
        if len(known) < len(found):
            return None
        towards = -1 if self.by == "vanishing" else 1
        truth = {pair: towards * known[pair[0]].order(known[pair[1]]) for pair in combinations(given, 2)}
        return truth, tuple(report_path(report) for report in reports.values())


def _groups(ranking: list[Any]) -> list[list[str]]:
    return [tied if isinstance(tied, list) else [tied] for tied in ranking]


def _places_of(groups: list[list[str]]) -> _Places:
    return {item: place for place, tied in enumerate(groups) for item in tied}


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _agrees(given: _Places, pair: tuple[str, str], sign: int) -> bool:
    return sign in (0, _sign(given[pair[1]] - given[pair[0]]))


def _misplaced(pair: tuple[str, str], sign: int) -> str:
    first, second = pair if sign > 0 else pair[::-1]
    return f"{first} belongs before {second}."


def _pairs(given: _Places, truth: _Order, _top: int) -> float:
    """A pair that is tied where it should not be counts half."""
    decided = {pair: sign for pair, sign in truth.items() if sign}
    if not decided:
        return 1.0
    said = [(sign, _sign(given[pair[1]] - given[pair[0]])) for pair, sign in decided.items()]
    return sum(1.0 if one == other else 0.5 if other == 0 else 0.0 for one, other in said) / len(said)


def _exact(given: _Places, truth: _Order, _top: int) -> float:
    return float(all(_agrees(given, pair, sign) for pair, sign in truth.items()))


def _first(given: _Places, truth: _Order, top: int) -> float:
    """Whether those at the first places are there alone, and no other belongs in front of them."""
    first = {item for item in given if sum(given[other] < given[item] for other in given) < top}
    across = {pair: sign for pair, sign in truth.items() if (pair[0] in first) != (pair[1] in first)}
    return float(len(first) == top and all(_agrees(given, pair, sign) for pair, sign in across.items()))


_SHARES = {"pairs": _pairs, "exact": _exact, "top": _first}
