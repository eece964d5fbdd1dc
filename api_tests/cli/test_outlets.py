"""What `check` writes for other programs: SARIF, JUnit XML, and workflow commands of GitHub Actions."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from api_tests.cli.test_terminal import HARMLESS, VANISHING
from service.__main__ import main
from service.cli.annotations import annotations
from service.cli.checked import Checked
from service.cli.junit import junit
from service.cli.sarif import sarif
from service.simulation.finding_wording import FINDINGS
from service.simulation.vocabulary import FindingCode

Written = Callable[..., tuple[int, str, str]]
WARNING = {**HARMLESS, "data": {"inputs": {"kind": "gaussian", "std": 300}}}
ODD = "m%: 1,\x0bé\n.json"
"""A name with everything that one of the formats must escape."""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Written:
    """What `check` prints of files in an empty folder: a bad, a good and one with warnings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    Path("nets").mkdir()
    for name, body in {"nets/bad net": VANISHING, "good": HARMLESS, "warned": WARNING}.items():
        Path(f"{name}.json").write_text(json.dumps(body), "utf-8")

    def ended(*arguments: str) -> tuple[int, str, str]:
        status = main(["check", *arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return ended


def run_of(text: str) -> Any:
    log = json.loads(text)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    return run


def test_sarif_has_a_result_for_each_finding_with_its_rule_and_its_place(written: Written) -> None:
    _, reports, _ = written("nets/bad net.json", "good.json", "--json")
    bad, good = map(Checked.model_validate_json, reports.splitlines())
    assert bad.report is not None
    assert good.report is not None
    status, text, _ = written("nets/bad net.json", "good.json", "--sarif", "-")
    run = run_of(text)
    assert status == 3
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]
    findings = [*bad.report.findings, *good.report.findings]
    assert [one["ruleId"] for one in run["results"]] == [one.code for one in findings]
    rules = run["tool"]["driver"]["rules"]
    for one, finding in zip(run["results"], findings, strict=True):
        rule = rules[one["ruleIndex"]]
        assert rule["id"] == one["ruleId"]
        assert rule["help"]["text"] == FINDINGS[finding.code].suggestion
        assert one["level"] == {"error": "error", "warning": "warning", "info": "note"}[finding.severity]
        assert finding.meaning in one["message"]["text"]
    place = run["results"][0]["locations"][0]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "nets/bad%20net.json", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 1},
    }
    assert place["logicalLocations"][0]["fullyQualifiedName"] == bad.report.findings[0].path
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert {rule["id"] for rule in rules} <= set(FindingCode)


def test_sarif_says_what_was_refused_as_a_notification(written: Written) -> None:
    Path("none.json").write_text('{"network": 1}', "utf-8")
    status, text, _ = written("none.json", "missing.json", "--sarif", "-")
    (invocation,) = run_of(text)["invocations"]
    assert status == 2
    assert invocation["executionSuccessful"] is False
    first, second = invocation["toolExecutionNotifications"]
    assert first["message"]["text"].startswith("none.json: ")
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "none.json"
    assert second["message"]["text"] == "missing.json: No such file or directory"
    assert second["level"] == "error"


def test_junit_has_a_case_for_each_model_with_failures_and_errors(written: Written) -> None:
    status, text, _ = written("nets/bad net.json", "good.json", "missing.json", "warned.json", "--junit", "-")
    suites = Xml.fromstring(text)
    (suite,) = suites
    assert status == 2
    for one in (suites, suite):
        assert [one.get(name) for name in ("tests", "failures", "errors")] == ["4", "1", "1"]
    bad, good, missing, warned = suite
    assert [case.get("name") for case in suite] == ["nets/bad net.json", "good.json", "missing.json", "warned.json"]
    assert all(float(case.get("time", "nan")) >= 0 for case in suite)
    (failure,) = bad
    assert failure.tag == "failure"
    assert failure.get("type") == "error"
    assert failure.get("message", "").startswith("vanishing, severe, risk ")
    assert "Try: " in (failure.text or "")
    assert list(good) == []
    assert [one.tag for one in missing] == ["error"]
    assert [one.tag for one in warned] == ["system-out"]


def test_files_are_written_beside_what_is_for_people(written: Written) -> None:
    _, shown, _ = written("good.json")
    status, out, _ = written("good.json", "--sarif", "a.sarif", "--junit", "a.xml")
    assert (status, out.partition("δ")[0]) == (0, shown.partition("δ")[0])
    assert run_of(Path("a.sarif").read_text("utf-8"))["results"] == []
    assert Xml.parse("a.xml").getroot().get("tests") == "1"


def test_an_annotation_has_the_verdict_the_first_reason_and_what_to_do(written: Written) -> None:
    _, reports, _ = written("nets/bad net.json", "--json", "--suggest")
    bad = Checked.model_validate_json(reports)
    assert bad.report is not None
    assert bad.prescriptions is not None
    _, out, said = written("nets/bad net.json", "good.json", "warned.json", "missing.json", "--annotate", "github")
    assert "::" not in out
    failed, warned, refused, sentence = said.splitlines()
    verdict = bad.verdict.replace(",", "%2C")
    assert failed.startswith(f"::error file=nets/bad net.json,line=1,title=nets/bad net.json%3A {verdict}::")
    assert bad.report.verdict.reasons[0] in failed
    assert failed.endswith(f"%0ATry: {bad.report.findings[0].suggestion}")
    assert warned.startswith("::warning file=warned.json,line=1,title=warned.json%3A ")
    assert {refused, sentence} == {
        "::error line=1,title=missing.json%3A refused::missing.json: No such file or directory",
        "missing.json: No such file or directory",
    }
    _, _, said = written("nets/bad net.json", "--annotate", "github", "--suggest")
    first = bad.prescriptions.prescriptions[0]
    assert f"%0ATry: {first.sentence}%0APyTorch: " in said


def test_files_are_named_from_the_root_of_what_is_checked_out(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path.parent))
    _, _, said = written("nets/bad net.json", "--annotate", "github")
    assert said.startswith(f"::error file={tmp_path.name}/nets/bad net.json,line=1,")


def test_nothing_that_a_name_holds_breaks_a_format() -> None:
    odd = Checked(model=ODD, file=ODD, line=3, refused=("a\r\n::b%",))
    written = annotations(odd)
    assert written.count("\n") == 1
    properties, _, message = written.removeprefix("::error ").rstrip("\n").partition("::")
    assert message == "a%0D%0A::b%25"
    found = dict(one.split("=") for one in properties.split(","))
    assert found["file"] == "m%25%3A 1%2C\x0bé%0A.json"
    assert found["line"] == "3"
    case = Xml.fromstring(junit([odd])).find("*/testcase")
    assert case is not None
    assert case.get("name") == ODD.replace("\x0b", "�")
    (notification,) = run_of(sarif([odd]))["invocations"][0]["toolExecutionNotifications"]
    address = notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[\w%.]+", address, re.ASCII)
