"""What the service is made of: a bill of materials by the lock, and what an audit says where data is missing."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from requirements import supply

LOCK = supply.LOCK.read_text(encoding="utf-8")
PINNED = re.findall(r"^([\w.-]+)(?:\[.*\])?==(\S+)", LOCK, re.MULTILINE)


def test_the_bill_has_every_package_of_the_lock_with_all_its_hashes() -> None:
    bill = supply.bill_of_materials()
    packages = [one for one in bill["components"] if one["type"] == "library"]
    assert [(one["name"], one["version"]) for one in packages] == PINNED
    hashes = [one["content"] for package in packages for one in package["hashes"]]
    assert hashes == re.findall(r"sha256:(\w{64})", LOCK)
    assert all(one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}" for one in packages)
    assert len({one["bom-ref"] for one in bill["components"]}) == len(bill["components"])


def test_the_bill_names_the_service_and_the_image_it_is_built_on() -> None:
    bill = supply.bill_of_materials()
    assert bill["metadata"]["component"]["version"] in (supply.ROOT / "service" / "core" / "version.py").read_text()
    (image,) = [one for one in bill["components"] if one["type"] == "container"]
    assert f"{image['name']}:{image['version']}@sha256:{image['hashes'][0]['content']}" in (
        supply.ROOT / "Dockerfile"
    ).read_text(encoding="utf-8")


def test_the_bill_is_the_same_each_time_and_valid_where_that_can_be_told() -> None:
    line = [sys.executable, "requirements/supply.py", "sbom"]
    first, second = (subprocess.run(line, cwd=supply.ROOT, capture_output=True, check=True).stdout for _ in range(2))
    assert first == second
    assert json.loads(first)["specVersion"] == "1.6"
    tool = supply.ROOT / ".tools" / "audit" / "bin" / "python"
    if not tool.exists():
        pytest.skip("CycloneDX's schema is not installed: make sbom")
    check = [str(tool), "requirements/supply.py", "valid"]
    assert subprocess.run(check, cwd=supply.ROOT, input=first, capture_output=True, check=False).returncode == 0


FOUND = {"name": "alembic", "version": "1.20.1", "vulns": [{"id": "GHSA-x", "fix_versions": ["1.20.2"]}]}
CLEAN = {"name": "anyio", "version": "4.16.0", "vulns": []}
SKIPPED = {"name": "numpy", "skip_reason": "not found"}
AUDITS: list[tuple[Any, int, str]] = [
    ([CLEAN], 0, "1 of 1 packages were looked up, 0 vulnerabilities are known\n"),
    (
        [CLEAN, SKIPPED, SKIPPED],
        0,
        "1 of 3 packages were looked up, 0 vulnerabilities are known; skipped, for want of data: 2",
    ),
    ([FOUND, SKIPPED], 1, "alembic 1.20.1: GHSA-x, mended by 1.20.2\n"),
    ([{**FOUND, "vulns": [{"id": "PYSEC-y", "fix_versions": []}]}], 1, "PYSEC-y, mended by no version yet\n"),
    (None, 0, "· skipped: pip-audit got no answer: no network\n"),
]


@pytest.mark.parametrize(("dependencies", "status", "said"), AUDITS)
def test_an_audit_fails_by_what_is_known_and_not_for_want_of_data(
    dependencies: Any, status: int, said: str, tmp_path: Path
) -> None:
    tool = tmp_path / "pip-audit"
    answer = "" if dependencies is None else json.dumps({"dependencies": dependencies})
    tool.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\necho 'no network' >&2\nexit 1\n", encoding="utf-8")
    tool.chmod(0o755)
    line = [sys.executable, "requirements/supply.py", "audit"]
    environment = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(line, cwd=supply.ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, said in done.stdout) == (status, True), done.stdout + done.stderr
