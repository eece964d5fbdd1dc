"""Labelled networks judged over HTTP: how many verdicts are right, and how near theory comes (`make verdicts`)."""

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from examples.running_service import running_service  # noqa: E402 - the root is on the path only now

TOLERANCE_DECADES = 0.35


def main(path: Path) -> int:
    """Print a line for each network and the sums; the exit status is the number of wrong ones, at most 100."""
    cases = json.loads(path.read_text(encoding="utf-8"))
    wrong, differences = 0, []
    with running_service() as url, httpx.Client(base_url=url, timeout=900) as client:
        for case in cases:
            response = client.post("/v1/simulations", json=case["spec"])
            faults = judge(response, case["expect"])
            difference = response.json().get("theory", {}).get("difference")
            differences += [] if difference is None else [abs(difference)]
            wrong += bool(faults)
            print(f"{'wrong' if faults else 'right'}  {case['id']:4} {'; '.join(faults) or case['source']}", flush=True)
    print(f"{len(cases) - wrong}/{len(cases)} right")
    near = f"{median(differences):.3f} decades, at most {max(differences):.3f}" if differences else "nothing to compare"
    print(f"|measured − predicted depth ratio| over {len(differences)} networks that theory covers: median {near}")
    return min(wrong, 100)


def judge(response: httpx.Response, expected: Any) -> list[str]:
    """What is wrong with an answer; nothing where it is right."""
    if not response.is_success:
        return [f"{response.status_code} {response.json()['detail']}"]
    verdict = response.json()["verdict"]
    faults = []
    if verdict["label"] not in expected["labels"]:
        faults.append(f"label {verdict['label']}, not {' or '.join(expected['labels'])}")
    if verdict["severity"] != expected.get("severity", verdict["severity"]):
        faults.append(f"severity {verdict['severity']}, not {expected['severity']}")
    theory, measured = expected.get("depth_ratio_theory"), verdict["depth_ratio"]["median"]
    if theory is not None and (measured is None or abs(measured - theory) > TOLERANCE_DECADES):
        faults.append(f"depth ratio {measured}, theory {theory}")
    return faults


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
