"""Contract tests with Schemathesis of the running service, by both documents: `make contract` (EACH=100 cases an
operation, SEED=1, PHASES=examples,coverage,fuzzing,stateful).

Examples, the edges of every schema, random requests good and bad, and the links between operations: no undocumented
status or code, no 5xx, nothing accepted that the schema forbids, nothing refused that it allows without a reason.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from examples.running_service import running_service  # noqa: E402 - the root is on the path only now

TOOL = ROOT / ".tools" / "schemathesis" / "bin" / "st"
ALL = "examples,coverage,fuzzing,stateful"
SMALL_BUDGET_FLOPS = 2e9
"""Random networks may be large; what is too large is refused at once."""
JOBS = {"job_workers": 0, "job_limit": 1_000_000}
"""Random sweeps have up to a hundred thousand points: they are accepted, and nobody works on them."""


def main() -> int:
    """The exit status of Schemathesis."""
    each, seed, phases = sys.argv[1:4] if len(sys.argv) == 4 else ("100", "1", ALL)
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
    with running_service(sync_budget_flops=SMALL_BUDGET_FLOPS, **JOBS) as url, tempfile.TemporaryDirectory() as folder:
        contract = (ROOT / "openapi" / "openapi-3.2.json").read_text(encoding="utf-8")
        served = httpx.get(f"{url}/openapi.json", timeout=120.0).text  # for which Schemathesis itself does not wait
        documents = [keyless(text, Path(folder) / f"{number}.json") for number, text in enumerate((contract, served))]
        options = ["--url", url, "--seed", seed, "--max-examples", each, "--max-failures", "20", "--phases", phases]
        storage = ["--generation-database", "none"]
        command = [TOOL, "--config-file", HERE / "schemathesis.toml", "run"]
        but_events = ["--exclude-path", "/v1/jobs/{id}/events"]  # a text in OpenAPI 3.1, which has no word for more
        ends = [
            subprocess.run([*command, document, *options, *storage, *beside], env=environment, check=False).returncode
            for document, beside in zip(documents, ([], but_events), strict=True)
        ]
        return max(ends)


def keyless(text: str, file: Path) -> Path:
    """`file` with a document in it that asks for no keys, as the service that is tested asks for none."""
    document = json.loads(text)
    for operation in (operation for path in document["paths"].values() for operation in path.values()):
        operation["security"] = []
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


if __name__ == "__main__":
    sys.exit(main())
