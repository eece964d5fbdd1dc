"""What the tests of the store share: reports without a simulation, a store, and clocks that are set by hand."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from service.store.database import Database
from service.store.reports import ReportStore
from service.store.space import Space

Row = dict[str, Any]


def digest_of(number: int) -> str:
    """The digest of the report with that number: in no order."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def report_of(number: int, label: str = "stable", median: float | None = -1.25, padding: int = 0) -> bytes:
    """What a store needs of a report, and `padding` bytes that do not compress."""
    verdict = {"label": label, "severity": "none", "tendency": "stable", "depth_ratio": {"median": median}}
    noise = hashlib.shake_256(str(number).encode()).hexdigest(padding)
    report = {"digest": digest_of(number), "engine_version": "1.1.0", "verdict": verdict, "layers": [{}, {}]}
    return json.dumps({**report, "noise": noise, "sign": "∂"}, ensure_ascii=False).encode()


@dataclass
class Clock:
    """The time of day, which stands still until it is set; no two calls have the same microsecond."""

    time: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))

    def __call__(self) -> datetime:
        self.time += timedelta(microseconds=1)
        return self.time

    def forward(self, **time: float) -> None:
        """Let time pass."""
        self.time += timedelta(**time)


@dataclass
class Stopwatch:
    """The monotonic clock, which stands still until it is set."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


class Keeping(ReportStore):
    """A store with its clocks."""

    def __init__(self, url: str, clock: Clock, days: float = 90.0, size_bytes: int = 1 << 30) -> None:
        self.url = url
        self.clock = clock
        self.stopwatch = Stopwatch()
        self.database = Database(url, self.stopwatch)
        super().__init__(self.database, timedelta(days=days), Space(size_bytes), clock)

    def put_all(self, *numbers: int, **fields: Any) -> None:
        """Put the reports with these numbers."""
        for number in numbers:
            self.put(digest_of(number), report_of(number, **fields))

    def numbers(self, among: range) -> list[int]:
        """Which of the reports with these numbers are here; nothing is used by asking."""
        here = {item.digest for item in self.page(len(among) + 200).items}
        return [number for number in among if digest_of(number) in here]
