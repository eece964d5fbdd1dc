"""What this service refuses, as one tree of `Refusal`; each is a sentence plus facts and knows nothing of HTTP.

├── of what was sent: MalformedJson, BudgetExceeded, SpecError (with MisplacedAxis, FlawedRubric, and of networks
│   DepthExceeded, WidthExceeded, ShapeMismatch, Incompatible, GradientsTooLarge)
├── of what is asked for: ReportNotFound, JobNotFound, ResultNotFound, AssignmentNotFound, ChartNotAvailable,
│   GradientsNotIncluded, ReportOutdated, ResultsOutdated
├── of what is kept: AssignmentConflict, IdempotencyConflict, StoreUnavailable, StoreFull
└── of what is busy: QueueFull, QuotaExceeded, DeadlineExceeded, NotReady, WorkerFailed (WorkerNotStarted)
"""

from copyreg import __newobj__  # type: ignore[attr-defined]
from math import prod
from typing import Any, ClassVar

_Fact = int | float | str | list[int]


class Refusal(Exception):
    """A request that is not answered: a sentence, the facts that show why, and the place in the request, if it has one.

    `pointer` is an RFC 6901 pointer; the empty one is the request as a whole.
    """

    code: ClassVar[str] = "refused"
    sentence: str = ""  # of a refusal that is always worded alike, its class states it

    def __init__(self, sentence: str = "", *, pointer: str | None = None, **facts: _Fact) -> None:
        super().__init__(sentence or self.sentence)
        self.sentence = sentence or self.sentence
        self.pointer = pointer
        self.facts = facts

    def __reduce__(self) -> tuple[Any, ...]:
        """How a refusal of any class is pickled, whatever its constructor takes."""
        return __newobj__, (type(self), *self.args), vars(self)


class MalformedJson(Refusal):
    """The text is not JSON as RFC 8259 has it, or names a field twice."""

    code = "malformed-json"


class SpecError(Refusal):
    """The specification reads well but cannot be simulated."""

    code = "invalid-spec"


class DepthExceeded(SpecError):
    """The stack is deeper than is simulated."""

    code = "depth-exceeded"

    def __init__(self, depth: int, limit: int) -> None:
        super().__init__(
            f"The network has {depth} layers once every repeat is unrolled; at most {limit} are simulated.",
            pointer="/network/layers",
            depth=depth,
            limit=limit,
        )


class WidthExceeded(SpecError):
    """More features come out of a layer than are simulated."""

    code = "width-exceeded"

    def __init__(self, pointer: str, width: int, limit: int) -> None:
        super().__init__(
            f"{width} features come out of this layer; at most {limit} are simulated.",
            pointer=pointer,
            width=width,
            limit=limit,
        )


