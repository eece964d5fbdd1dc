"""What a plan costs, before anything is allocated."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import TYPE_CHECKING

from service.core.errors import BudgetExceeded
from service.simulation.first_step import first_step_cost
from service.simulation.plan import Plan
from service.simulation.results import Estimate
from service.simulation.separation import FORWARD, Passes
from service.simulation.spec import Precision

if TYPE_CHECKING:
    from service.core.settings import Settings  # whose library takes longer to load than a small simulation

OPERATIONS_PER_SECOND = 2e10
"""Of one processor, by the estimate."""
_WORKER_BYTES = 320 << 20
"""Address space of a worker that has done nothing yet."""

# What else takes time, counted as the operations of a matrix product that take as long (float64, one core).
_OPERATIONS_PER_TRIAL_AND_LAYER = 3e4
_OPERATIONS_PER_CHUNK_AND_LAYER = 2e6

_ITEM_BYTES = {Precision.FLOAT32: 4, Precision.FLOAT64: 8, Precision.FLOAT16: 6, Precision.BFLOAT16: 6}
"""Of 16 bits single precision is computed with, and the network as it would be in that is kept beside."""
_TIMES = {Precision.FLOAT32: 0.6, Precision.FLOAT64: 1.0, Precision.FLOAT16: 2.0, Precision.BFLOAT16: 1.6}
"""How much longer everything takes than in double precision; 16 bits take two passes."""
_RECORDED_PER_LAYER = 80  # numbers for each trial and layer, with what it takes to sort them

_CHUNK_BYTES = 320 << 20
"""Trials are simulated together while they take no more memory than this."""
_SIGNAL_BYTES = 512 << 10
"""Trials are simulated together until a layer's signal has this size."""
_STACK_BYTES, _STACK_SIGNAL_BYTES = 64 << 20, 4 << 20
"""Plans of one shape are simulated together until they take this memory, or a layer's signal has this size."""
_WIDEST_ALONG_TRIALS = 4
_FEWEST_ALONG_TRIALS = 64
_COST = "_cost"


@dataclass(frozen=True)
class Limits:
    """What may be asked for at once."""

    floating_point_operations: float
    bytes: int
    beyond: str = ""  # what takes more operations than these, as a sentence

    @classmethod
    def of(cls, settings: "Settings", patience: float = 1.0) -> "Limits":
        """The limits of what is answered at once, with `patience` times its operations."""
        return cls(settings.sync_budget_flops * patience, settings.memory_bytes_per_worker)


@dataclass(frozen=True)
class Regime:
    """How a plan is simulated: so many trials together, and along the trials or trial by trial."""

    together: int
    along_trials: bool
    plans: int = 1  # of one shape, with all their trials, that are simulated together


@dataclass(frozen=True)
class Cost:
    """What a plan costs, and how it is simulated at that cost."""

    floating_point_operations: float
    bytes: int
    regime: Regime
    passes: Passes
    first_step: bool  # whether it is tried

    @property
    def seconds(self) -> float:
        """What it takes of one processor."""
        return seconds_of(self.floating_point_operations)


def seconds_of(operations: float) -> float:
    """What so many operations by the estimate take of one processor."""
    return operations / OPERATIONS_PER_SECOND


def cost(plan: Plan) -> Cost:
    """Operations over all trials, and the largest memory in use at one time; counted once for a plan, which keeps it.

    So a plan that is sent to a worker process has it along.
    """
    kept = vars(plan)
    if _COST not in kept:
        kept[_COST] = _counted(plan)
    found: Cost = kept[_COST]
    return found


