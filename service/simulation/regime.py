"""How a plan is simulated: how many trials together, and which axis is innermost in memory."""

from dataclasses import dataclass

from service.simulation.plan import Plan

CHUNK_BYTES = 320 << 20
"""Trials are simulated together while they take no more memory than this."""
SIGNAL_BYTES = 512 << 10
"""Trials are simulated together until a layer's signal has this size."""
WIDEST_ALONG_TRIALS = 4
FEWEST_ALONG_TRIALS = 64


@dataclass(frozen=True)
class Regime:
    """`together` trials at a time; along the trials, or trial by trial."""

    together: int
    along_trials: bool


def regime(plan: Plan, item: int, per_trial: int) -> Regime:
    """The regime of `plan`, of which a number takes `item` bytes and a trial `per_trial`.

    Every call of NumPy takes a microsecond or two whatever its size, so trials of small networks share it; but what a
    layer works on should stay in the cache, and everything that the backward pass needs in memory.

    A matrix of four by four is multiplied in less time than it takes to call BLAS, and a sum over samples is a call
    for each trial: where networks are that small, every operation is a loop along many trials instead.
    """
    enough = -(-SIGNAL_BYTES // (item * plan.samples * plan.widest))
    together = max(1, min(plan.trials, enough, CHUNK_BYTES // per_trial))
    return Regime(together, plan.widest <= WIDEST_ALONG_TRIALS and together >= FEWEST_ALONG_TRIALS)