class ShapeMismatch(SpecError):
    """Explicit values have another shape than the network needs."""

    code = "shape-mismatch"

    def __init__(self, pointer: str, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
        super().__init__(
            f"The values have the shape {list(found)}; here the network needs {list(expected)}: {_written(expected)}.",
            pointer=pointer,
            found=list(found),
            expected=list(expected),
        )


def _written(shape: tuple[int, ...]) -> str:
    """How values of that shape are written in a request."""
    *lists, length = shape
    if len(shape) > 2:
        return f'{prod(shape)} numbers in one list, the last axis running fastest, beside "shape": {list(shape)}'
    numbers = f"{length} numbers" if length > 1 else "1 number"
    return f"{lists[0]} lists of {numbers}" if lists else f"a list of {numbers}"


class Incompatible(SpecError):
    """Two choices exclude each other."""

    code = "incompatible-choice"


class GradientsTooLarge(SpecError):
    """The factors of the gradient are too many numbers for a report."""

    code = "gradients-too-large"

    def __init__(self, pointer: str, numbers: int, limit: int) -> None:
        super().__init__(
            f"The gradients of this network are {numbers} numbers; a report carries at most {limit}. "
            "Ask with fewer samples or units, or without them.",
            pointer=pointer,
            numbers=numbers,
            limit=limit,
        )


class FlawedRubric(SpecError):
    """A claim contradicts itself, or no answer can meet it."""

    code = "flawed-rubric"


class InvalidActivation(SpecError):
    """An activation that is neither a kind nor a formula with its parameters, or of which nothing is known."""

    code = "invalid-activation"


class MisplacedAxis(SpecError):
    """An axis of a sweep has no place in the base specification."""

    code = "misplaced-axis"


class BudgetExceeded(Refusal):
    """The estimate is above what is answered at once."""

    code = "budget-exceeded"


class ReportNotFound(Refusal):
    """There is no report with that digest, or it is not kept any more."""

    code = "report-not-found"
    sentence = (
        "No report with this digest is kept: one that is not asked for is dropped after a while. "
        "POST its specification to /v1/simulations again; the digest will be the same."
    )


class ReportOutdated(Refusal):
    """The report was made by another version of the engine: it is handed out as it is, and nothing is made of it."""

    code = "report-outdated"

    def __init__(self, made_by: str, read: str) -> None:
        super().__init__(
            f"This report was made by engine {made_by}, and this service reads those of engine {read}; "
            "POST its specification to /v1/simulations again."
        )


class JobNotFound(Refusal):
    """There is no job with that id, or it is not kept any more."""

    code = "job-not-found"
    sentence = "No job with this id is kept: one that has ended is dropped after a while."


class ResultNotFound(Refusal):
    """The job has no such result, or has not come to it yet."""

    code = "result-not-found"


class ResultsOutdated(Refusal):
    """The results of the job were made by another version of the engine: they are handed out as they are."""

    code = "results-outdated"

    def __init__(self, made_by: str, read: str) -> None:
        super().__init__(
            f"The results of this job were made by engine {made_by}, and this service reads those of engine {read}; "
            "they are at /results as they were, and for others POST it again."
        )


class ChartNotAvailable(Refusal):
    """The job is of a kind that no chart is drawn of."""

    code = "chart-not-available"
    sentence = "Jobs of this kind have no chart; their results are a table at results.csv."


class AssignmentNotFound(Refusal):
    """There is no assignment with that id."""

    code = "assignment-not-found"
    sentence = "There is no assignment with this id; PUT its rubric here, and there will be."


class AssignmentConflict(Refusal):
    """The id is that of an assignment of another owner."""

    code = "assignment-conflict"
    sentence = "This id is taken; choose another one for your assignment."


class IdempotencyConflict(Refusal):
    """The key was used for another request already."""

    code = "idempotency-conflict"
    sentence = "This Idempotency-Key was used for another request already; take a new one for this."


class StoreUnavailable(Refusal):
    """The reports that are kept cannot be had now; simulations are answered all the same."""

    code = "store-unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The store of reports is not available: {reason}. Simulations are answered all the same.")


class StoreFull(Refusal):
    """What is to be kept has no room beside what is kept already."""

    code = "store-full"


class GradientsNotIncluded(Refusal):
    """The report was made without the factors of its gradient."""

    code = "gradients-not-included"
    sentence = 'This report has no gradients: POST its specification again with "include": ["gradients"].'


class QueueFull(Refusal):
    """Too many simulations are waiting already."""

    code = "queue-full"

    def __init__(self, waiting: int, limit: int, retry_after_seconds: int) -> None:
        super().__init__(
            f"Too many requests are waiting ({waiting}, of {limit} allowed); try again in {retry_after_seconds} s.",
            waiting=waiting,
            limit=limit,
            retry_after_seconds=retry_after_seconds,
        )
        self.retry_after_seconds = retry_after_seconds


class QuotaExceeded(Refusal):
    """What the owner of a key has under way is as much as it allows."""

    code = "quota-exceeded"

    def __init__(self, waiting: float, more: float, limit: float, retry_after_seconds: int) -> None:
        super().__init__(
            f"This takes {more:.3g} operations, and {waiting:.3g} are waiting, of {limit:.3g} that your key allows; "
            f"try again in {retry_after_seconds} s.",
            waiting_operations=waiting,
            more_operations=more,
            limit_operations=limit,
            retry_after_seconds=retry_after_seconds,
        )
        self.retry_after_seconds = retry_after_seconds


class DeadlineExceeded(Refusal):
    """The simulation ran out of its time and was stopped."""

    code = "deadline-exceeded"

    def __init__(self, limit_seconds: float) -> None:
        super().__init__(
            f"The work was stopped after {limit_seconds:g} seconds, the longest it may take.",
            limit_seconds=limit_seconds,
        )


class WorkerFailed(Refusal):
    """The process that simulated died or ran out of memory; the next request gets a new one."""

    code = "worker-failed"


class WorkerNotStarted(WorkerFailed):
    """No worker process can be started now; the request is not at fault."""


class NotReady(Refusal):
    """The worker processes are not started yet."""

    code = "not-ready"
