"""SARIF 2.1.0: findings as results, their codes as rules, and refusals as notifications."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from service.cli.checked import Checked
from service.core.version import __version__
from service.simulation.finding_wording import FINDINGS
from service.simulation.results import Finding
from service.simulation.vocabulary import FindingCode, FindingSeverity

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {FindingSeverity.ERROR: "error", FindingSeverity.WARNING: "warning", FindingSeverity.INFO: "note"}
_ROOT = "%SRCROOT%"


def sarif(checked: Sequence[Checked]) -> str:
    """The models as one run of this tool: a result for each finding at the file and the layer that it is about."""
    codes = sorted({finding.code for one in checked if one.report for finding in one.report.findings})
    results = [_result(one, finding, codes) for one in checked if one.report for finding in one.report.findings]
    refusals = [_notification(one, sentence) for one in checked for sentence in one.refused]
    run = {
        "tool": {"driver": _driver(codes)},
        "invocations": [{"executionSuccessful": not refusals, "toolExecutionNotifications": refusals}],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def _driver(codes: Sequence[FindingCode]) -> dict[str, Any]:
    return {
        "name": "gradient-verdict",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(code) for code in codes],
    }


def _rule(code: FindingCode) -> dict[str, Any]:
    said = FINDINGS[code]
    return {
        "id": code.value,
        "name": "".join(word.capitalize() for word in code.name.split("_")),
        "shortDescription": {"text": code.name.lower().replace("_", " ")},
        "fullDescription": {"text": said.meaning},
        "help": {"text": said.suggestion},
        "defaultConfiguration": {"level": "warning"},
    }


def _result(one: Checked, finding: Finding, codes: Sequence[FindingCode]) -> dict[str, Any]:
    location = _location(one)
    if finding.path is not None:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.path, "name": _layer(one, finding.path)}]
    return {
        "ruleId": finding.code.value,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": {"text": " ".join(_sentences(one, finding))},
        "locations": [location],
        "partialFingerprints": {"modelFindingLayer/v1": f"{one.model}:{finding.code.value}:{finding.path or ''}"},
    }


def _sentences(one: Checked, finding: Finding) -> Iterator[str]:
    """What was found, of which model, with its number, and what to try."""
    limit = "" if finding.limit is None else f", limit {finding.limit:.3g}"
    number = "" if finding.number is None else f" ({finding.number:.3g}{limit})"
    yield f"{one.model}: {one.verdict}."
    yield f"{finding.name.replace('_', ' ').capitalize()}{number}: {finding.meaning}"
    yield f"Try: {finding.suggestion}"


def _notification(one: Checked, sentence: str) -> dict[str, Any]:
    return {
        "level": "error",
        "message": {"text": sentence},
        **({"locations": [_location(one)]} if one.file else {}),
    }


def _location(one: Checked) -> dict[str, Any]:
    path = Path(one.file or "stdin")
    artifact = {"uri": path.as_uri()} if path.is_absolute() else {"uri": quote(path.as_posix()), "uriBaseId": _ROOT}
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": one.line}}}


def _layer(one: Checked, path: str) -> str:
    layers = one.report.layers if one.report else []
    found = next((layer for layer in layers if layer.path == path), None)
    return (found.name if found and found.name else None) or path.rpartition("/network/")[2]
