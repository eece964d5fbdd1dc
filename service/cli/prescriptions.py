"""`suggest`, and `simulate --suggest`: what mends a network, as a table, with the lines to write."""

import sys
from argparse import Namespace

from rich.console import Console
from rich.table import Table

from service.cli.console import REFUSED, output, working
from service.cli.models import Models
from service.core.settings import Settings
from service.simulation.estimate import Limits
from service.simulation.spec import SimulationSpec
from service.studies.prescriptions.results import Condition, Prescriptions
from service.studies.prescriptions.search import prescribe


def suggest_model(args: Namespace) -> int:
    """Print the changes that mend the model called `args.model`, and return the exit status."""
    with Models(args) as models:
        suggest(models.read(args.model).spec, output(), as_json=args.json)
        return 0
    return REFUSED


def suggest(spec: SimulationSpec, console: Console, *, as_json: bool) -> None:
    """Print the changes that mend `spec`, the best first."""
    settings = Settings()
    with working("trying changes"):
        found = prescribe(spec, Limits.of(settings), settings.workers)
    if as_json:
        sys.stdout.write(found.model_dump_json() + "\n")
    else:
        show_prescriptions(found, console)


def show_prescriptions(found: Prescriptions, console: Console) -> None:
    """Print what was found, as a table with the lines to write."""
    console.print(f"\n{found.summary}", markup=False)
    if not found.prescriptions:
        return
    table = Table(title=f"repairs, simulated with the same seeds in {found.trials} trials", title_justify="left")
    for name in ("", "change", "ratio", "risk", "scale"):
        table.add_column(name, justify="left" if name in ("change", "scale") else "right", overflow="fold")
    table.add_row("", "as it is", *_cells(found.before))
    for number, one in enumerate(found.prescriptions, 1):
        table.add_row(str(number), one.sentence.partition(": ")[0], *_cells(one.after))
    console.print(table)
    for number, one in enumerate(found.prescriptions, 1):
        lines = [("PyTorch", one.lines.pytorch), ("Keras", one.lines.keras)] if one.lines else []
        for name, line in lines:
            console.print(f"  {number} {name}: {line}", markup=False, soft_wrap=True)
    if found.left_out:
        console.print(f"{found.left_out} more changes would have taken too long.", markup=False)


def _cells(condition: Condition) -> tuple[str, str, str]:
    """Ratio in decades, risk, and what is wrong with the scale."""
    ratio = "–" if condition.ratio is None else f"{round(condition.ratio, 2) + 0.0:+.2f}".replace("-", "−")
    scale = ", ".join(entry.value.replace("_", " ") for entry in condition.scale)
    return ratio, f"{condition.failure_risk:.2f}", scale or "–"
