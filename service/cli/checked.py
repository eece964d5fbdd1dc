"""What `check` found out about one model."""

from typing import Annotated

from pydantic import Field

from service.core.kinds import Int64, Model
from service.simulation.results import SimulationReport
from service.simulation.vocabulary import FindingSeverity, Severity
from service.studies.prescriptions.results import Prescriptions


class Checked(Model):
    """A model, and its report or the reasons why it was refused."""

    model: str
    """As it was named."""
    file: str
    """The file that it comes from; empty where it was read from standard input."""
    line: Annotated[Int64, Field(ge=1)] = 1
    """The line on which it begins."""
    refused: tuple[str, ...] = ()
    """What is wrong with it, as sentences; empty where it was judged."""
    failed_on: tuple[str, ...] = ()
    """The conditions of --fail-on that hold."""
    assumed: tuple[str, ...] = ()
    """What it does not say, and what stands in for it."""
    report: SimulationReport | None = None
    """What the simulation found; null where it was refused."""
    prescriptions: Prescriptions | None = None
    """What mends it, where that was asked for."""

    @property
    def verdict(self) -> str:
        """The verdict in a few words."""
        if self.report is None:
            return "refused"
        found = self.report.verdict
        severity = "" if found.severity is Severity.NONE else f", {found.severity.value}"
        return f"{found.label.value}{severity}, risk {found.failure_risk.probability:.2f}"

    @property
    def reason(self) -> str:
        """The sentence that says most."""
        return self.refused[0] if self.report is None else self.report.verdict.reasons[0]

    @property
    def remedy(self) -> str | None:
        """The first prescription with its lines, or what the first finding suggests; None where there is neither."""
        if self.prescriptions and self.prescriptions.prescriptions:
            first = self.prescriptions.prescriptions[0]
            lines = f"\nPyTorch: {first.lines.pytorch}\nKeras: {first.lines.keras}" if first.lines else ""
            return first.sentence + lines
        findings = self.report.findings if self.report else []
        return next((one.suggestion for one in findings if one.severity is not FindingSeverity.INFO), None)

    @property
    def is_clean(self) -> bool:
        """Whether it passed, with no finding that is a warning or more."""
        findings = self.report.findings if self.report else []
        noted = any(one.severity is not FindingSeverity.INFO for one in findings)
        return not (self.refused or self.failed_on or noted)
