"""A sweep in words: the title of its chart, what stands below it, and what is told to whoever sees no chart."""

from collections import Counter

from service.charts.curves.sweep_axes import named
from service.charts.curves.sweep_line import FARTHEST
from service.charts.curves.sweep_outline import outline
from service.charts.curves.sweep_points import Findings, State
from service.simulation.vocabulary import Label
from service.studies.axes import Axis
from service.studies.sweep import Combine

MAP_TITLE = "Where the gradient vanishes, and where it explodes"
_NOUNS = {
    "weight_variance": "variance of the weights",
    "bias_variance": "variance of the biases",
    "input_std": "size of the inputs",
}
_DOES = {Label.VANISHING: "vanish", Label.EXPLODING: "explode", Label.STABLE: "are stable", Label.DEAD: "are dead"}
_HOW_TO_READ = "Colour: what delta has become at the first hidden layer; −3 decades are a thousandth."
_HOW_TO_READ_LINES = (
    f"What delta has become at the first hidden layer; −3 decades are a thousandth. Cut at {FARTHEST:g} decades."
)
_MARKS = {
    State.DEAD: "×: dead, the gradient is exactly 0",
    State.OVERFLOWING: "▲: the signal overflows",
    State.FAILED: "hatched: no result",
    State.WAITING: "dotted: not there yet",
}
_MARKS_BESIDE_LINES = _MARKS | {State.FAILED: "■: no result", State.WAITING: "not there yet"}


def title(findings: Findings) -> str:
    """What is shown."""
    if len(findings.axes) == 2:
        return MAP_TITLE
    return f"What becomes of the gradient, by {_noun(findings.spec.axes[findings.extract.axes[0]])}"


def subtitle(findings: Findings) -> list[str]:
    """Whose sweep it is, what is left out, how to read it, and what is marked."""
    two = len(findings.axes) == 2
    marks, counts = _MARKS if two else _MARKS_BESIDE_LINES, Counter(row["state"] for row in findings.rows)
    marked = [f"{words} ({counts[state]:,})" for state, words in marks.items() if counts[state]]
    lines = [_whose(findings), _left_out(findings), _HOW_TO_READ if two else _HOW_TO_READ_LINES, " · ".join(marked)]
    return [line for line in lines if line]


def description(findings: Findings) -> str:
    """The chart in two sentences."""
    labels = Counter(row["label"] for row in findings.rows)
    judged = [f"{labels[label]:,} {does}" for label, does in _DOES.items() if labels[label]]
    outcome = ", ".join(judged) or "none is judged yet"
    return f"{title(findings)}. Of {len(findings.rows):,} networks that are shown, {outcome}."


def _noun(axis: Axis) -> str:
    name = axis.name.replace("_", " ")
    return _NOUNS.get(axis.name, name) if axis.pointer is None else name


def _whose(findings: Findings) -> str:
    spec, whose = findings.spec, outline(findings.spec)
    networks = f"{spec.total:,} networks, each drawn {spec.base.trials:,} times" if spec.total > 1 else "one network"
    return f"{whose}: {networks}" if whose else networks


def _left_out(findings: Findings) -> str:
    """At which values of other axes the chart is, and how many values of its own it has."""
    spec, extract = findings.spec, findings.extract
    first = findings.grid.values(0)
    names = [spec.axes[axis].name for axis in extract.held]
    held = [f"{name} stays at {named(first[name])}, its first value" for name in names]
    along = [f"{axis.name} goes along" for axis in spec.axes[1:] if spec.combine is Combine.ZIP]
    shown, all_of_it = (" × ".join(f"{size:,}" for size in sizes) for sizes in (extract.shape, extract.shape_of(spec)))
    thinned = [f"{shown} of {all_of_it} points are drawn, evenly chosen"] if extract.thins(spec) else []
    sentence = "; ".join([*held, *along, *thinned])
    return f"Here {sentence}." if sentence else ""
