"""What jobs share with everything else that is kept: reports, and the points that sweeps make of them."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TypeVar

from anyio import to_thread

from service.core.errors import StoreUnavailable
from service.store.nothing import Points, Store

T = TypeVar("T")


class Keeping:
    """Points and reports by their digests; a store that fails costs time, and nothing else."""

    def __init__(self, points: Points, reports: Store) -> None:
        self._points = points
        self._reports = reports

    async def points(self, digests: Collection[str]) -> dict[str, bytes]:
        """Those of the points that are kept, as JSON by their digests."""
        return await self._unless_it_fails(partial(self._points.get, digests), {})

    async def keep_points(self, points: Mapping[str, bytes]) -> None:
        """Keep points for whoever needs them next."""
        await self._unless_it_fails(partial(self._points.put, points), None)

    async def report(self, digest: str) -> bytes | None:
        """The report with that digest as JSON, if it is kept."""
        return await self._unless_it_fails(partial(self._reports.get, digest), None)

    async def pin(self, digest: str, report: bytes) -> None:
        """Keep a report for good: it is the evidence of gradings."""
        await self._unless_it_fails(partial(self._reports.put, digest, report, pin=True), False)

    async def _unless_it_fails(self, work: Callable[[], T], otherwise: T) -> T:
        try:
            return await to_thread.run_sync(work)
        except StoreUnavailable:
            return otherwise
