"""`train`: a network trained at several rates, as JSON, or for people: the verdict, and a row for each rate."""

import sys
from pathlib import Path
from typing import Any

from rich.table import Table

from service.cli.console import COLOURS, REFUSED, InputFiles, output, working
from service.core.settings import Settings
from service.simulation.layer_results import Spread
from service.studies.training import Training, TrainingSpec
from service.studies.training_course import train

DATA: dict[str, Any] = {
    "blobs": {"inputs": {"kind": "blobs"}},
    "spirals": {"inputs": {"kind": "spirals"}},
    "teacher": {"targets": {"kind": "teacher"}},
}
"""What `--data` puts in place of inputs and targets."""
_SAMPLES = 256


def train_file(path: Path, *, as_json: bool, changes: dict[str, Any]) -> int:
    """Train what `path` says (- is standard input) with `changes` of its fields, print it, return the exit status."""
    with InputFiles() as files:
        body = files.read(path)
        if isinstance(body, dict):
            body |= _changes(changes, body)
        spec = TrainingSpec.model_validate(body)
        with working("training"):
            training = train(spec, Settings().workers)
        if as_json:
            sys.stdout.write(training.model_dump_json() + "\n")
        else:
            _show(training)
        return 0
    return REFUSED


def _changes(changes: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """The fields that the command line names; data that can be learned has 256 samples unless the file says so."""
    given = {name: value for name, value in changes.items() if value is not None}
    if (data := given.pop("data", None)) is not None:
        written = body.get("data")
        samples = written.get("samples") if isinstance(written, dict) else None
        given["data"] = {**DATA[data], "samples": samples or _SAMPLES}
    if (optimizer := given.get("optimizer")) is not None:
        given["optimizer"] = {"kind": optimizer}
    return given


def _show(training: Training) -> None:
    console, verdict = output(), training.verdict
    console.print(f"[bold {COLOURS[verdict.label]}]{verdict.label.value}[/], risk {verdict.failure_risk:.2f}")
    console.print(f"  {training.sentence}", markup=False)
    spec = training.spec
    title = f"{spec.optimizer.kind}, {spec.steps} steps, medians over {spec.trials} trials"
    table = Table(title=title, title_justify="left")
    for name in ("rate", "loss", "accuracy", "depth ratio", "dead units", "diverged", ""):
        table.add_column(name, justify="right", no_wrap=True)
    for one in training.rates:
        ratio = one.depth_ratio.median[-1] if one.depth_ratio else None
        dead = one.dead_fraction.median[-1] if one.dead_fraction else None
        diverged = f"{one.diverged_trials} from step {one.diverged_at}" if one.diverged_trials else "–"
        loss = one.loss.median[-1] if one.loss else None
        cells = [f"{one.rate:g}", _number(loss, ".4g"), _percent(_median(one.final_accuracy))]
        cells += [_number(ratio, "+.2f"), _percent(dead), diverged, "best" if one.index == training.best else ""]
        table.add_row(*cells)
    console.print(table)


def _median(spread: Spread | None) -> float | None:
    return None if spread is None else spread.median


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100.0 * share:.3g} %"
