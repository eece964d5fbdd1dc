"""`simulate`: a report as JSON, or for people: the verdict, its reasons and the table of layers."""

import sys
from argparse import Namespace
from collections.abc import Iterator

from rich.console import Console

from service.cli.console import COLOURS, FAILED, REFUSED, InputFiles, output, working
from service.cli.layers_table import LEGEND, layers_table
from service.simulation.conditions import holding
from service.simulation.estimate import cost
from service.simulation.plan import Plan, plan
from service.simulation.results import SimulationReport, Verdict
from service.simulation.simulate import simulate_plan
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import FindingCode, Label
from service.simulation.wording import signed

_NO_TIME_SECONDS = 0.1


def simulate_file(args: Namespace) -> int:
    """Judge the specification in `args.spec` (- is standard input), print it, and return the exit status.

    Findings with a code in `args.ignore` are left out. `args.suggest` prints what mends it, too; as JSON that alone.
    """
    with InputFiles() as files:
        spec = SimulationSpec.model_validate(files.read(args.spec))
        spec = spec.model_copy(update={"mute": [*spec.mute, *map(FindingCode, args.ignore)]})
        with working("simulating"):
            made = plan(spec)
            report = simulate_plan(made, _processes(made))
        if not args.json:
            show(report, output(), args.all_layers)
        elif not args.suggest:
            sys.stdout.write(report.model_dump_json() + "\n")
        if args.suggest:
            from service.cli.prescriptions import suggest  # noqa: PLC0415 - all that reads models is loaded with it

            suggest(spec, output(), as_json=args.json)
        return FAILED if holding(args.fail_on, report) else 0
    return REFUSED


def _processes(made: Plan) -> int:
    """How many processes may simulate: one where that takes no time, so that no settings are loaded for it."""
    if cost(made).seconds < _NO_TIME_SECONDS:
        return 1
    from service.core.settings import Settings  # noqa: PLC0415

    return Settings().workers


def show(report: SimulationReport, console: Console, all_layers: bool = False) -> None:
    """Print the verdict with its reasons, what theory predicts, and the table of layers, folded where they are many."""
    verdict = report.verdict
    console.print(_headline(verdict))
    for reason in verdict.reasons:
        console.print(f"  {reason}", markup=False)
    if report.theory.depth_ratio is not None:
        console.print(f"  Mean field theory predicts {signed(report.theory.depth_ratio)} decades for wide layers.")
    for line in _outlook(report):
        console.print(f"  {line}", markup=False)
    console.print(layers_table(report, console.width, all_layers))
    console.print(LEGEND)


def _headline(verdict: Verdict) -> str:
    """Label, severity, tendency and cause in one line of Rich markup."""
    severity = "" if verdict.severity == "none" else f", {verdict.severity.value}"
    cause = verdict.cause.value.replace("_", " ") if verdict.cause else "–"
    now, later = (f"[bold {COLOURS[Label(word)]}]{word}[/]" for word in (verdict.label.value, verdict.tendency.value))
    return f"now {now}{severity} · with more layers {later} · cause {cause}"


def _outlook(report: SimulationReport) -> Iterator[str]:
    """The risk, what is wrong with the scale, and the findings with what to try."""
    risk = report.verdict.failure_risk
    yield f"Risk that training fails with {risk.optimiser.value}: {risk.probability:.2g}."
    yield from report.scale.sentences
    for one in report.findings:
        limit = "" if one.limit is None else f", limit {one.limit:.3g}"
        number = "" if one.number is None else f" ({one.number:.3g}{limit})".replace("-", "−")
        name = one.name.replace("_", " ")
        yield f"{one.code} {one.severity.value}, {name}{number}: {one.meaning} Try: {one.suggestion}"
