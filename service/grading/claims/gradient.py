"""A student's gradient, matrix by matrix, against the simulation's, with the likely slip named."""

from collections.abc import Callable
from itertools import chain, groupby
from sys import float_info
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import Field, PrivateAttr

from service.core.errors import SpecError
from service.core.kinds import Double, Int64
from service.grading.answers import Unreadable
from service.grading.claims.base import Claim, Context, Judgement
from service.grading.measures import report_path
from service.grading.results import Method
from service.nn.initializers.matrices import ExplicitInitializer
from service.nn.layers.dense import Dense
from service.simulation.gradients import LayerGradients, ParameterGradient
from service.simulation.plan import plan
from service.simulation.results import SimulationReport
from service.simulation.spec import Include, SimulationSpec
from service.simulation.tree import PlannedNode

_Quantity = Literal["weights", "bias", "delta", "derivative", "backward_factor"]
_Matrix = list[list[float]]
_Rows = list[list[float | None]]
_Entry = TypeVar("_Entry")
_LARGEST = 65536
_NAMES: dict[_Quantity, str] = {
    "weights": "weights",
    "bias": "a bias",
    "delta": "a delta",
    "derivative": "an activation",
    "backward_factor": "explicit weights",
}
"""What a layer must have for there to be such a matrix of it."""
_MOST_LISTED = 20


class GradientClaim(Claim):
    """∂e/∂W, ∂e/∂b, δ, φ' or V of one layer or several, of the mean loss over the batch, in the first trial."""

    looks_at: ClassVar[frozenset[Include]] = frozenset({Include.GRADIENTS})

    kind: Literal["gradient"] = "gradient"
    simulation: SimulationSpec
    """The network, most usefully with explicit weights, inputs and targets."""
    quantity: _Quantity = "weights"
    """Which matrix: `weights` is (fan_in, units), `delta` and `derivative` have a row for each sample.

    The weights of a convolution are (places · inputs, filters) here.
    `backward_factor` is V = W·Diag(φ'(z)), (fan_in, units), of one sample and explicit weights: δ·Vᵀ goes on.
    """
    layer: Annotated[Int64, Field(ge=1, le=5000)] | None = None
    """The number of the layer, from 1; null where an answer has one matrix for each, in an object by these numbers."""
    relative_tolerance: Annotated[Double, Field(gt=0, le=1)] = 1e-3
    """The largest distance of an entry, relative to the largest entry of the matrix."""

    _asked: SimulationSpec | None = PrivateAttr(None)

    def flaws(self) -> list[tuple[str, str]]:
        """A layer that is none or has no such matrix; a factor V of weights that are drawn, or of several samples."""
        try:
            made = plan(self.simulation)
        except SpecError:
            return []  # as of every claim whose network cannot be simulated
        having = [one.row + 1 for one in made.nodes if self._has(one)]
        if self.quantity == "backward_factor":
            drawn = [one for one in made.nodes if self.layer in (None, one.row + 1) and not _given_weights(one)]
            if drawn or made.samples != 1:
                return [("/quantity", "V is asked of one sample, and of layers with explicit weights alone.")]
        if not having:
            return [("/quantity", f"No layer of this network is one with {_NAMES[self.quantity]}.")]
        if self.layer is not None and self.layer not in having:
            there = "has no such matrix" if self.layer <= len(made.nodes) else "does not exist"
            have = f"layers with {_NAMES[self.quantity]} are {_listed(having)}"
            return [("/layer", f"Layer {self.layer} {there}; {have}.")]
        return []

    def _has(self, planned: PlannedNode) -> bool:
        """Whether there is such a matrix of a layer."""
        match self.quantity:
            case "delta":
                return True
            case "derivative":
                return planned.node.output_activation is not None
            case "backward_factor":
                return bool(_given_weights(planned))
        return any(one.name == self.quantity for one in planned.parameters)

    def specs(self) -> dict[str, SimulationSpec]:
        """The network, with its gradients."""
        if self._asked is None:
            include = sorted({*self.simulation.include, *self.looks_at})
            asked = {**self.simulation.model_dump(mode="json"), "include": include}
            self._asked = SimulationSpec.model_validate(asked)
        return {"/simulation": self._asked}

    def judge(self, answer: Any, context: Context) -> Judgement:
        """The first layer, from the output back, that disagrees; correct where none does."""
        report = context.simulate(*self.specs().values())
        evidence, layers = (report_path(report),), dict(enumerate(report.gradients or [], start=1))
        expected = {number: rows for number, layer in layers.items() if (rows := self._rows(number, layer))}
        given = self._given(answer, expected)
        for number in sorted(given, reverse=True):
            known = _finite(expected[number])
            if known is None:
                sentence = f"The numbers of layer {number} are too large to be compared."
                return Judgement.undecided("overflow", sentence, Method.SIMULATION, evidence=evidence)
            if not _alike(given[number], known, self.relative_tolerance):
                code, slip = self._slip(given[number], known, report, layers[number])
                first = f"From the output back, layer {number} is the first that disagrees. " if len(given) > 1 else ""
                return Judgement.incorrect(code, first + slip, Method.SIMULATION, evidence=evidence)
        return Judgement.correct(
            "same_gradient", "Correct. Every entry is right.", Method.SIMULATION, evidence=evidence
        )

    def _rows(self, number: int, layer: LayerGradients) -> _Rows:
        """The right matrix; no rows where there is none."""
        if self.quantity == "backward_factor":
            weights = _given_weights(plan(self.simulation).nodes[number - 1])
            slopes = (layer.derivative or [[]])[0]
            return [[None if d is None else w * d for w, d in zip(row, slopes, strict=True)] for row in weights]
        if self.quantity in ("delta", "derivative"):
            return (layer.delta if self.quantity == "delta" else layer.derivative) or []
        return next((_rows_of(one) for one in layer.parameters if one.name == self.quantity), [])

    def _given(self, answer: Any, expected: dict[int, Any]) -> dict[int, _Matrix]:
        wanted = list(expected) if self.layer is None else [self.layer]
        if not set(wanted) <= set(expected):
            raise Unreadable(f"Layer {self.layer} has no such matrix.")
        if self.layer is not None:
            return {self.layer: _matrix_of(answer)}
        if not isinstance(answer, dict) or set(answer) != set(map(str, wanted)):
            raise Unreadable(f"Give an object with a matrix for each of the layers {', '.join(map(str, wanted))}.")
        return {int(number): _matrix_of(rows) for number, rows in answer.items()}

    def _slip(self, given: _Matrix, known: _Matrix, report: SimulationReport, layer: LayerGradients) -> tuple[str, str]:
        """What the matrix looks like instead."""
        samples = float(report.spec.data.samples or 1)
        for code, sentence, change in _SLIPS:
            if _alike(given, change(known, samples), self.relative_tolerance):
                return code, sentence
        if _shape_of(given) != _shape_of(known):
            return "wrong_shape", "The matrix has another shape: {} by {} is right.".format(*_shape_of(known))
        derivative = _finite(layer.derivative or [])
        without = self.quantity == "delta" and bool(derivative)
        if without and _alike(_entrywise(given, derivative or known), known, self.relative_tolerance):
            return "derivative_missing", "The activation's derivative is missing: δ is φ'(z) times what comes back."
        return "different", "The entries differ from the right ones."


