"""How much work a question is worth: counted, so that the same question has the same answer on every machine."""

from dataclasses import dataclass

from service.formulas.enclosures.monomials import Undecided

FOR_ZEROS = 8_000
"""Additions of series, 1 to 3 µs each, in whose time the pieces of a formula or its zeros are found."""
FOR_EXTREMES = 30_000
"""Additions of series in whose time the extremes of a formula, or of its derivative, are found on all its pieces."""


@dataclass
class Budget:
    """What is left, in additions."""

    left: int

    def spend(self, cost: int) -> None:
        """Take `cost`; Undecided where it is not there."""
        self.left -= cost
        if self.left < 0:
            raise Undecided
