"""`--fail-on` and `--ignore`: what a command may fail on, which of it holds for a report, and what is left out."""

from argparse import ArgumentTypeError
from collections.abc import Iterable
from typing import TYPE_CHECKING

from service.simulation.vocabulary import FindingCode, FindingSeverity, Label

if TYPE_CHECKING:
    from service.simulation.results import SimulationReport

_ANY_FINDING = (FindingSeverity.ERROR, FindingSeverity.WARNING)
_NEVER = "never"


def conditions(text: str) -> tuple[str, ...]:
    """The conditions in `text`, by commas: labels, `error`, `warning`, `risk=` and a number, or `never`."""
    found = tuple(one.strip() for one in text.split(","))
    known = (*Label, *_ANY_FINDING, _NEVER)
    unknown = [one for one in found if one not in known and not _is_risk(one)]
    if unknown:
        labels, others = ", ".join(Label), ", ".join((*_ANY_FINDING, _NEVER))
        raise ArgumentTypeError(
            f"{', '.join(unknown)}: not among {labels}, nor risk=… with a number from 0 to 1, nor {others}"
        )
    return found


def codes(text: str) -> list[FindingCode]:
    """The codes of findings in `text`, by commas, whatever their case."""
    found = [code.strip().upper() for code in text.split(",")]
    unknown = [code for code in found if code not in list(FindingCode)]
    if unknown:
        raise ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(FindingCode)}")
    return [FindingCode(code) for code in found]


def holding(wanted: Iterable[str], report: "SimulationReport") -> list[str]:
    """Those of the conditions that hold for a report."""
    return [condition for condition in wanted if _holds(condition, report)]


def _holds(condition: str, report: "SimulationReport") -> bool:
    """Whether it is the label, the risk reaches it, or a finding matters as much."""
    _, is_risk, least = condition.partition("risk=")
    if is_risk:
        return report.verdict.failure_risk.probability >= float(least)
    order = list(FindingSeverity)
    if condition in _ANY_FINDING:
        return any(order.index(one.severity) >= order.index(FindingSeverity(condition)) for one in report.findings)
    return report.verdict.label == condition


def _is_risk(condition: str) -> bool:
    name, _, number = condition.partition("=")
    return name == "risk" and number.replace(".", "", 1).isdecimal() and float(number) <= 1.0