def _rows_of(parameter: ParameterGradient) -> _Rows:
    """Its gradient with a column for each unit; of a vector the one row, of a kernel a row for each place and input."""
    return _in_rows(parameter.values, parameter.shape[-1])


def _in_rows(values: list[_Entry], columns: int) -> list[list[_Entry]]:
    return [values[start : start + columns] for start in range(0, len(values), columns)]


def _given_weights(planned: PlannedNode) -> _Matrix:
    """The weights of a layer, where the specification states them."""
    match planned.node:
        case Dense(weights=ExplicitInitializer(values=values)):
            return _in_rows(list(chain(*values)), planned.parameters[0].shape[-1])
    return []


def _listed(numbers: list[int]) -> str:
    """Rising numbers in words, those that follow one another as `first to last`; of many, where they begin."""
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), lambda one: one[1] - one[0])]
    said = [f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    return ", ".join(said if len(said) <= _MOST_LISTED else [*said[:_MOST_LISTED], "…"])


def _finite(rows: _Rows) -> _Matrix | None:
    finite = [[entry for entry in row if entry is not None] for row in rows]
    return finite if [len(row) for row in finite] == [len(row) for row in rows] else None


def _matrix_of(answer: Any) -> _Matrix:
    """A matrix, or a vector as its one row; Unreadable where it is neither."""
    rows = answer if isinstance(answer, list) and answer and isinstance(answer[0], list) else [answer]
    if not all(isinstance(row, list) and row for row in rows) or len({len(row) for row in rows}) > 1:
        raise Unreadable("Give the matrix as a list of rows, all of the same length.")
    flat = list(chain(*rows))
    if len(flat) > _LARGEST or not all(
        isinstance(entry, int | float) and not isinstance(entry, bool) for entry in flat
    ):
        raise Unreadable(f"Give the matrix as rows of numbers, {_LARGEST} at most.")
    if any(abs(entry) > float_info.max for entry in flat):
        raise Unreadable("A number of the matrix is too large to be calculated with.")
    return [[float(entry) for entry in row] for row in rows]


def _shape_of(matrix: _Matrix) -> tuple[int, int]:
    """How many rows and columns `matrix` has: its shape."""
    return len(matrix), len(matrix[0])


def _alike(one: _Matrix, other: _Matrix, tolerance: float) -> bool:
    """Whether no entry is farther away than `tolerance` times the largest entry of `other`."""
    if _shape_of(one) != _shape_of(other):
        return False
    room = tolerance * max(map(abs, chain(*other)))
    return all(abs(a - b) <= room for a, b in zip(chain(*one), chain(*other), strict=True))


def _scaled(matrix: _Matrix, factor: float) -> _Matrix:
    """`matrix` with every entry times `factor`."""
    return [[factor * entry for entry in row] for row in matrix]


def _entrywise(one: _Matrix, other: _Matrix) -> _Matrix:
    """The product of two matrices of one shape, entry by entry."""
    return [[a * b for a, b in zip(left, right, strict=True)] for left, right in zip(one, other, strict=True)]


def _transposed(matrix: _Matrix) -> _Matrix:
    """`matrix` with its columns as rows."""
    return [list(column) for column in zip(*matrix, strict=True)]


_Slip = tuple[str, str, Callable[[_Matrix, float], _Matrix]]
_SLIPS: list[_Slip] = [
    ("transposed", "It is transposed: a row for each input, a column for each unit.", lambda m, _: _transposed(m)),
    ("differs_by_sign", "It has the wrong sign.", lambda m, _: _scaled(m, -1.0)),
    ("factor_two", "A factor 2 is missing: the derivative of a square has one.", lambda m, _: _scaled(m, 0.5)),
    ("factor_two_too_many", "There is a factor 2 too many.", lambda m, _: _scaled(m, 2.0)),
    ("mean_missing", "It is the sum over the samples, not their mean: 1/N is missing.", _scaled),
    ("mean_and_two", "Both 1/N and the factor 2 of the square are missing.", lambda m, n: _scaled(m, 0.5 * n)),
]
