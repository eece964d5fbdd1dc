"""The family of claims: one class a file, found by reading the folder."""

from typing import TYPE_CHECKING

from service.grading.claims.base import Claim
from service.kinds import discover, one_of

__all__ = ["AnyClaim", "Claim"]

discover(__name__)

if TYPE_CHECKING:
    AnyClaim = Claim
else:
    AnyClaim = one_of("Claim", Claim)
