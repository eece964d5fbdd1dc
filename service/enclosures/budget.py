"""How much work a question is worth: counted, so that the same question has the same answer on every machine."""

from dataclasses import dataclass

from service.enclosures.monomials import Undecided

FOR_ZEROS = 8_000
"""Steps of programs, about 5 µs each, in which the pieces of a formula or the zeros of one are found."""
FOR_EXTREMES = 13_000
"""Steps in which the extremes of a formula, or of its derivative, are found on all its pieces."""


@dataclass
class Budget:
    """Steps that are left."""

    left: int

    def spend(self, steps: int) -> None:
        """Take `steps`; Undecided where they are not there."""
        self.left -= steps
        if self.left < 0:
            raise Undecided
