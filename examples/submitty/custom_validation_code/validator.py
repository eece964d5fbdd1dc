"""Submitty's custom validator: answers.json of this testcase → validation_results.json."""

import json
from pathlib import Path

from gradient_verdict import Failed, graded


def main() -> None:
    """Write the results; those of a validator that failed where nothing was graded."""
    told = json.loads(Path("custom_validator_input.json").read_text(encoding="utf-8"))
    try:
        answers = json.loads(Path(told["testcase_prefix"], told["actual_file"]).read_text(encoding="utf-8"))
        results = graded("submitty", "rubric.json", answers)
    except (Failed, OSError, ValueError) as failure:
        results = json.dumps({"status": "fail", "message": str(failure)})
    Path("validation_results.json").write_text(results, encoding="utf-8")


if __name__ == "__main__":
    main()
