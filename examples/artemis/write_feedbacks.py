"""Artemis's custom feedbacks: a file for each claim, in the folder customFeedbacks."""

import json
import sys
from pathlib import Path

from gradient_verdict import graded


def main() -> None:
    """Write the files; where nothing was graded there are none, and the build fails."""
    answers = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = Path("customFeedbacks")
    folder.mkdir(exist_ok=True)
    for name, feedback in json.loads(graded("artemis", Path(__file__).with_name("rubric.json"), answers)).items():
        (folder / name).write_text(json.dumps(feedback), encoding="utf-8")


if __name__ == "__main__":
    main()