def _counted(plan: Plan) -> Cost:
    item = _ITEM_BYTES[plan.spec.precision]
    kept = sum(node.kept for node in plan.nodes)
    working = max(node.merged + node.batch * node.node.scratch(node.shape) for node in plan.nodes)
    drawn = (
        sum(
            one.initializer.bytes_per_entry * prod(one.drawn_shape(plan.samples * node.batch))
            for one in node.parameters
        )
        for node in plan.nodes
    )
    at_once = max(drawn) + 8 * item * plan.samples * plan.widest
    per_trial = item * (plan.parameters + plan.samples * (kept + working)) + at_once
    chosen = regime(plan, item, per_trial)
    depth = len(plan.nodes)
    calls = sum(node.shape[0] if node.node.step_by_step else 1 for node in plan.nodes)
    each = (
        sum(
            one.initializer.draw_operations(one.matrix_shape(plan.samples))
            for node in plan.nodes
            for one in node.parameters
        )
        + plan.samples * sum(node.operations for node in plan.nodes)
        + _OPERATIONS_PER_TRIAL_AND_LAYER * depth
    )
    operations = plan.trials * each + _OPERATIONS_PER_CHUNK_AND_LAYER * calls * -(-plan.trials // chosen.together)
    recorded = 8 * _RECORDED_PER_LAYER * plan.trials * depth
    a_pass = FORWARD * _OPERATIONS_PER_CHUNK_AND_LAYER * calls
    passes = Passes.of(plan, operations, a_pass, item * (kept + working))
    operations += passes.operations
    operations *= _TIMES[plan.spec.precision]
    size = chosen.together * per_trial
    step, step_bytes, tried = first_step_cost(plan, size, per_trial * 8 // item)
    return Cost(
        operations + step, _WORKER_BYTES + max(size + passes.bytes, step_bytes) + recorded, chosen, passes, tried
    )


def regime(plan: Plan, item: int, per_trial: int) -> Regime:
    """How to simulate `plan`, of which a number takes `item` bytes and a trial `per_trial`.

    Every call of NumPy takes a microsecond or two whatever its size, so trials of small networks share it; but what a
    layer works on should stay in the cache, which of a recurrent layer is one step, and everything that the backward
    pass needs in memory.

    A matrix of four by four is multiplied in less time than it takes to call BLAS, and a sum over samples is a call
    for each trial: where networks are that small, every operation is a loop along many trials instead.
    """
    steps = max((node.shape[0] for node in plan.nodes if node.node.step_by_step), default=1)
    enough = -(-_SIGNAL_BYTES * steps // (item * plan.samples * plan.widest))
    together = max(1, min(plan.trials, enough, _CHUNK_BYTES // per_trial))
    stacked = min(_STACK_SIGNAL_BYTES // (item * plan.samples * plan.widest), _STACK_BYTES // per_trial)
    vectors = all(len(node.out) == 1 for node in plan.nodes) and len(plan.spec.network.shape) == 1
    small = vectors and plan.widest <= _WIDEST_ALONG_TRIALS
    return Regime(together, small and together >= _FEWEST_ALONG_TRIALS, max(1, stacked // plan.trials))


def estimate(plan: Plan, limits: Limits) -> Estimate:
    """The cost of `plan` beside the limits."""
    costs = cost(plan)
    return Estimate(
        layers=plan.shapes(),
        parameters=plan.parameters,
        trials=plan.trials,
        floating_point_operations=costs.floating_point_operations,
        bytes=costs.bytes,
        floating_point_operations_limit=limits.floating_point_operations,
        bytes_limit=limits.bytes,
        within_budget=_within(costs, limits),
    )


def check_budget(plan: Plan, limits: Limits) -> None:
    """Raise BudgetExceeded where `plan` costs more than `limits`, with the estimate and what would fit."""
    costs = cost(plan)
    if _within(costs, limits):
        return
    asked, limit = costs.floating_point_operations, limits.floating_point_operations
    if costs.bytes > limits.bytes:
        sentence = f"The simulation needs about {_gibibytes(costs.bytes)}; a worker may use {_gibibytes(limits.bytes)}."
    else:
        fitting = bisect_right(range(1, plan.trials), limit, key=partial(_operations, plan))
        advice = f"{fitting} trials would fit." if fitting else "Not even one trial fits: make the network smaller."
        sentence = f"The simulation takes about {asked:.3g} operations; {limit:.3g} are done at once. {advice}"
        sentence = f"{sentence} {limits.beyond}".rstrip()
    raise BudgetExceeded(
        f"{sentence} POST /v1/estimates tells the cost of a specification without simulating it.",
        floating_point_operations=asked,
        floating_point_operations_limit=limit,
        bytes=costs.bytes,
        bytes_limit=limits.bytes,
    )


def check_budgets(plans: Sequence[Plan], limits: Limits) -> None:
    """Raise BudgetExceeded where one of `plans`, or all of them together, cost more than `limits`."""
    for made in plans:
        check_budget(made, limits)
    asked, limit = sum(cost(made).floating_point_operations for made in plans), limits.floating_point_operations
    if asked > limit:
        raise BudgetExceeded(
            f"The {len(plans)} simulations take about {asked:.3g} operations; {limit:.3g} are done at once.",
            floating_point_operations=asked,
            floating_point_operations_limit=limit,
        )


def _operations(made: Plan, trials: int) -> float:
    """What so many trials of a plan take."""
    return cost(replace(made, spec=made.spec.model_copy(update={"trials": trials}))).floating_point_operations


def _within(costs: Cost, limits: Limits) -> bool:
    return costs.floating_point_operations <= limits.floating_point_operations and costs.bytes <= limits.bytes


def _gibibytes(count: int) -> str:
    return f"{count / (1 << 30):.3g} GiB"
