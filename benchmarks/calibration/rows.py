"""The rows that the trainings leave: one for each network, kept beside this file so that tables need no training."""

import json
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.calibration.networks import FAMILIES
from benchmarks.calibration.trainings import trained

ROWS = Path(__file__).parent / "rows.jsonl"
EACH = 38
"""Networks of each family."""

Json = dict[str, Any]


def train_all(processes: int, each: int = EACH) -> None:
    """Train the networks that have no row yet, and write a row for each as it comes."""
    known = {(row["family"], row["seed"]) for row in rows()}
    wanted = [(family, seed) for seed in range(each) for family in FAMILIES if (family, seed) not in known]
    with get_context("fork").Pool(processes, maxtasksperchild=20) as pool, ROWS.open("a", encoding="utf-8") as file:
        for number, row in enumerate(pool.imap_unordered(_trained, wanted), 1):
            file.write(json.dumps(row) + "\n")
            file.flush()
            print(f"· {number} of {len(wanted)}: {row['family']} {row['seed']}", flush=True)


def rows() -> Iterator[Json]:
    """The rows that are there."""
    if ROWS.exists():
        yield from map(json.loads, ROWS.read_text(encoding="utf-8").splitlines())


def _trained(which: tuple[str, int]) -> Json:
    return trained(*which)
