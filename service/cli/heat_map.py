"""The verdicts of a sweep over two axes as a picture in characters, in colours where there are any."""

from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from service.cli.page import COLOURS
from service.simulation.vocabulary import Label, Severity
from service.studies.axes import Scale
from service.studies.points import PointVerdict, SweepPoint
from service.studies.sweep import Combine, SweepSpec

MOST_COLUMNS, MOST_ROWS = 64, 24
WIDE_COLUMNS = 32
"""So many columns or fewer are two characters wide, which makes a cell about a square."""
FAILED, NOT_THERE = "?", " "
_SIGNS = {
    (Label.DEAD, Severity.SEVERE): "0",
    (Label.EXPLODING, Severity.MILD): "+",
    (Label.EXPLODING, Severity.SEVERE): "#",
    (Label.VANISHING, Severity.MILD): "-",
    (Label.VANISHING, Severity.SEVERE): "=",
    (Label.STABLE, Severity.NONE): "·",
}
_STYLES = {sign: f"bold white on {COLOURS[label]}" for (label, _), sign in _SIGNS.items()}
_STYLES |= {"·": f"white on {COLOURS[Label.STABLE]}", FAILED: "reverse"}


def sign_of(verdict: PointVerdict | None) -> str:
    """The character of a verdict; that of a failure where there is none."""
    return FAILED if verdict is None else _SIGNS.get((verdict.label, verdict.severity), FAILED)


@dataclass
class HeatMap:
    """The points of two axes: the first one upwards, the second to the right; where there are many, some of them."""

    spec: SweepSpec
    rows: list[int]  # the places on the first axis that are shown, rising
    columns: list[int]
    signs: dict[int, str] = field(default_factory=dict)  # by the numbers of the points

    @classmethod
    def of(cls, spec: SweepSpec) -> "HeatMap | None":
        """An empty one; None where the sweep is not over all pairs of two axes of several numbers each."""
        if spec.combine is not Combine.PRODUCT or len(spec.axes) != 2 or min(spec.shape) < 2:
            return None
        if not all(isinstance(value, int | float) for axis in spec.axes for value in axis.given()):
            return None
        rows, columns = spec.shape
        return cls(spec, _some(rows, MOST_ROWS), _some(columns, MOST_COLUMNS))

    def take(self, point: SweepPoint) -> None:
        """Remember a point."""
        row, column = divmod(point.index, self.spec.shape[1])
        if row in self.rows and column in self.columns:
            self.signs[point.index] = sign_of(point.verdict)

    def show(self, console: Console) -> None:
        """Print it."""
        vertical, horizontal = self.spec.axes
        labels = [_number(vertical.given()[row]) for row in self.rows]
        margin = max(map(len, labels)) + 1
        console.print(f"{vertical.name} upwards{_logarithmic(vertical.scale)}", markup=False)
        for row, label in zip(reversed(self.rows), reversed(labels), strict=True):
            console.print(Text(label.rjust(margin) + " ").append_text(self._line(row)), no_wrap=True, crop=True)
        first, last = (_number(horizontal.given()[column]) for column in (self.columns[0], self.columns[-1]))
        gap = max(1, self._width * len(self.columns) - len(first) - len(last))
        console.print(f"{' ' * (margin + 1)}{first}{' ' * gap}{last}", markup=False)
        console.print(f"{' ' * (margin + 1)}{horizontal.name}{_logarithmic(horizontal.scale)}", markup=False)
        console.print("· stable   - = vanishing, severely   + # exploding, severely   0 dead   ? no result")

    @property
    def _width(self) -> int:
        return 2 if len(self.columns) <= WIDE_COLUMNS else 1

    def _line(self, row: int) -> Text:
        text = Text()
        for column in self.columns:
            sign = self.signs.get(row * self.spec.shape[1] + column, NOT_THERE)
            text.append(sign * self._width, _STYLES.get(sign, ""))
        return text


def _some(size: int, most: int) -> list[int]:
    """Places of an axis, its ends among them, as far apart as can be."""
    count = min(size, most)
    return [round(place * (size - 1) / (count - 1)) for place in range(count)]


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _logarithmic(scale: Scale) -> str:
    return " (logarithmic)" if scale is Scale.LOG else ""
