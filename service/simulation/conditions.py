"""What a program may fail on, as words: labels, `warning` or `error` for findings, `risk=0.5` for the failure risk."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from service.simulation.vocabulary import FindingSeverity, Label

if TYPE_CHECKING:
    from service.simulation.results import SimulationReport

CONDITIONS = (*Label, FindingSeverity.ERROR, FindingSeverity.WARNING)
"""All but `risk=` with a number from 0 to 1."""


def is_condition(text: str) -> bool:
    """Whether it is one of `CONDITIONS`, or `risk=` with a number from 0 to 1."""
    name, _, number = text.partition("=")
    is_risk = name == "risk" and number.replace(".", "", 1).isdecimal() and float(number) <= 1.0
    return is_risk or text in CONDITIONS


def holding(wanted: Iterable[str], report: "SimulationReport") -> list[str]:
    """Those of the conditions that hold for a report."""
    return [condition for condition in wanted if _holds(condition, report)]


def _holds(condition: str, report: "SimulationReport") -> bool:
    """Whether it is the label, the risk reaches it, or a finding matters as much."""
    _, is_risk, least = condition.partition("risk=")
    if is_risk:
        return report.verdict.failure_risk.probability >= float(least)
    order = list(FindingSeverity)
    if condition in order:
        return any(order.index(one.severity) >= order.index(FindingSeverity(condition)) for one in report.findings)
    return report.verdict.label == condition
