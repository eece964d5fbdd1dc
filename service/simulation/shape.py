"""What plans have in common that are measured together: all that the passes depend on but the numbers they draw by."""

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from service.core.kinds import Model
from service.nn.activations import Activation
from service.nn.data import Data
from service.nn.initializers import Initializer, NoBias
from service.nn.layers.base import Parameter
from service.simulation.plan import Plan
from service.simulation.tree import PlannedNode

_NUMBERS_OF_DRAWS = ("name", "rate")
"""Fields of nodes that nothing is computed from after the draws; the rate of dropout is that of its mask."""
_KNOWN = "_shape"


def shape_of(made: Plan) -> Hashable:
    """What is the same for plans that may be measured together, and cost the same.

    Plans may differ in seeds, in the numbers of their initialisers and of their random data, in the activations of all
    layers but the last where inputs are random, in rates of dropout, in policies, and in what is not simulated.
    """
    known = vars(made)
    if _KNOWN not in known:  # as of a cached property
        known[_KNOWN] = _shape(made)
    return known[_KNOWN]


def by_shape(plans: Sequence[Plan]) -> list[list[int]]:
    """The numbers of the plans in groups of those that are of one shape, as each comes first."""
    found: dict[Hashable, list[int]] = {}
    for number, made in enumerate(plans):
        found.setdefault(shape_of(made), []).append(number)
    return list(found.values())


def _shape(made: Plan) -> Hashable:
    spec, last, inputs = made.spec, made.top[-1].row, made.spec.inputs()
    return (
        made.samples,
        made.trials,
        made.way,
        spec.precision,
        spec.loss_scale,
        spec.network.shape,
        tuple(spec.include),
        _said(spec.network.input),
        _said(spec.loss),
        _drawn_by(inputs),
        _drawn_by(made.targets),
        tuple(_node(one, whole=one.row == last or not inputs.random) for one in made.nodes),
    )


def _node(one: PlannedNode, whole: bool) -> Hashable:
    """What is the same of a node; `whole` where the numbers of its activation are, too."""
    return (
        type(one.node),
        one.shape,
        one.out,
        one.batch,
        one.source,
        one.inside,
        one.first,
        tuple(tuple(inner.row for inner in chain) for chain in one.chains),
        tuple(map(_parameter, one.parameters)),
        tuple(_said(value, whole) for name, value in vars(one.node).items() if name not in _NUMBERS_OF_DRAWS),
    )


def _parameter(one: Parameter) -> Hashable:
    """What is the same of a parameter: the kind of its initialiser, and the values of weights that are no random ones.

    Products with weights of all trials alone are not always rounded as products with weights of every trial are.
    """
    rule = one.initializer
    values = rule.model_dump_json() if one.is_weights and not rule.random else None
    return one.name, one.shape, one.fan_in, one.fan_out, one.per_sample, one.parts, type(rule), values


def _drawn_by(data: Data) -> Hashable:
    """What is the same of inputs or targets."""
    return type(data), data.shape_of_values() is None, data.random, None if data.random else data.model_dump_json()


def _said(value: Any, activations: bool = True) -> Hashable:
    """A value of a specification as what can be compared; of what draws, and of some `activations`, the kind alone."""
    kind: Any = type(value)
    family = _family(kind)
    if family is Activation:
        family = Model if activations else None
        value = value if activations else Activation
    if family is Initializer:
        return cast(Hashable, kind)
    if family is Model:
        return kind, tuple(_said(one, activations) for one in vars(value).values())
    if family is Mapping:
        return tuple(value.items())
    if family is Sequence:
        return tuple(_said(one, activations) for one in value)
    return cast(Hashable, value)


@lru_cache
def _family(kind: Any) -> Any:
    """What values of a type are; None where they can be compared as they are."""
    if issubclass(kind, str):
        return None
    families = (Initializer, Activation, Model, Mapping, Sequence)
    return Initializer if kind is NoBias else next((one for one in families if issubclass(kind, one)), None)
