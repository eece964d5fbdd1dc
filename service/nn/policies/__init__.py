"""The family of policies: which gradients an optimiser forgives; one class a file, found by reading the folder."""

from typing import TYPE_CHECKING

from service.core.kinds import discover, one_of
from service.nn.policies.base import Policy

__all__ = ["AnyPolicy", "Policy"]

discover(__name__)

if TYPE_CHECKING:
    AnyPolicy = Policy
else:
    AnyPolicy = one_of("Policy", Policy)
