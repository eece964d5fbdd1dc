"""The steps of a training beside the loop that a student writes in NumPy, and beside the products alone.

The course's network: two hidden layers of stanh, 128 units, 64 samples; 300 steps at six rates of 32 trials are asked
for. A part of it is run, on one processor, and the time of all of it on two is told as well.
"""

import json
import sys
from pathlib import Path
from time import process_time
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import keep_freed_memory, single_blas_thread  # noqa: E402

single_blas_thread()
keep_freed_memory()

import numpy as np  # noqa: E402 - NumPy comes after the thread limit

from service.studies.training import TrainingSpec  # noqa: E402
from service.studies.training_course import plan_training  # noqa: E402

STEPS, ROUNDS = 200, 3
WHOLE = 300 * 6 * 32
"""Steps of all networks that are asked for."""


def engine(spec: TrainingSpec) -> float:
    """Seconds for a step of one network, trained with as many others as the engine takes together."""
    descent = plan_training(spec).descent
    rates, trials = descent.chunks(range(len(descent.rates)))[0]
    started = process_time()
    descent.trained(rates, trials)
    return (process_time() - started) / (STEPS * len(rates) * len(trials))


def plain(dtype: Any) -> float:
    """Seconds for a step of one network, as the textbook has it."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(64, 128)).astype(dtype), rng.normal(size=(64, 1)).astype(dtype)
    weights = [(rng.normal(size=(128, n)) / np.sqrt(128)).astype(dtype) for n in (128, 128, 1)]
    velocities = [np.zeros_like(one) for one in weights]
    started = process_time()
    for _ in range(STEPS):
        signals, slopes = [x], []
        for w in weights[:-1]:
            z = signals[-1] @ w
            t = np.tanh(z)
            signals.append(z * t)
            slopes.append(t + z * (1.0 - t * t))
        delta = 2.0 * (signals[-1] @ weights[-1] - y) / len(x)
        for at in (2, 1, 0):
            gradient = signals[at].T @ delta
            if at:
                delta = (delta @ weights[at].T) * slopes[at - 1]
            velocities[at] = 0.9 * velocities[at] + gradient
            weights[at] = weights[at] - 1e-4 * velocities[at]
    return (process_time() - started) / STEPS


def products(dtype: Any) -> float:
    """Seconds for the products of a step alone: five of 64 × 128 × 128."""
    x, w = np.ones((64, 128), dtype), np.ones((128, 128), dtype)
    started = process_time()
    for _ in range(5 * STEPS):
        x @ w
    return (process_time() - started) / STEPS


def main() -> None:
    """Print a row for each precision."""
    course = json.loads((ROOT / "examples" / "course" / "stanh_linear.json").read_text(encoding="utf-8"))
    print("| precision | engine, ms a step | plain NumPy | products alone | 300 steps × 6 rates × 32 trials on two |")
    print("|---|---:|---:|---:|---:|")
    for precision in ("float64", "float32"):
        more = {"optimizer": {"kind": "sgd", "momentum": 0.9}, "steps": STEPS, "trials": 32, "rates": [1e-4] * 6}
        spec = TrainingSpec.model_validate({**course, "precision": precision, **more})
        turns = [(engine(spec), plain(precision), products(precision)) for _ in range(ROUNDS)]  # in turn
        ours, theirs, floor = (min(times) for times in zip(*turns, strict=True))
        whole = f"{ours * WHOLE / 2.0:.1f} s"
        print(f"| {precision} | {1e3 * ours:.3f} | {theirs / ours:.2f}× | {floor / ours:.2f}× | {whole} |")


if __name__ == "__main__":
    main()
