"""Points of a sweep → their results, a line of JSON each; in worker processes, which have the sweep as JSON."""

import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TypeVar

from pydantic import ValidationError

from service.core.errors import DeadlineExceeded, Refusal, WorkerFailed, WorkerNotStarted
from service.simulation.estimate import Limits, check_budget
from service.simulation.measure import measure_together
from service.simulation.plan import Plan
from service.simulation.results import ItemError
from service.simulation.shape import by_shape
from service.simulation.simulate import judged_together, theory_of
from service.studies.points import Reduced, error_of
from service.studies.sweep import Grid, SweepSpec

_T = TypeVar("_T")
_Judge = Callable[[Sequence[Plan]], Sequence[Reduced]]
"""Plans of one shape → what is kept of each of them."""
_JOBS_AT_ONCE = 4
_DEFECTS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a defect of this service raises; one item has it, and the others are worked on. Want of memory is none."""


@dataclass
class ChunkResult:
    """Results of items that follow one another."""

    lines: list[bytes] = field(default_factory=list)
    failed: int = 0
    points: dict[str, bytes] = field(default_factory=dict)  # new ones, reduced, by their digests
    defects: list[str] = field(default_factory=list)  # tracebacks, for the log

    def __add__(self, other: "ChunkResult") -> "ChunkResult":
        """These, and then `other`."""
        return ChunkResult(
            self.lines + other.lines,
            self.failed + other.failed,
            self.points | other.points,
            self.defects + other.defects,
        )

    def attempt(self, work: Callable[[], _T]) -> _T | ItemError:
        """What `work` returns, or the error of its item; the traceback of a defect is noted."""
        try:
            return work()
        except Refusal as refusal:
            return error_of(refusal)
        except _DEFECTS:
            self.defects.append(traceback.format_exc())
            sentence = "The service has a defect that this item meets; the log has the details."
            return ItemError(code="internal-error", detail=sentence, pointer=None)


def reduced(plans: Sequence[Plan]) -> list[Reduced]:
    """What is kept of each of some networks of one shape, which are simulated together."""
    decided = judged_together(plans, measure_together(plans))
    return [
        Reduced.of(made.digest, one, theory_of(made, None).depth_ratio)
        for made, one in zip(plans, decided, strict=True)
    ]


def evaluate(grid: Grid, indexes: Iterable[int], known: Mapping[str, bytes], judge: _Judge = reduced) -> ChunkResult:
    """The results of the points; those that are `known`, as JSON by their digests, are not simulated again.

    Points of one shape are judged together; where that fails, each of them alone.
    """
    found = ChunkResult()
    planned = [(index, grid.plan(index)) for index in indexes]
    plans = {made.digest: made for _, made in planned if isinstance(made, Plan)}
    outcomes: dict[str, Reduced | ItemError] = {}
    for digest in plans:
        if (there := _kept(known.get(digest))) is not None:
            outcomes[digest] = there
    unknown = [made for digest, made in plans.items() if digest not in outcomes]
    for numbers in by_shape(unknown):
        new = _judged([unknown[number] for number in numbers], judge, found)
        outcomes |= new
        kept = (one for one in new.values() if isinstance(one, Reduced))
        found.points |= {one.digest: one.model_dump_json().encode() for one in kept}
    for index, made in planned:
        point = grid.point(index, outcomes[made.digest] if isinstance(made, Plan) else made)
        found.lines.append(point.model_dump_json().encode())
        found.failed += point.error is not None
    return found


def _judged(plans: list[Plan], judge: _Judge, found: ChunkResult) -> dict[str, Reduced | ItemError]:
    """What is found of plans of one shape, by their digests."""
    if len(plans) > 1:
        try:
            return {one.digest: one for one in judge(plans)}
        except (Refusal, *_DEFECTS):
            pass
    return {made.digest: found.attempt(partial(_alone, made, judge)) for made in plans}


def _alone(made: Plan, judge: _Judge) -> Reduced:
    return judge([made])[0]


def digests_of(request: bytes, items: range) -> list[str | None]:
    """The digests of the points `items` of the sweep `request`; None where a specification is not valid."""
    return [_grid(request).digest(index) for index in items]


def points_of(request: bytes, items: range, known: Mapping[str, bytes], limits: Limits) -> ChunkResult:
    """The results of the points `items` of the sweep `request`; those that are `known` are not simulated again."""

    def judge(plans: Sequence[Plan]) -> list[Reduced]:
        check_budget(plans[0], limits)  # which is the budget of all of their shape
        return reduced(plans)

    return evaluate(_grid(request), items, known, judge)


async def bisect_failures(
    items: range, work: Callable[[range], Awaitable[ChunkResult]], failed: Callable[[int, ItemError], bytes]
) -> ChunkResult:
    """The results of `items`; where they cannot be computed together, of one half after the other: one alone fails.

    `failed` makes the line of an item that has no result. One whose process dies has a second chance: it may have been
    killed for the memory of others. WorkerNotStarted is no item's fault, and is raised.
    """
    try:
        return await work(items)
    except WorkerNotStarted:
        raise
    except (WorkerFailed, DeadlineExceeded) as refusal:
        if len(items) == 1:
            return await _second_attempt(items, work, failed, refusal)
    half = len(items) // 2
    return await bisect_failures(items[:half], work, failed) + await bisect_failures(items[half:], work, failed)


async def _second_attempt(
    items: range,
    work: Callable[[range], Awaitable[ChunkResult]],
    failed: Callable[[int, ItemError], bytes],
    refusal: Refusal,
) -> ChunkResult:
    try:
        if isinstance(refusal, WorkerFailed):
            return await work(items)
    except WorkerNotStarted:
        raise
    except (WorkerFailed, DeadlineExceeded) as again:
        refusal = again
    return ChunkResult(lines=[failed(items[0], error_of(refusal))], failed=1)


def _kept(point: bytes | None) -> Reduced | None:
    """A point that is kept; None where it is not, or in a form of another time."""
    try:
        return None if point is None else Reduced.model_validate_json(point)
    except ValidationError:
        return None


@lru_cache(_JOBS_AT_ONCE)
def _grid(request: bytes) -> Grid:
    return Grid(SweepSpec.model_validate_json(request))
