"""Adam."""

from typing import ClassVar, Literal

from service.nn.policies.base import Above, Below, Policy


class Adam(Policy):
    """Adam rescales the gradient of each parameter, and so forgives more."""

    kind: Literal["adam"] = "adam"
    vanishing_mild: Below = -2.5
    """At this depth ratio and below, the gradient vanishes."""
    vanishing_severe: Below = -6.0
    """At this one and below, severely."""
    exploding_mild: Above = 1.5
    """At this depth ratio and above, the gradient explodes."""
    exploding_severe: Above = 3.0
    """At this one and above, severely."""

    source: ClassVar[str] = "197 networks of 4 to 32 layers and 14 activations, trained on the digits."
