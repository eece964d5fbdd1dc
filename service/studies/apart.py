"""Items that cannot be worked on together are worked on apart, until the one at fault is alone."""

from collections.abc import Awaitable, Callable

from service.core.errors import DeadlineExceeded, Refusal, WorkerFailed, WorkerNotStarted
from service.simulation.results import ItemError
from service.studies.evaluation import Lines, error_of

Work = Callable[[range], Awaitable[Lines]]


async def apart(items: range, work: Work, failed: Callable[[int, ItemError], bytes]) -> Lines:
    """The results of `items`; where they cannot be had together, of one half after the other: one alone fails.

    `failed` makes the line of an item that has no result. One whose process dies has a second chance: it may have been
    killed for the memory of others. WorkerNotStarted is nobody's fault, and is raised.
    """
    try:
        return await work(items)
    except WorkerNotStarted:
        raise
    except (WorkerFailed, DeadlineExceeded) as refusal:
        if len(items) == 1:
            return await _alone(items, work, failed, refusal)
    half = len(items) // 2
    return await apart(items[:half], work, failed) + await apart(items[half:], work, failed)


async def _alone(items: range, work: Work, failed: Callable[[int, ItemError], bytes], refusal: Refusal) -> Lines:
    try:
        if isinstance(refusal, WorkerFailed):
            return await work(items)
    except (WorkerFailed, DeadlineExceeded) as again:
        refusal = again
    return Lines(lines=[failed(items[0], error_of(refusal))], failed=1)
