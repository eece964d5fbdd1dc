"""What plans have in common that are measured together: all that the passes depend on but numbers that are drawn by."""

from collections.abc import Hashable

from service.simulation.plan import Plan


def shape_of(made: Plan) -> Hashable:
    """What is the same for two plans that may be measured together."""
    return made.digest
