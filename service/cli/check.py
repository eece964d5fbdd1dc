"""`check`: models judged as they are, for people and for CI."""

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.cli.annotations import annotations
from service.cli.checked import Checked
from service.cli.console import COLOURS, FAILED, REFUSED, output, sentences_of, working
from service.cli.junit import junit
from service.cli.models import Models
from service.cli.prescriptions import show_prescriptions
from service.cli.sarif import sarif
from service.cli.simulate import show
from service.core.settings import Settings
from service.simulation.conditions import holding
from service.simulation.estimate import Limits
from service.simulation.simulate import simulate
from service.studies.prescriptions.search import prescribe

_STANDARD_OUTPUT = "-"


def check_models(args: Namespace) -> int:
    """Judge each of `args.models`, write what was asked for, and return the exit status.

    2 where one of them is refused, or 3 where a condition of --fail-on holds for one; the others are judged anyway.
    """
    if [args.sarif, args.junit, "-" if args.json else None].count(_STANDARD_OUTPUT) > 1:
        sys.stderr.write("Standard output takes one of --json, --sarif and --junit.\n")
        return REFUSED
    checked = []
    for number, name in enumerate(args.models, 1):
        with working(f"{number} of {len(args.models)}: {name}"):
            checked.append(_checked(name, args))
        if args.annotate:
            sys.stderr.write(annotations(checked[-1]))
    try:
        _write(checked, args)
    except OSError as error:
        sys.stderr.write("".join(f"{one}\n" for one in sentences_of(error, "-")))
        return REFUSED
    return max((REFUSED if one.refused else 0 for one in checked), default=0) or (
        FAILED if any(one.failed_on for one in checked) else 0
    )


def _checked(name: str, args: Namespace) -> Checked:
    """What is found out about one model, its refusal included."""
    with Models(args) as models:
        given = models.read(name)
        spec = given.spec.model_copy(update={"mute": [*given.spec.mute, *args.ignore]})
        report = simulate(spec, Settings().workers)
        failed = holding(args.fail_on, report)
        mended = prescribe(spec, Limits.of(Settings()), Settings().workers) if args.suggest and failed else None
        return Checked(
            model=name,
            file=_in_repository(given.origin.file),
            line=given.origin.line,
            failed_on=tuple(failed),
            assumed=given.assumed,
            report=report,
            prescriptions=mended,
        )
    known = Path(name).exists()
    return Checked(model=name, file=_in_repository(name) if known else "", refused=tuple(models.refused))


def _in_repository(file: str) -> str:
    """A file by its path from the root of what is checked out, or from the current folder."""
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    path = Path(file).resolve()
    return path.relative_to(root).as_posix() if file and root in path.parents else file


def _write(checked: Sequence[Checked], args: Namespace) -> None:
    """Write files, and on standard output what was asked for there, or what is for people."""
    for place, write in ((args.sarif, sarif), (args.junit, junit)):
        if place == _STANDARD_OUTPUT:
            sys.stdout.write(write(checked))
        elif place:
            Path(place).write_text(write(checked), encoding="utf-8")
    if args.json:
        sys.stdout.writelines(f"{one.model_dump_json()}\n" for one in checked)
    elif _STANDARD_OUTPUT not in (args.sarif, args.junit):
        _show(checked, output(), args.all_layers)


def _show(checked: Sequence[Checked], console: Console, all_layers: bool) -> None:
    """The report of one model, or a row for each of several, with what mends them below."""
    if len(checked) > 1:
        console.print(_table(checked))
    elif checked[0].report:
        show(checked[0].report, console, all_layers)
    for one in checked:
        if one.prescriptions:
            console.print(f"\n{one.model}" if len(checked) > 1 else "", markup=False, end="")
            show_prescriptions(one.prescriptions, console)
    failed = [f"{one.model} ({', '.join(one.failed_on)})" for one in checked if one.failed_on]
    if failed:
        console.print(f"Failed: {', '.join(failed)}", markup=False, soft_wrap=True)


def _table(checked: Sequence[Checked]) -> Table:
    table = Table(title=f"{len(checked)} models", title_justify="left", expand=True)
    table.add_column("model", ratio=2, overflow="fold")
    table.add_column("verdict", ratio=2)
    table.add_column("findings", ratio=2)
    table.add_column("why", ratio=5)
    for one in checked:
        style = COLOURS[one.report.verdict.label] if one.report else "bright_black"
        findings = ", ".join(finding.code.value for finding in one.report.findings) if one.report else ""
        status = f"{'failed: ' if one.failed_on else ''}{one.verdict}"
        table.add_row(
            Text(one.model), Text(status, style=style), findings or "–", Text(one.reason.removeprefix(f"{one.model}: "))
        )
    return table
