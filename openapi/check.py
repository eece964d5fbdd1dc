"""What `make check` asks of the OpenAPI documents: no lint, a good score, no break unless the version says so, and a
laboratory that is typed by them.

Redocly and Spectral judge both documents; `released.json` is the document of the last release, with which Redocly
compares the one for generators. Below version 1.0 a breaking change needs a new minor version, as semantic versioning
leaves it to us; from 1.0 on, a new major one.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOLS = HERE / "tools"
DOCUMENTS = [HERE / "openapi.json", HERE / "openapi-3.2.json"]
RELEASED = HERE / "released.json"
TYPES = HERE.parent / ".tools" / "page" / "api.d.ts"
LOWEST_SCORE = 81
"""It is a median over operations: 82 to 83 where a whole specification, a union of 150 kinds, comes in or goes out, 90
to 95 elsewhere; the former are 29 of 48.
"""


def main() -> int:
    """1 where something is found, which is printed."""
    found = [lint(*DOCUMENTS), score(DOCUMENTS[0]), breaking_changes(RELEASED, DOCUMENTS[0]), page_types(DOCUMENTS[0])]
    print("".join(found), end="")
    return int(any(found))


def installed() -> bool:
    """Whether the tools are there (`make check` installs them)."""
    return (TOOLS / "node_modules" / ".installed").exists()


def lint(*documents: Path) -> str:
    """What Redocly and Spectral have against `documents`."""
    spectral = ["spectral", "lint", "--quiet", "--fail-severity", "hint", "-r", TOOLS / "spectral.yaml"]
    return complaint("redocly", "lint", "--config", TOOLS / "redocly.yaml", *documents) + complaint(
        *spectral, *documents
    )


def score(document: Path) -> str:
    """A sentence where Redocly gives less than it should."""
    given = float(json.loads(tool("redocly", "score", "--format", "json", document).stdout)["agentReadiness"])
    return "" if given >= LOWEST_SCORE else f"Redocly's score is {given}; at least {LOWEST_SCORE:g} is wanted.\n"


def breaking_changes(released: Path, document: Path) -> str:
    """What `document` takes from clients of `released`, unless its version says so."""
    changes = complaint("redocly", "diff", released, document, "--fail-on", "major")
    return (
        changes and complaint("redocly", "diff", released, document, "--fail-on", "none", "--check-version") and changes
    )


def page_types(document: Path) -> str:
    """What TypeScript has against the modules of the laboratory, with the types of `document`."""
    made = complaint("openapi-typescript", document, "--output", TYPES)
    return made or complaint("tsc", "--project", TOOLS / "page.tsconfig.json")


def complaint(*command: str | Path) -> str:
    """What a tool prints that does not end well; nothing where it does."""
    done = tool(*command)
    return (done.stdout + done.stderr or f"{command[0]} ended with {done.returncode}\n") if done.returncode else ""


def tool(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """One of the Node programs, done."""
    path = f"{HERE.parent / '.tools' / 'node' / 'bin'}:{TOOLS / 'node_modules' / '.bin'}:{os.environ['PATH']}"
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    environment = {**os.environ, "PATH": path, **quiet}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
