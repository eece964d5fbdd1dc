"""PrairieLearn's external grader: /grade/data/data.json → /grade/results/results.json.

The folder that PrairieLearn calls /grade may be given as an argument. Without the service nothing is written, and the
job fails as such, which takes no attempt.
"""

import json
import sys
from pathlib import Path

from gradient_verdict import graded


def main() -> None:
    """Grade what was submitted."""
    home = Path(sys.argv[1] if len(sys.argv) > 1 else "/grade")
    submitted = json.loads((home / "data" / "data.json").read_text(encoding="utf-8"))["submitted_answers"]
    results = graded("prairielearn", home / "tests" / "rubric.json", submitted)
    (home / "results").mkdir(exist_ok=True)
    (home / "results" / "results.json").write_text(results, encoding="utf-8")


if __name__ == "__main__":
    main()
