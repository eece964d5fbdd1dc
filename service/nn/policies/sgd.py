"""Gradient descent."""

from typing import ClassVar, Literal

from service.nn.policies.base import Above, Below, Policy


class Sgd(Policy):
    """Gradient descent: inside one decade nearly all networks learn, beyond two and a half none does."""

    kind: Literal["sgd"] = "sgd"
    vanishing_mild: Below = -1.0
    """At this depth ratio and below, the gradient vanishes."""
    vanishing_severe: Below = -2.5
    """At this one and below, severely."""
    exploding_mild: Above = 1.0
    """At this depth ratio and above, the gradient explodes."""
    exploding_severe: Above = 2.5
    """At this one and above, severely."""

    source: ClassVar[str] = "500 networks of 4 to 32 layers and 14 activations, trained on the digits at six rates."
