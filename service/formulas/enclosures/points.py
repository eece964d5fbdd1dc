"""The value of a formula at one point, switches thrown as they stand there."""

from flint import arb

from service.formulas.enclosures.balls import UNKNOWN, Ball
from service.formulas.enclosures.monomials import Undecided
from service.formulas.enclosures.program import Program
from service.formulas.enclosures.switches import looked_at, switches, thrown
from service.formulas.language.tree import ZERO, Expr

_ZERO = 1e-20


def value_at(node: Expr, z: Ball) -> Ball:
    """The value at `z`, NaN where there is none; Undecided where a switch cannot be told from its turning point.

    What is smaller than 1e-20 at a ball around the turning point of a switch is the zero there.
    """
    while (switch := next(switches(node), None)) is not None:
        node = node.substituted(switch, thrown(switch, _side(looked_at(switch), z)))
    value = Program([node]).run(z)[0]
    return value if value.is_finite() else UNKNOWN


def _side(argument: Expr, z: Ball) -> int | None:
    if argument == ZERO:
        return 0
    value = Program([argument]).run(z)[0]
    if value.is_nan():
        return None
    if value > 0 or value < 0:
        return 1 if value > 0 else -1
    if abs(value).upper() < arb(_ZERO):
        return 0
    raise Undecided
