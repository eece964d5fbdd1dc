"""How long a job will take, and how many of its items are worked on together."""

from math import ceil
from statistics import fmean
from time import perf_counter

from service.grading.spec import Rubric
from service.simulation.estimate import cost
from service.studies.sweep import Grid
from service.studies.validation import plan_corner, plan_sample

_OPERATIONS_PER_SECOND = 2e10  # of one processor, by the estimate
_SECONDS_A_POINT = 3e-3  # of any size: its specification, its theory, its statistics, its verdict
_SECONDS_A_CLAIM = 1e-3
_MOST_TOGETHER, _MOST_CHUNKS = 200, 2000
_LOOKED_AT = 16


def chunk_of(total: int, seconds_an_item: float, seconds: float) -> int:
    """How many items are worked on together, so that they take `seconds`."""
    by_time = int(seconds / max(seconds_an_item, 1e-6))
    return max(1, min(by_time, _MOST_TOGETHER), ceil(total / _MOST_CHUNKS))


def seconds_a_point(grid: Grid) -> float:
    """Seconds of one processor for a point, by a look at some; MisplacedAxis where a corner is no network."""
    started = perf_counter()
    corners = [plan_corner(grid, index) for index in grid.corners()]
    between = range(0, len(grid), max(1, len(grid) // _LOOKED_AT))
    found = [made for made in (plan_sample(grid, index) for index in between) if made is not None]
    made = [*corners, *found]
    planning = 2.0 * (perf_counter() - started) / len(made)  # each point is planned twice; a base may be megabytes
    operations = fmean(cost(one).floating_point_operations for one in made)
    return max(_SECONDS_A_POINT, planning) + operations / _OPERATIONS_PER_SECOND


def seconds_a_sheet(rubric: Rubric) -> float:
    """Seconds of one processor for an answer sheet."""
    return _SECONDS_A_CLAIM * len(rubric.claims)
