"""Where the layers of a report stand on an axis: by their numbers, or by names where they are more than a stack."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.charts.names import short_forms
from service.charts.rows import Row
from service.simulation.layer_results import LayerStatistics
from service.simulation.results import SimulationReport

_PLAIN_KINDS = ("dense", "activation")
_LONGEST_NAME = 24


@dataclass(frozen=True)
class Places:
    """Every layer of the top list is one step from the next; those inside a block stand between it and what precedes.

    A stack of dense layers and activations without names keeps the numbers of its layers.
    """

    _layers: dict[int, LayerStatistics]
    _at: dict[int, float]
    _labels: dict[int, str]  # of the top list; empty where numbers say enough

    @classmethod
    def of(cls, report: SimulationReport) -> "Places":
        """The places of all layers of `report`."""
        layers = {layer.index: layer for layer in report.layers}
        plain = all(one.kind in _PLAIN_KINDS and not one.inside and one.name is None for one in report.layers)
        if plain:
            return cls(layers, {index: float(index) for index in layers}, {})
        return cls(layers, _spaced(report.layers), _labelled([one for one in report.layers if not one.inside]))

    def at(self, layer: LayerStatistics) -> float:
        """Its place on the axis."""
        return self._at[layer.index]

    def put(self, rows: Iterable[Row]) -> list[Row]:
        """`rows` with the places of their layers, what these are, and whether hidden layers are measured there."""
        return [{**row, **self._found(row["layer"])} for row in rows]

    def labels(self, layers: Sequence[LayerStatistics]) -> list[Row]:
        """A row for each of these layers of the top list, with its label; none where numbers say enough."""
        if not self._labels:
            return []
        rows: list[Row] = [{"layer": one.index, "label": self._labels[one.index]} for one in layers if not one.inside]
        return self.put(rows)

    @property
    def are_named(self) -> bool:
        """Whether the axis has names in place of numbers."""
        return bool(self._labels)

    def _found(self, index: float | str | None) -> Row:
        layer = self._layers[int(index or 0)]
        return {
            "place": self._at[layer.index],
            "name": layer_name(layer),
            "measured": layer.boundary or not self._labels,
        }


def depths(layers: Sequence[LayerStatistics]) -> list[int]:
    """How deep each layer stands in others: those that follow it in its block and whose pointers its own begins with.

    What stands for other layers has their pointer: inside it, the depth is 1 at least.
    """
    found: list[int] = []
    around: set[str] = set()
    for layer in reversed(layers):
        around = around if layer.inside else set()
        depth = sum(layer.path.startswith(f"{outer}/") for outer in around)
        found.append(max(1, depth) if layer.inside else 0)
        around.add(layer.path)
    return found[::-1]


def layer_name(layer: LayerStatistics) -> str:
    """Such as `conv1: convolution relu`, or the kind alone where it has no name."""
    unsaid = layer.activation is None or (layer.activation == "linear" and layer.kind != "dense")
    kind = " ".join([layer.kind.replace("_", " "), *([] if unsaid else [str(layer.activation)])])
    return kind if layer.name is None else f"{layer.name}: {kind}"


def _spaced(layers: Sequence[LayerStatistics]) -> dict[int, float]:
    """1, 2, … for those of the top list, and fractions for what is inside the next of these."""
    found: dict[int, float] = {}
    waiting: list[int] = []
    place = 0
    for layer in layers:
        waiting.append(layer.index)
        if not layer.inside:
            found |= {index: place + (number + 1) / len(waiting) for number, index in enumerate(waiting)}
            waiting = []
            place += 1
    return found


def _labelled(layers: Sequence[LayerStatistics]) -> dict[int, str]:
    """The name or kind of each, numbered where it is that of several."""
    words = short_forms([one.name or one.kind.replace("_", " ") for one in layers], _LONGEST_NAME)
    shown = {one.index: label for one, label in zip(layers, words, strict=True)}
    counts, seen = Counter(shown.values()), Counter[str]()
    for index, label in shown.items():
        seen[label] += 1
        if counts[label] > 1:
            shown[index] = f"{label} · {seen[label]}"
    return shown
