"""The family of claims: one class a file, found by reading the folder."""

from typing import TYPE_CHECKING

from service.core.kinds import discover, one_of
from service.grading.claims.base import Claim

__all__ = ["AnyClaim", "Claim"]

discover(__name__)

if TYPE_CHECKING:
    AnyClaim = Claim
else:
    AnyClaim = one_of("Claim", Claim)
