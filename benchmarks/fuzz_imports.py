"""Mutations of model files against their readers: `python benchmarks/fuzz_imports.py [count] [seed] [format,…]`.

Each format has a process of its own, which a file may end and no other. Exits with 1 where a file was neither imported
nor refused, took more than a second of a processor, took memory, or made its reader do what none has a reason for; the
files at fault are kept in the folder that is printed.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from api_tests.imports.hostile_seeds import FORMATS  # noqa: E402 - the root is on the path only now

_SKIPPED = "Skipped: could not import"


def found(name: str, count: int, seed: int, folder: Path) -> dict[str, Any] | None:
    """What became of the mutations of one format; None where what writes its files is not installed."""
    folder.mkdir()
    command = [sys.executable, "-m", "api_tests.imports.hostile", name, str(count), str(seed), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        answer: dict[str, Any] = json.loads(done.stdout)[name]
        return answer
    if _SKIPPED in done.stderr:
        return None
    return {"faults": [f"the process ended with {done.returncode}: {done.stderr[-1500:]}"]}


def main(count: int, seed: int, names: list[str]) -> int:
    """Print a line for each format, and every fault; 1 where there is one."""
    folder, faults = Path(tempfile.mkdtemp(prefix="fuzz-imports-")), 0
    for name in names:
        answer = found(name, count, seed, folder / name)
        if answer is None:
            print(f"{name:12} skipped: what writes such files is not installed")
            continue
        faults += len(answer["faults"])
        if "refused" in answer:
            memory, slowest = answer["memory_bytes"] / 1e6, answer["slowest_seconds"]
            refused = ", ".join(f"{number} {code}" for code, number in sorted(answer["refused"].items()))
            print(f"{name:12} {answer['imported']} imported, {refused}; slowest {slowest:.2f} s, {memory:.0f} MB")
        for fault in answer["faults"]:
            print(f"  FAULT {fault}")
    print(f"{faults} faults{f'; files in {folder}' if faults else ''}")
    return int(faults > 0)


if __name__ == "__main__":
    given = sys.argv[1:]
    wanted = given[2].split(",") if len(given) > 2 else list(FORMATS)
    sys.exit(main(int(given[0]) if given else 10_000, int(given[1]) if len(given) > 1 else 1, wanted))
