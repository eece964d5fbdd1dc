"""Which points of a sweep are drawn: along one axis or two, and evenly chosen where there are too many."""

from dataclasses import dataclass
from math import prod

from service.charts.curves.rows import thinned
from service.studies.sweep import SweepSpec

MOST_PLACES = 2000
"""Of one axis: more than a chart has pixels."""
MOST_CELLS = 120
"""Along each of two axes: smaller cells are grains."""


@dataclass(frozen=True)
class Extract:
    """The axes that are drawn, as numbers in the specification, and which of their values; others stay at their first.

    Axes that are zipped make one row of places, which the first of them names.
    """

    axes: tuple[int, ...]
    places: tuple[tuple[int, ...], ...]  # along each of them
    strides: tuple[int, ...]  # how far apart in the numbers of points two neighbours are
    held: tuple[int, ...]  # axes with several values that are not drawn

    @classmethod
    def of(cls, spec: SweepSpec) -> "Extract":
        """The first two axes that have more than one value, or as many as there are."""
        sizes = spec.shape
        several = [number for number, size in enumerate(sizes) if size > 1] or [0]
        axes, held = several[:2], several[2:]
        most = MOST_PLACES if len(axes) == 1 else MOST_CELLS
        return cls(
            axes=tuple(axes),
            places=tuple(tuple(thinned(range(sizes[axis]), most)) for axis in axes),
            strides=tuple(prod(sizes[axis + 1 :]) for axis in axes),
            held=tuple(held),
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """How many places are drawn along each axis."""
        return tuple(len(places) for places in self.places)

    def thins(self, spec: SweepSpec) -> bool:
        """Whether values of the drawn axes are left out."""
        return self.shape != self.shape_of(spec)

    def shape_of(self, spec: SweepSpec) -> tuple[int, ...]:
        """How many places there are along each of them, drawn or not."""
        return tuple(spec.shape[axis] for axis in self.axes)

    def indexes(self) -> list[int]:
        """The numbers of the points that are drawn, rising; the last axis varies fastest."""
        found = [0]
        for places, stride in zip(self.places, self.strides, strict=True):
            found = [index + stride * place for index in found for place in places]
        return found

    def along(self, axis: int) -> list[int]:
        """The numbers of the points at whose places the values of the drawn axis `axis` are met first."""
        return [self.strides[axis] * place for place in self.places[axis]]
