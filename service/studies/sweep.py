"""A base specification and axes → as many specifications as there are points."""

import json
import pickle
from collections.abc import Iterator
from enum import StrEnum
from hashlib import sha256
from math import prod
from typing import Annotated, Any

from pydantic import Field, JsonValue, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from service.core.errors import MisplacedAxis, Refusal
from service.core.kinds import Model
from service.core.validation import faults_of
from service.core.version import ENGINE_VERSION
from service.simulation.plan import Plan, plan
from service.simulation.results import ItemError
from service.simulation.spec import SimulationSpec
from service.studies.axes import MOST_POINTS, Axis
from service.studies.points import Reduced, SweepPoint, error_of

_MOST_BYTES_OF_VALUES = 64 << 20
"""Of the values of the axes, as they are repeated in the results of all points."""


class Combine(StrEnum):
    """How the values of several axes make points."""

    PRODUCT = "product"
    ZIP = "zip"


class SweepSpec(Model):
    """What is varied, and how."""

    base: SimulationSpec
    """The specification that every point starts from."""
    axes: Annotated[list[Axis], Field(min_length=1, max_length=6)]
    """What is varied; in a product, the last varies fastest."""
    combine: Combine = Combine.PRODUCT
    """Every value with every other, or the first with the first, the second with the second, …"""

    @model_validator(mode="after")
    def _makes_points(self) -> "SweepSpec":
        names = [axis.name for axis in self.axes]
        if len(set(names)) < len(names):
            raise PydanticCustomError("name_twice", "two axes have the same name")
        if self.combine is Combine.ZIP and len({len(axis) for axis in self.axes}) > 1:
            raise PydanticCustomError("unequal_axes", "axes that are zipped have the same number of values")
        if self.total > MOST_POINTS:
            facts = {"total": self.total, "limit": MOST_POINTS}
            raise PydanticCustomError("too_many_points", "there are {total} points; at most {limit} are swept", facts)
        if self.total * sum(axis.mean_bytes() for axis in self.axes) > _MOST_BYTES_OF_VALUES:
            raise PydanticCustomError("too_long_values", "the values are too long to be repeated in so many results")
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has; a single number where they are zipped."""
        sizes = tuple(len(axis) for axis in self.axes)
        return sizes if self.combine is Combine.PRODUCT else sizes[:1]

    @property
    def total(self) -> int:
        """How many points there are."""
        return prod(self.shape)

    def columns(self) -> list[str]:
        """The names of the columns of a table of its points."""
        return SweepPoint.columns(axis.name for axis in self.axes)

    def written_base(self) -> Any:
        """The base as JSON with every default written out, with a place for the values of every axis."""
        return self.base.written_out({axis.pointer: axis.given()[0] for axis in self.axes})

    def digest(self) -> str:
        """SHA-256 of the sweep with every default written out and the engine version, in hexadecimal."""
        canonical = json.dumps(
            {**self.model_dump(mode="json"), "base": self.written_base()}, sort_keys=True, separators=(",", ":")
        )
        return sha256(f"{ENGINE_VERSION}\n{canonical}".encode()).hexdigest()


class Grid:
    """The points of a sweep, one at a time."""

    def __init__(self, spec: SweepSpec) -> None:
        self.spec = spec
        base = spec.written_base()
        self._base = pickle.dumps(base)  # from which each point gets its own in a seventh of the time of a deepcopy
        self._values = [axis.resolved(base) for axis in spec.axes]

    def __len__(self) -> int:
        """How many points there are."""
        return self.spec.total

    def values(self, index: int) -> dict[str, JsonValue]:
        """The values of the axes at the point `index`, by their names."""
        return {axis.name: values[at] for axis, values, at in self._chosen(index)}

    def specification(self, index: int) -> Any:
        """The specification of the point `index` as JSON, not validated; MisplacedAxis where an axis has no place."""
        document = self.base()
        for number, (axis, values, at) in enumerate(self._chosen(index)):
            document = axis.placed(document, values[at], f"/axes/{number}")
        return document

    def plan(self, index: int) -> Plan | ItemError:
        """The plan of the point `index`, or why there is none."""
        try:
            document = self.specification(index)
        except MisplacedAxis as refusal:  # which points into the sweep; the point has no specification to point into
            return ItemError(code=refusal.code, detail=refusal.sentence, pointer=None)
        return plan_or_error(document)

    def digest(self, index: int) -> str | None:
        """The digest of the point `index`; None where its specification is not valid."""
        made = self.plan(index)
        return made.digest if isinstance(made, Plan) else None

    def point(self, index: int, outcome: Reduced | ItemError) -> SweepPoint:
        """The point `index` in the results, with its outcome."""
        nothing = {"digest": None, "verdict": None, "theory_depth_ratio": None}
        found = nothing if isinstance(outcome, ItemError) else dict(outcome)
        error = outcome if isinstance(outcome, ItemError) else None
        return SweepPoint(index=index, values=self.values(index), error=error, **found)

    def base(self) -> Any:
        """The specification that every point starts from, as JSON with every default written out."""
        return pickle.loads(self._base)

    def pointer(self, index: int, number: int) -> str:
        """Where in the sweep the value stands that the axis `number` has at the point `index`."""
        axis, _, at = list(self._chosen(index))[number]
        if axis.range is None:
            return f"/axes/{number}/values/{at}"
        return f"/axes/{number}/range/{'stop' if at else 'start'}"

    def varied_alone(self, index: int, number: int) -> Any:
        """The base specification with the axis `number` alone as at the point `index`."""
        axis, values, at = list(self._chosen(index))[number]
        return axis.placed(self.base(), values[at], f"/axes/{number}")

    def corners(self) -> list[int]:
        """The first and the last point, and the last of each axis with the others at their first."""
        if self.spec.combine is Combine.ZIP:
            return sorted({0, len(self) - 1})
        strides = [prod(self.spec.shape[place + 1 :]) for place in range(len(self.spec.shape))]
        ends = [stride * (size - 1) for stride, size in zip(strides, self.spec.shape, strict=True)]
        return sorted({0, len(self) - 1, *ends})

    def _chosen(self, index: int) -> Iterator[tuple[Axis, list[JsonValue], int]]:
        """The axes with their values, and which of these the point `index` has."""
        return zip(self.spec.axes, self._values, self._places(index), strict=True)

    def _places(self, index: int) -> list[int]:
        if self.spec.combine is Combine.ZIP:
            return [index] * len(self.spec.axes)
        places = []
        for size in reversed(self.spec.shape):
            index, place = divmod(index, size)
            places.append(place)
        return places[::-1]


def plan_or_error(document: Any) -> Plan | ItemError:
    """The plan of a specification as JSON, or why there is none, with its place in `document`."""
    try:
        return plan(SimulationSpec.model_validate(document))
    except ValidationError as error:
        fault = faults_of(error.errors()[:1], document)[0]
        return ItemError(code=fault.code, detail=fault.detail, pointer=fault.pointer)
    except Refusal as refusal:
        return error_of(refusal)
