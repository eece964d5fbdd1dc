"""What the service is made of, and whether any of it is known to be vulnerable.

`python requirements/supply.py sbom` prints a bill of materials (CycloneDX 1.6, JSON) by the lock of the service and the
Dockerfile; the same files give the same bytes. `… valid` tells whether its input is one. `… audit` asks pip-audit about
the lock. It fails where something is known to be vulnerable, and says so where there was no data to ask.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "runtime.lock"
_PINNED = re.compile(
    r"^([\w.-]+)(?:\[\S*\])?==(\S+?)(?: ;.*?)? \\\n((?: +--hash=sha256:\S+(?: \\)?\n?)+)", re.MULTILINE
)
_BASE = re.compile(r"^ARG PYTHON=(\w+):(\S+)@sha256:(\w{64})$", re.MULTILINE)


def bill_of_materials() -> dict[str, Any]:
    """The bill of materials: every package of the lock, and the image that the container is built on."""
    version = re.search(r'__version__ = "(.+)"', (ROOT / "service" / "core" / "version.py").read_text("utf-8"))
    base = _BASE.search((ROOT / "Dockerfile").read_text("utf-8"))
    if version is None or base is None:
        raise SystemExit("the version, or the image that the container is built on, is not found")
    name, tag, digest = base.groups()
    image = {"type": "container", "bom-ref": f"pkg:oci/{name}@sha256:{digest}", "name": name, "version": tag}
    own = {"type": "application", "bom-ref": "gradient-verdict", "name": "gradient-verdict", "version": version[1]}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**own, "licenses": [{"license": {"id": "Apache-2.0"}}]}},
        "components": [
            *map(_component, _PINNED.findall(LOCK.read_text("utf-8"))),
            image | {"hashes": _hashes([digest])},
        ],
    }


def audit() -> int:
    """Ask pip-audit about the lock, and print what it found; the exit status."""
    line = ["pip-audit", "--disable-pip", "--require-hashes", "--requirement", str(LOCK), "--format", "json"]
    options = ["--progress-spinner", "off", "--timeout", "10"]
    done = subprocess.run([*line, *options], capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except ValueError:
        sys.stdout.write(f"· skipped: pip-audit got no answer: {(done.stderr.splitlines() or ['nothing'])[-1]}\n")
        return 0
    known = [(one, fault) for one in found for fault in one.get("vulns", ())]
    for one, fault in known:
        fixed = ", ".join(fault["fix_versions"]) or "no version yet"
        sys.stdout.write(f"{one['name']} {one['version']}: {fault['id']}, mended by {fixed}\n")
    asked = sum("vulns" in one for one in found)
    without = "" if asked == len(found) else f"; skipped, for want of data: {len(found) - asked}"
    sys.stdout.write(
        f"· {asked} of {len(found)} packages were looked up, {len(known)} vulnerabilities are known{without}\n"
    )
    return 1 if known else 0


def faults(bill: str) -> str:
    """Why `bill` is not valid by CycloneDX's schema; empty where it is."""
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - it is installed for `make sbom` alone
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    return str(JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) or "")


def _component(pinned: tuple[str, str, str]) -> dict[str, Any]:
    name, version, hashes = pinned
    purl = f"pkg:pypi/{re.sub('[-_.]+', '-', name).lower()}@{version}"
    digests = re.findall(r"sha256:(\w{64})", hashes)
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "hashes": _hashes(digests),
    }


def _hashes(digests: list[str]) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": digest} for digest in digests]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["audit"]:
            sys.exit(audit())
        case ["valid"]:
            sys.exit(faults(sys.stdin.read()) or None)
        case ["sbom"]:
            sys.stdout.write(json.dumps(bill_of_materials(), indent=1) + "\n")
        case _:
            sys.exit(__doc__)
