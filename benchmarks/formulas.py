"""Formulas against the hand-written activations they state: `python benchmarks/formulas.py [rounds]`.

Ratios of seconds for the values and the derivative, within one run and taken in turns.
"""

import sys
from collections.abc import Callable
from functools import partial
from itertools import product
from math import exp, log
from pathlib import Path
from time import perf_counter

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.core.kinds import members  # noqa: E402
from service.formulas.language.grammar import parse  # noqa: E402 - the root is on the path only now
from service.formulas.language.tokens import FormulaError  # noqa: E402
from service.nn.activations import Activation  # noqa: E402
from service.nn.activations.expression import Expression  # noqa: E402

SHAPE = (16, 64, 128)  # trials, samples, features
BAR = 3.0
"""A formula may take this many times as long."""


def main(rounds: int) -> int:
    """Print a line for each activation, the geometric mean and the worst; 1 where one exceeds the bar."""
    pairs = [(built_in, formula) for built_in in plain_ones() if (formula := written(built_in)) is not None]
    ratios = dict[str, float]()
    for precision, (built_in, formula) in product(("float64", "float32"), pairs):
        x = np.random.default_rng(1).normal(size=SHAPE).astype(precision)
        ours, theirs = best_of(rounds, partial(both, built_in, x), partial(both, formula, x))
        name = f"{built_in.kind_name():12} {precision}"
        ratios[name] = theirs / ours
        print(f"{name} {1e3 * ours:7.3f} ms {1e3 * theirs:7.3f} ms {ratios[name]:6.2f}", flush=True)
    worst = max(ratios, key=lambda name: ratios[name])
    mean = exp(sum(map(log, ratios.values())) / len(ratios))
    print(f"geometric mean {mean:.2f}, worst {ratios[worst]:.2f} ({worst})")
    return int(ratios[worst] > BAR)


def plain_ones() -> list[Activation]:
    """Every built-in activation with its defaults."""
    kinds = [kind for kind in members(Activation) if kind is not Expression]
    return [kind.model_validate({"kind": kind.kind_name()}) for kind in kinds]


def written(built_in: Activation) -> Expression | None:
    """The activation as a formula; None where its definition is none, as that of softmax."""
    parameters = {name: value for name, value in dict(built_in).items() if isinstance(value, float)}
    try:
        parse(built_in.definition, parameters=parameters)
    except FormulaError:
        return None
    return Expression(formula=built_in.definition, parameters=parameters)


def both(activation: Activation, x: np.ndarray) -> np.ndarray:
    """The derivative, as a forward and a backward pass come to it."""
    return activation.df(x, activation.f(x))


def best_of(rounds: int, *calls: Callable[[], object]) -> list[float]:
    """The least seconds of each call, taken in turns so that a busy moment strikes them all."""
    best = [float("inf")] * len(calls)
    with np.errstate(all="ignore"):
        for _ in range(rounds):
            for index, call in enumerate(calls):
                start = perf_counter()
                call()
                best[index] = min(best[index], perf_counter() - start)
    return best


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40))
