"""Rates: a bucket of tokens for ten seconds, filled again all the time, of which each request takes one."""

from collections import OrderedDict
from dataclasses import dataclass

from service.core.errors import QuotaExceeded, Refusal

_WINDOW_SECONDS = 10
_MOST_BUCKETS = 10_000
_STREAM_SECONDS = 5


class RateLimited(Refusal):
    """More requests than the caller may make in that time."""

    code = "rate-limited"

    def __init__(self, rate: float, retry_after_seconds: int) -> None:
        super().__init__(
            f"You may make {rate:g} requests a second, and have made more; go on in {retry_after_seconds} s.",
            requests_per_second=rate,
            retry_after_seconds=retry_after_seconds,
        )
        self.retry_after_seconds = retry_after_seconds


class StreamsExceeded(QuotaExceeded):
    """More streams of events at a time than the caller may have open."""

    def __init__(self, limit: int) -> None:
        Refusal.__init__(
            self,
            f"You have {limit} streams of events open, as many as you may; close one first.",
            limit=limit,
            retry_after_seconds=_STREAM_SECONDS,
        )
        self.retry_after_seconds = _STREAM_SECONDS


@dataclass
class _Bucket:
    """What is left of a rate, and when that was so."""

    tokens: float
    at: float


def most_of(rate: float) -> float:
    """How many requests may come at once at that rate: those of ten seconds."""
    return max(1.0, rate * _WINDOW_SECONDS)


class Rates:
    """The buckets of the callers who asked last, as many as are remembered."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, name: str, rate: float, now: float) -> float:
        """The tokens that are left once one is taken, or those there are, less than one, where none can be."""
        most = most_of(rate)
        bucket = self._buckets.setdefault(name, _Bucket(most, now))
        self._buckets.move_to_end(name)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        bucket.tokens, bucket.at = min(most, bucket.tokens + rate * (now - bucket.at)), now
        if bucket.tokens < 1:
            return bucket.tokens - 1
        bucket.tokens -= 1
        return bucket.tokens
