"""What other tools and published measures say of a network at initialisation: by one more pass of the first trial."""

import numpy as np

from service.core.arrays import Array
from service.core.kinds import Model
from service.nn.layers.base import Built
from service.simulation.descent import SilentProbe, slope
from service.simulation.drawing import draw
from service.simulation.plan import Plan
from service.simulation.rival_rules import RULES, Activated, Observed, Opinion
from service.simulation.vocabulary import USUAL_RATES, Label, Optimiser
from service.simulation.zero_cost import Passed, ZeroCostMeasure, zero_cost_measures


class Opinions(Model):
    """What other tools and published measures say of the first trial."""

    rules: list[Opinion]
    """The rules of tools."""
    measures: list[ZeroCostMeasure]
    """Published measures at initialisation, with their AUC beside that of our risk."""


def opinions_of(made: Plan, label: Label, ratio: float | None) -> Opinions:
    """The opinions on the first trial of a plan, of that label and ratio."""
    rate = USUAL_RATES[Optimiser(made.spec.policy.kind_name())]
    network = draw(made, range(1))
    passed = Passed(made, network, slope(network, made.spec.loss))
    with np.errstate(all="ignore"):
        seen = _observed(passed, rate)
        rules = [rule.opinion(seen, label, ratio) for rule in RULES]
        return Opinions(rules=rules, measures=zero_cost_measures(passed))


class _Watch(SilentProbe):
    """A probe that keeps what every activation was given and what it made of that."""

    def __init__(self) -> None:
        self.seen: dict[int, tuple[Array, Array]] = {}

    def output(self, at: Built, z: Array, h: Array) -> None:
        """Keep (samples, features) of the first trial."""
        if at.node.output_activation is not None:
            self.seen[at.row] = z[0], h[0]


def _observed(passed: Passed, rate: float) -> Observed:
    watch, made, network = _Watch(), passed.made, passed.network
    network.chain.forward(network.inputs, watch)
    hidden = [node for node in made.nodes if node.row in watch.seen and node.row != made.top[-1].row]
    kinds = [(node.node.output_activation, watch.seen[node.row]) for node in hidden]
    return Observed(
        [gradient for _, gradient in passed.weights],
        [weights for weights, _ in passed.weights],
        [Activated(one.kind, *seen) for one, seen in kinds if one is not None and one.kind != "linear"],
        rate,
    )
