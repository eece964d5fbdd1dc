"""Three answer sheets to the course's assignment, graded in this process: `make demo-grading`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()

from service.cli.grade import grade_files  # noqa: E402 - NumPy comes after the thread limit

COURSE = ROOT / "examples" / "course"
SHEETS = {
    "answers_right.json": "All of it right",
    "answers_from_bounds.json": "Formulas and bounds right, everything else concluded from the bounds alone",
    "answers_with_slips.json": "The slips that are made again and again",
}


def main() -> int:
    """Print one table a sheet, and one of all of them."""
    for name, what in SHEETS.items():
        print(f"{what} ({name})", flush=True)
        grade_files(COURSE / "rubric.json", [COURSE / name])
    return grade_files(COURSE / "rubric.json", [COURSE / name for name in SHEETS])


if __name__ == "__main__":
    sys.exit(main())
