"""The course's networks, judged by the running service: `make demo`."""

import json
import sys
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from examples.running_service import running_service  # noqa: E402 - the root is on the path only now
from service.cli.console import COLOURS  # noqa: E402

COURSE = ROOT / "examples" / "course"
ORDER = [
    f"{prefix}{name}_{output}"
    for prefix in ("", "deep_")
    for name in ("stanh", "a_relu", "exu")
    for output in ("sigmoid", "linear")
]

WRONG = (
    "Wrong: from the bounds alone (|stanh'| up to 1.1997, |EXU'| up to 1.7535 but small on its left) the course lets "
    "stanh explode and EXU vanish the most; measured at N(0, 1/n), EXU keeps its gradient through twenty layers "
    "better than the others, and stanh, which is z² near 0, collapses to nothing."
)
RIGHT = (
    "Right: two hidden layers are too few for any of them to fail, a-ReLU does vanish with depth (√0.505 = 0.71 a "
    "layer), and a linear output lets more of the error in (the end-to-end ratio rises by about 0.6 decades, the "
    "sigmoid's slope of at most 1/4) without changing what the hidden layers do to it."
)


def main() -> None:
    """Post every network and print one table."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    with running_service() as url, console.status("simulating …"):
        reports = {name: _report(url, name) for name in ORDER}
    table = Table(title="The course's networks at N(0, 1/n), width 128", title_justify="left")
    for column in ("hidden", "output", "depth", "verdict", "tendency", "gain per layer", "end to end", "largest |φ'|"):
        table.add_column(column, no_wrap=True, justify="left" if column in ("hidden", "output") else "right")
    for name, report in reports.items():
        table.add_row(*_row(report), end_section=name == "exu_linear")
    console.print(table)
    console.print("End to end is in decades: −1 means that a tenth of the error arrives at the first hidden layer.\n")
    console.print(WRONG, soft_wrap=False)
    console.print(RIGHT, soft_wrap=False)


def _report(url: str, name: str) -> Any:
    spec = json.loads((COURSE / f"{name}.json").read_text(encoding="utf-8"))
    response = httpx.post(f"{url}/v1/simulations", json=spec, timeout=600)
    response.raise_for_status()
    return response.json()


def _row(report: Any) -> tuple[str, ...]:
    verdict, layers = report["verdict"], report["layers"]
    hidden = layers[:-1]
    steepest = max(abs(layer["derivative"][end]) for layer in hidden for end in ("min", "max"))
    severity = "" if verdict["severity"] == "none" else f", {verdict['severity']}"
    colours = {label.value: colour for label, colour in COLOURS.items()}
    return (
        hidden[0]["activation"],
        layers[-1]["activation"],
        str(len(hidden)),
        f"[{colours[verdict['label']]}]{verdict['label']}{severity}[/]",
        verdict["tendency"],
        _number(verdict["gain_per_layer"]["median"], ".3f"),
        "nothing" if verdict["label"] == "dead" else _number(verdict["end_to_end_ratio"]["median"], "+.2f"),
        f"{steepest:.4f}",
    )


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


if __name__ == "__main__":
    main()
