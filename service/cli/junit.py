"""JUnit XML: a test case for each model, as GitLab, Jenkins and others read it."""

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from service.cli.checked import Checked

_SUITE = "gradient-verdict"
_UNREADABLE = {number: "�" for number in (*range(0x20), 0xFFFE, 0xFFFF) if chr(number) not in "\t\n\r"}
"""Characters that XML 1.0 has no way to write."""


def junit(checked: Sequence[Checked]) -> str:
    """The models as one suite: failures are those of --fail-on, errors are refusals."""
    seconds = [one.report.elapsed_seconds if one.report else 0.0 for one in checked]
    counts = {
        "tests": str(len(checked)),
        "failures": str(sum(bool(one.failed_on) for one in checked)),
        "errors": str(sum(bool(one.refused) for one in checked)),
        "time": f"{sum(seconds):.3f}",
    }
    suites = Xml.Element("testsuites", {"name": _SUITE, **counts})
    suite = Xml.SubElement(suites, "testsuite", {"name": _SUITE, **counts, "skipped": "0"})
    for one, time in zip(checked, seconds, strict=True):
        named = {"classname": _SUITE, "name": _clean(one.model), "time": f"{time:.3f}"}
        _add_outcome(Xml.SubElement(suite, "testcase", named), one)
    Xml.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Xml.tostring(suites, encoding="unicode")}\n'


def _add_outcome(case: Xml.Element, one: Checked) -> None:
    if one.refused:
        Xml.SubElement(case, "error", {"type": "refused", "message": _clean(one.reason)}).text = _clean(_details(one))
    elif one.failed_on:
        message = {"type": ", ".join(one.failed_on), "message": f"{one.verdict}: {_clean(one.reason)}"}
        Xml.SubElement(case, "failure", message).text = _clean(_details(one))
    elif not one.is_clean:
        Xml.SubElement(case, "system-out").text = _clean(_details(one))


def _details(one: Checked) -> str:
    """The reasons and findings, a line each, and what mends the model."""
    if one.report is None:
        return "\n".join(one.refused)
    findings = [
        f"{finding.code.value} {finding.severity.value}: {finding.meaning} Try: {finding.suggestion}"
        for finding in one.report.findings
    ]
    mended = [f"Best repair: {one.prescriptions.summary}"] if one.prescriptions else []
    return "\n".join([*one.report.verdict.reasons, *findings, *mended])


def _clean(text: str) -> str:
    return text.translate(_UNREADABLE)
