"""What a service is like while it works: its processes, its store, and how quickly its loop answers."""

import os
import statistics
import threading
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic

_SAMPLE_SECONDS = 5.0


@dataclass
class Watch:
    """What the service is like while it works: its processes, its store, and how quickly its loop answers."""

    pid: int
    folder: Path
    url: str
    samples: list[dict[str, float]] = field(default_factory=list)
    alive: list[tuple[float, float]] = field(default_factory=list)  # when, how long
    stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> list[threading.Thread]:
        """Two threads, which end once `stopped` is set."""
        threads = [threading.Thread(target=one, daemon=True) for one in (self._sample, self._probe)]
        for thread in threads:
            thread.start()
        return threads

    def _sample(self) -> None:
        while not self.stopped.wait(_SAMPLE_SECONDS):
            found: defaultdict[str, float] = defaultdict(float)
            for pid, role in processes(self.pid).items():
                with suppress(OSError):
                    found[f"{role}: MB"] += _resident(pid) / 2**20
                    found[f"{role}: descriptors"] += len(os.listdir(f"/proc/{pid}/fd"))
                    found[f"{role}: processes"] += 1
            found["store: MB"] += sum(file.stat().st_size for file in self.folder.glob("*.sqlite3*")) / 2**20
            self.samples.append({"at": monotonic(), **found})

    def _probe(self) -> None:
        host, _, port = self.url.removeprefix("http://").partition(":")
        while not self.stopped.wait(0.05):
            began, connection = monotonic(), HTTPConnection(host, int(port), timeout=60)
            with suppress(OSError):
                connection.request("GET", "/healthz/live")
                connection.getresponse().read()
            self.alive.append((began, monotonic() - began))
            connection.close()


def processes(root: int) -> dict[int, str]:
    """The roles of a service's processes by their ids."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, waiting = {root: "service"}, [(root, "service")]
    while waiting:
        pid, of = waiting.pop()
        for child in children.get(pid, ()):
            found[child] = _role(child, of)
            waiting.append((child, found[child]))
    return found


def _role(pid: int, of: str) -> str:
    with suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_text()
        if "--with-parent" in command:
            return "executor"
        if "service.charts" in command:
            return "renderer"
    return of if of != "service" else "workers"


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def growth(samples: list[dict[str, float]], name: str) -> tuple[float, float, float]:
    """Mean of a figure, what it grows by over the samples by a straight line, and the standard error of that."""
    pairs = [(one["at"], one[name]) for one in samples if name in one]
    if len(pairs) < 5:
        return float("nan"), 0.0, 0.0
    times, values = zip(*pairs, strict=True)
    slope, at_zero = statistics.linear_regression(times, values)
    span, centre = times[-1] - times[0], statistics.fmean(times)
    left = sum((value - slope * at - at_zero) ** 2 for at, value in pairs) / (len(pairs) - 2)
    error = (left / sum((at - centre) ** 2 for at in times)) ** 0.5
    return statistics.fmean(values), slope * span, error * span
