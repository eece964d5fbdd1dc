"""What Linux tells of processes, for tests that look at them from outside."""

import os
import time
from collections.abc import Callable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def children(parent: int | None = None) -> set[int]:
    """The running children of `parent`, of this process unless said otherwise; the dead that nobody buried are none."""
    wanted = os.getpid() if parent is None else parent
    fields = {int(path.name): _fields(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
    return {process for process, found in fields.items() if found[:1] != ["Z"] and found[1:2] == [str(wanted)]}


def workers(parent: int | None = None) -> set[int]:
    """Those children that belong to a pool."""
    return {child for child in children(parent) if b"service.processes.worker" in _command(child)}


def simulating(server: int) -> set[int]:
    """The worker processes of a service but the one that draws."""
    return {child for child in workers(server) if not draws(child)}


def draws(process: int) -> bool:
    """Whether `process` is one that draws, which has other modules to load."""
    return b"service.charts.report_page" in _command(process)


def server_at(url: str) -> int:
    """The child of this process that serves at `url`, a base URL from `running_service`."""
    port = f"GRADIENT_VERDICT_PORT={url.rpartition(':')[2]}".encode()
    (server,) = (child for child in children() if port in Path(f"/proc/{child}/environ").read_bytes().split(b"\0"))
    return server


def exists(process: int) -> bool:
    """Whether `process` runs."""
    return _fields(Path(f"/proc/{process}"))[:1] not in ([], ["Z"])


def cpu_seconds(process: int) -> float:
    """The processor time `process` has used; 0 once it is gone."""
    found = _fields(Path(f"/proc/{process}"))
    return sum(map(int, found[11:13])) / TICKS


def sleeps(process: int) -> bool:
    """Whether `process` waits whenever one looks, for half a second: it is neither at work nor starting."""
    states = []
    for _ in range(25):
        time.sleep(0.02)
        states += _fields(Path(f"/proc/{process}"))[:1]
    return set(states) == {"S"}


def eventually(condition: Callable[[], object], seconds: float) -> bool:
    """Whether `condition` holds within `seconds`."""
    stop = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > stop:
            return False
        time.sleep(0.01)
    return True


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def _fields(process: Path) -> list[str]:
    """State, parent, … of /proc/…/stat, behind the name; nothing once the process is gone."""
    try:
        return (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
