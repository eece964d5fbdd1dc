"""The infimum or supremum of a quantity while it is searched for: what was met, and what is still possible."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from flint import arb

from service.formulas.enclosures.balls import INFINITY, Ball
from service.formulas.vocabulary import Approach


@dataclass(frozen=True)
class Spot:
    """Where a value is taken (`at`, `between` two points) or approached."""

    approach: Approach
    low: Ball
    high: Ball


@dataclass(frozen=True)
class Witness:
    """A value that is taken or approached."""

    value: Ball
    spot: Spot
    solved: bool
    """Whether it is known to be an extreme of its surroundings, and not merely a value that was met."""


@dataclass
class Extreme:
    """The largest value of `sign` times a quantity: `floor` is reached for certain, nothing is above `ceiling`."""

    sign: int
    floor: Ball = field(default_factory=lambda: -INFINITY)
    ceiling: Ball = field(default_factory=lambda: -INFINITY)
    witnesses: list[Witness] = field(default_factory=list)

    @classmethod
    def over(cls, sign: int, parts: Iterable["Extreme"]) -> "Extreme":
        """The extreme over several parts."""
        whole = cls(sign)
        for part in parts:
            whole.witnesses += part.witnesses
            whole.floor, whole.ceiling = arb.max(whole.floor, part.floor), arb.max(whole.ceiling, part.ceiling)
        return whole

    def mirrored(self) -> "Extreme":
        """The other extreme of the negative quantity."""
        witnesses = [Witness(-one.value, one.spot, one.solved) for one in self.witnesses]
        return Extreme(-self.sign, self.floor, self.ceiling, witnesses)

    def offer(self, value: Ball, spot: Spot, solved: bool = True) -> None:
        """A value that is taken or approached; one that is not known may be anything."""
        if not (value.is_finite() or is_infinite(value)):
            self.allow(INFINITY)
            return
        self.witnesses.append(Witness(value, spot, solved))
        self.floor = arb.max(self.floor, (self.sign * value).lower())
        self.allow((self.sign * value).upper())

    def allow(self, bound: Ball) -> None:
        """Nothing more is known of some part than that it stays below `bound`."""
        self.ceiling = arb.max(self.ceiling, INFINITY if bound.is_nan() else bound)

    def beyond(self, bound: Ball) -> bool:
        """Whether a part that stays below `bound` may hold larger values than those that were met."""
        return not bound <= self.floor

    def best(self) -> list[Witness]:
        """Those witnesses that nothing tells from the extreme; of values merely met, those that are it exactly."""
        return [one for one in self.witnesses if self._is_best(one)]

    def _is_best(self, witness: Witness) -> bool:
        value = self.sign * witness.value
        if witness.solved:
            return bool(value.upper() >= self.floor)
        return bool(value == self.floor and value == self.ceiling)


def is_infinite(value: Ball) -> bool:
    """Whether a value is ±∞, and not merely unknown."""
    return bool(value == INFINITY or value == -INFINITY)  # noqa: PLR1714 - balls have no hash
