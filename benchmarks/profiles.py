"""How long a profile takes, formula by formula: `python benchmarks/profiles.py`."""

import sys
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()

from service.theory.bounds import prove_built_ins  # noqa: E402
from service.theory.facts import ProfileSpec  # noqa: E402
from service.theory.profile import profile  # noqa: E402 - NumPy comes after the thread limit

FORMULAS = [
    "z*tanh(z)", "1/(1+exp(-z))", "tanh(z)", "max(0, z)", "where(z > 0, z, 0.1z)", "z/(1+|z|)", "atan(z)",
    "1.7159*tanh(2z/3)", "z*sigmoid(1.702z)", "z*(1+erf(z/sqrt(2)))/2", "z*tanh(ln(1+exp(z)))", "ln(1+exp(z))",
    "where(z > 0, z, exp(z)-1)", "exp(-z^2)", "z*exp(-z^2)", "sin(z)", "z + sin(z)^2", "(sqrt(z^2+1)-1)/2 + z",
    "min(max(z, -1), 1)", "z*min(max(z+3, 0), 6)/6", "max(z, 0)^2", "sigmoid(z)*tanh(z)", "z/sqrt(1+z^2)", "asinh(z)",
    "exp(-exp(-z))", "sin(z)/z", "cos(z) - z", "tanh(z)^3", "sign(z)*ln(1+|z|)", "sign(z)*sqrt(|z|)",
    "0.5z(1+tanh(sqrt(2/pi)(z+0.044715z^3)))", "z*(exp(2z)+2exp(z))/(exp(2z)+2exp(z)+2)",
]  # fmt: skip


def main() -> None:
    """Time the first profile of each formula in a process that is ready like a worker, and print a table."""
    prove_built_ins()
    seconds = {formula: _profiled(formula) for formula in FORMULAS}
    for formula, one in sorted(seconds.items(), key=lambda pair: pair[1]):
        print(f"{1e3 * one:7.1f} ms  {formula}")
    quick = sum(one < 0.02 for one in seconds.values())
    middle, longest = 1e3 * median(seconds.values()), 1e3 * max(seconds.values())
    print(f"median {middle:.1f} ms, longest {longest:.0f} ms, {quick} of {len(seconds)} below 20 ms")


def _profiled(formula: str) -> float:
    spec = ProfileSpec.model_validate({"activation": {"kind": "expression", "formula": formula}})
    started = perf_counter()
    profile(spec)
    return perf_counter() - started


if __name__ == "__main__":
    main()
