"""The packages of grading platforms, in an environment of their own, and the course's sheets for them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from api_tests.examples.course import ROOT, read

CONSUMERS = ROOT / ".tools" / "consumers"
installed = pytest.mark.skipif(
    not (CONSUMERS / ".installed").exists(), reason="`make consumers` installs the packages of the platforms"
)


def ran(home: Path, *command: str) -> str:
    """What a program of these packages prints, in the folder `home`."""
    path = f"{CONSUMERS / 'bin'}:{os.environ['PATH']}"
    private = {"PATH": path, "HOME": str(home), "no_proxy": "*", "JUPYTER_PLATFORM_DIRS": "1"}
    done = subprocess.run(command, cwd=home, env=private, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def answering(sheet: str) -> str:
    """The cell that a student of that sheet writes."""
    return f"import json\n\nanswers = json.loads({json.dumps(read(f'answers_{sheet}'))!r})"


def notebook(*sources: str) -> dict[str, Any]:
    """A notebook of cells of Python."""
    cells = [
        {"cell_type": "code", "id": f"c{place}", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
        for place, text in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
