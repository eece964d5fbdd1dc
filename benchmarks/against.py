"""The engine of another commit in turn with this one: `make bench-against COMMIT=32bacfb`.

Both run in processes of their own, which keep freed memory as workers do, and are asked one after the other, again and
again, for every shape of `make bench` and the course's networks; what counts is the processor time of a simulation, and
the ratio of one run.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from pkgutil import resolve_name
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SPECS = ("service.simulation.spec:SimulationSpec", "service.spec:SimulationSpec")
KEEPS = ("service.processes.system:keep_freed_memory", "service.simulation.memory:keep_freed_memory")
"""Where these have stood, the newest place first."""
MOST_ROUNDS, SECONDS = 60, 8.0


def answer(root: str) -> None:
    """Simulate each specification that comes in a line of JSON, and print its processor time; until there are none."""
    sys.path.insert(0, root)
    os.chdir(root)
    spec_type, keep_freed_memory = _first_of(SPECS), _first_of(KEEPS)
    simulate = _first_of(("service.simulation.simulate:simulate",))
    keep_freed_memory()
    for line in sys.stdin:
        spec = spec_type.model_validate(json.loads(line))
        started = time.process_time()
        simulate(spec)
        print(time.process_time() - started, flush=True)


def _first_of(places: tuple[str, ...]) -> Any:
    for place in places:
        with suppress(ImportError):
            return resolve_name(place)
    raise ImportError(f"none of {places}")


class Engine:
    """A process that simulates by the code below `root`."""

    def __init__(self, root: Path) -> None:
        command = [sys.executable, __file__, "--answer", str(root)]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def seconds(self, spec: str) -> float:
        """Of processor time."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{spec}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def end(self) -> None:
        """Let it end."""
        self._process.communicate()


def compare(before: Engine, now: Engine, name: str, spec: str) -> None:
    """Print both times and their ratios; the first runs are not counted."""
    slowest = max(before.seconds(spec), now.seconds(spec))
    rounds = max(5, min(MOST_ROUNDS, int(SECONDS / slowest)))
    found: dict[Engine, list[float]] = {before: [], now: []}
    for number in range(rounds):
        for one in (before, now) if number % 2 else (now, before):
            found[one].append(one.seconds(spec))
    least, middle = (min(found[now]) / min(found[before]), median(found[now]) / median(found[before]))
    print(
        f"{name:24} {1e3 * min(found[before]):9.2f} ms {1e3 * min(found[now]):9.2f} ms  {least:5.3f}  {middle:5.3f}",
        flush=True,
    )


def main(commit: str) -> None:
    """Print a line for each network: the least times, their ratio, and the ratio of the medians."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.shapes import SHAPES  # noqa: PLC0415 - the root is on the path only now

    specs = {f"{one.name} {precision}": one.spec(precision) for one in SHAPES for precision in ("float64", "float32")}
    for file in sorted((ROOT / "examples" / "course").glob("*_sigmoid.json")):
        specs[file.stem] = json.loads(file.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", tree, commit], cwd=ROOT, check=True)
        try:
            before, now = Engine(tree), Engine(ROOT)
            print(f"{'':24} {commit[:12]:>12} {'now':>12}  least  median")
            for name, spec in specs.items():
                compare(before, now, name, json.dumps(spec))
            before.end()
            now.end()
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)


if __name__ == "__main__":
    answer(sys.argv[2]) if sys.argv[1] == "--answer" else main(sys.argv[1])
