"""Writes `findings.md`: every finding that a report may have, with what it means and what to try.

`python docs/write_findings.py > docs/findings.md`; `api_tests/docs` compares the page with what this prints.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from service.simulation.finding_wording import FINDINGS
from service.simulation.vocabulary import FindingCode

_BEGINNING = """# Findings

Every cause, every entry of `scale` and every flag of a report is one finding, in `findings`: a code, a severity, the
pointer to the layer where it is about one, the number that was measured and the limit it is beyond, what it likely
means and what to try. A code keeps its meaning for ever.

An **error** is what a network is expected to fail by. A **warning** is a clear sign of trouble. An **info** is worth
knowing, and healthy networks may have some. Findings that a network may keep are left out by their codes, with
`"mute": ["GV304"]` in the specification, or `--ignore GV304,GV305` in the terminal.
"""
_GROUPS = {
    "GV1": "Causes: why a gradient does what it does",
    "GV2": "Scale: what is wrong before the first step",
    "GV3": "Flags: what is worth knowing beside the verdict",
    "GV4": "Precision, risk, seeds",
}


def page() -> str:
    """The whole page."""
    return "\n".join([_BEGINNING, *(_group(begins, title) for begins, title in _GROUPS.items())])


def _group(begins: str, title: str) -> str:
    codes = [code for code in FindingCode if code.startswith(begins)]
    rows = [f"| `{one}` | `{one.name.lower()}` | {' | '.join(FINDINGS[one])} |" for one in codes]
    return "\n".join(
        [f"## {title}\n", "| code | name | what it likely means | what to try |", "|---|---|---|---|", *rows, ""]
    )


if __name__ == "__main__":
    sys.stdout.write(f"{page().rstrip()}\n")
