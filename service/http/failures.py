"""Which statuses and codes the document says of every operation's failures.

They follow from what an operation asks for (a key, a body) and from the table below. A refusal that has a status and
stands nowhere here may meet every operation, as those of middleware do.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from service.core.errors import (
    AssignmentConflict,
    AssignmentNotFound,
    BudgetExceeded,
    ChartNotAvailable,
    DeadlineExceeded,
    DepthExceeded,
    FlawedRubric,
    GradientsNotIncluded,
    GradientsTooLarge,
    IdempotencyConflict,
    Incompatible,
    InvalidActivation,
    JobNotFound,
    MalformedJson,
    MisplacedAxis,
    NotReady,
    QueueFull,
    Refusal,
    ReportNotFound,
    ReportOutdated,
    ResultNotFound,
    ResultsOutdated,
    ShapeMismatch,
    SpecError,
    StoreFull,
    StoreUnavailable,
    WidthExceeded,
    WorkerFailed,
)
from service.core.payload import InvalidBody
from service.formulas.language.tokens import FormulaError
from service.grading.formats.lambda_feedback import UnknownCommand
from service.grading.formats.mu_ed import UnservedVersion
from service.grading.formats.mu_ed_submission import UnservedSubmission
from service.http.examples import PLATFORM_FAILURES, PROBLEMS
from service.http.problems import MEDIA_TYPE, STATUSES, mu_ed_failure
from service.http.requests import BodyTooLarge, BodyTooSlow, ClientGone, Stopping, UnsupportedMediaType
from service.http.room import NoRoom
from service.http.scopes import KeyNeeded, KeyUnknown, ScopeMissing
from service.imports.base import InputNeeded, NotUnderstood

_Kinds = tuple[type[Refusal], ...]

_KEY: _Kinds = (KeyNeeded, KeyUnknown, ScopeMissing)
_BODY: _Kinds = (MalformedJson, BodyTooSlow, BodyTooLarge, UnsupportedMediaType, NoRoom, Stopping)
_WORK: _Kinds = (QueueFull, WorkerFailed, NotReady, DeadlineExceeded, Stopping)
_NETWORK: _Kinds = (DepthExceeded, WidthExceeded, ShapeMismatch, Incompatible, GradientsTooLarge)
_SIMULATION: _Kinds = (*_WORK, *_NETWORK, BudgetExceeded)
_GRADING: _Kinds = (*_SIMULATION, FlawedRubric)
_REPORT: _Kinds = (ReportNotFound, StoreUnavailable)
_MADE_OF_REPORT: _Kinds = (*_REPORT, ReportOutdated, Stopping)
_JOB: _Kinds = (JobNotFound, StoreUnavailable, Stopping)
_MADE_OF_JOB: _Kinds = (*_JOB, ResultsOutdated, ResultNotFound)
_ACCEPTED: _Kinds = (IdempotencyConflict, StoreUnavailable, StoreFull)
_ASSIGNMENT: _Kinds = (AssignmentNotFound, StoreUnavailable, Stopping)

_OF_OPERATIONS: Mapping[str, _Kinds] = {
    "create_simulation": _SIMULATION,
    "list_simulations": (StoreUnavailable, Stopping),
    "get_simulation": (*_REPORT, Stopping),
    "get_simulation_layers": _MADE_OF_REPORT,
    "get_simulation_gradients": (*_MADE_OF_REPORT, GradientsNotIncluded),
    "get_simulation_chart": (*_MADE_OF_REPORT, *_WORK),
    "get_simulation_chart_svg": (*_MADE_OF_REPORT, *_WORK),
    "get_simulation_chart_png": (*_MADE_OF_REPORT, *_WORK),
    "get_simulation_page": (*_MADE_OF_REPORT, *_WORK),
    "create_import": (*_SIMULATION, NotUnderstood, InputNeeded),
    "create_prescriptions": _SIMULATION,
    "create_comparison": _SIMULATION,
    "create_training": (*_SIMULATION, *_ACCEPTED),
    "create_training_chart": _SIMULATION,
    "create_training_chart_svg": _SIMULATION,
    "create_training_chart_png": _SIMULATION,
    "create_estimate": _SIMULATION,
    "create_activation_profile": _WORK,
    "create_grading": _GRADING,
    "validate_rubric": _GRADING,
    "get_proposals": (*_WORK, InvalidActivation),
    "create_package": _GRADING,
    "create_preview": _WORK,
    "put_assignment": (*_GRADING, AssignmentConflict, StoreUnavailable, StoreFull),
    "get_assignment": _ASSIGNMENT,
    "delete_assignment": _ASSIGNMENT,
    "create_gradings": (*_GRADING, *_ACCEPTED, *_ASSIGNMENT),
    "create_sweep": (*_SIMULATION, *_ACCEPTED, MisplacedAxis),
    "list_jobs": (StoreUnavailable, Stopping),
    "get_job": _JOB,
    "cancel_job": _JOB,
    "watch_job": _JOB,
    "list_job_results": _JOB,
    "get_job_result": (*_JOB, ResultNotFound),
    "get_job_table": _MADE_OF_JOB,
    "get_job_bundle": _MADE_OF_JOB,
    "get_job_chart": (*_MADE_OF_JOB, *_WORK, ChartNotAvailable),
    "get_job_chart_svg": (*_MADE_OF_JOB, *_WORK, ChartNotAvailable),
    "get_job_chart_png": (*_MADE_OF_JOB, *_WORK, ChartNotAvailable),
    "evaluate_submission": (*_GRADING, UnservedVersion, UnservedSubmission),
    "get_evaluate_health": (NotReady, UnservedVersion),
    "run_lambda_feedback": (*_GRADING, UnknownCommand),
    "grade_queued_submission": _GRADING,
    "get_readiness": (NotReady,),
}
_Told = tuple[HTTPStatus, str, dict[str, Any]]
"""The status of an answer, the first operation that has it, and what the document says of it."""
_NEVER_SEEN: _Kinds = (ClientGone, FormulaError)
_NAMED = {*_KEY, *_BODY, *_NEVER_SEEN, *(kind for kinds in _OF_OPERATIONS.values() for kind in kinds)}
_MU_ED_OPERATIONS = {"evaluate_submission": False, "get_evaluate_health": True}
_INTERNAL = "internal-error"
_HEADERS: Mapping[int, Mapping[str, Any]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "How a key is sent: as a bearer token, or as a password."},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "In how many seconds to ask again."},
}
CODES = "x-problem-codes"
"""The extension of the document that lists the codes of an answer."""


@dataclass(frozen=True)
class _Failure:
    """One way to fail: its status, its code, a sentence about it, and whether a platform's own wording has it."""

    status: HTTPStatus
    code: str
    sentence: str
    by_platform: bool = False


def list_failures(made: dict[str, Any]) -> None:
    """Write every status and code that an operation of the document may fail with in place of `default`.

    What several operations answer alike is one component, named after its status and, where it has several, a code.
    """
    told: dict[str, _Told] = {}  # by their texts
    places: list[tuple[dict[str, Any], str, str]] = []
    for operation in [one for path in made["paths"].values() for one in path.values()]:
        (content,) = operation["responses"].pop("default")["content"].values()
        failures = _failures_of(operation)
        for status in sorted({one.status for one in failures}):
            alike = [one for one in failures if one.status == status]
            answer = _answer(alike, content["schema"], PLATFORM_FAILURES.get(operation["operationId"]))
            text = f"{status} {json.dumps(answer)}"
            told.setdefault(text, (status, operation["operationId"], answer))
            places.append((operation["responses"], str(int(status)), text))
    names = _names(told)
    for responses, written, text in places:
        responses[written] = {"$ref": f"#/components/responses/{names[text]}"}
    made["components"]["responses"] = {names[text]: told[text][2] for text in sorted(told, key=names.__getitem__)}


def _names(told: Mapping[str, _Told]) -> dict[str, str]:
    """A name for each answer, by its text: its status, and its rarest code or two, else its operation."""
    names: dict[str, str] = {}
    seen = Counter(code for _, _, answer in told.values() for code in answer[CODES])
    for text in sorted(told, key=lambda one: ("application/json" in told[one][2]["content"], len(one), one)):
        status, operation, answer = told[text]
        common = set.intersection(*(set(one[CODES]) for other, _, one in told.values() if other == status))
        schemas = [content["schema"]["$ref"].rpartition("/")[2] for content in answer["content"].values()]
        own = [_pascal(code) for code in sorted(answer[CODES], key=lambda one: seen[one]) if code not in common]
        words = [status.phrase.replace(" ", "").replace("-", ""), *sorted({*schemas} - {"Problem"}), *own]
        shorter = ["".join(words[:count]) for count in range(1, len(words) + 1)]
        last = f"{words[0]}Of{_pascal(operation.replace('_', '-'))}"
        names[text] = next(name for name in [*shorter[:3], last] if name not in names.values())
    return names


def _pascal(code: str) -> str:
    return code.title().replace("-", "")


def _failures_of(operation: Mapping[str, Any]) -> list[_Failure]:
    """Every way in which an operation of the document may fail, by status and code."""
    name = operation["operationId"]
    kinds = {*_anywhere(), *_OF_OPERATIONS.get(name, ())}
    if operation.get("security"):
        kinds |= set(_KEY)
    if "requestBody" in operation:
        kinds |= set(_BODY)
    found = {_failure(name, kind) for kind in _with_subclasses(kinds)}
    sentence = "The service has a defect; its log has the details under the identifier of the request."
    found.add(_Failure(HTTPStatus.INTERNAL_SERVER_ERROR, _INTERNAL, sentence))
    return sorted(found, key=lambda one: (one.status, one.code, one.by_platform))


def _anywhere() -> Iterator[type[Refusal]]:
    """Refusals that may meet every operation: unknown parameters, and what no table names."""
    yield InvalidBody
    yield from (kind for kind in STATUSES if kind not in _NAMED and kind is not SpecError)


def _with_subclasses(kinds: Iterable[type[Refusal]]) -> Iterator[type[Refusal]]:
    for kind in kinds:
        yield kind
        yield from _with_subclasses(one for one in kind.__subclasses__() if one not in _NAMED)


def _failure(name: str, kind: type[Refusal]) -> _Failure:
    status = next(STATUSES[one] for one in kind.__mro__ if one in STATUSES)
    named = next(one for one in kind.__mro__ if "code" in vars(one))
    sentence = (named.__doc__ or "").partition("\n")[0]
    by_platform = issubclass(kind, (*_OF_OPERATIONS.get(name, ()), *_BODY, ScopeMissing, InvalidBody))
    if by_platform and name in _MU_ED_OPERATIONS:
        status = HTTPStatus(mu_ed_failure(status, _MU_ED_OPERATIONS[name])[0])
    return _Failure(status, kind.code, sentence, by_platform)


def _answer(failures: Sequence[_Failure], schema: Mapping[str, Any], of_platform: Any) -> dict[str, Any]:
    """What the document says of the answer with `failures`, which have one status."""
    status = failures[0].status
    ours = [one for one in failures if of_platform is None or not one.by_platform]
    content: dict[str, Any] = {}
    if len(ours) < len(failures):
        content["application/json"] = {"schema": schema, "example": of_platform}
    if ours:
        problem = {"$ref": "#/components/schemas/Problem"}
        content[MEDIA_TYPE] = {"schema": problem, "example": _example(ours[0])}
    sentences = {one.code: one.sentence for one in failures}
    answer: dict[str, Any] = {
        "description": "\n".join(f"* `{code}`: {sentence}" for code, sentence in sentences.items()),
        CODES: list(sentences),
        "content": content,
    }
    if status in _HEADERS:
        named = _HEADERS[status].items()
        answer["headers"] = {name: {"description": text, "schema": {"type": "string"}} for name, text in named}
    return answer


def _example(failure: _Failure) -> dict[str, Any]:
    """A problem of that kind: one that the service has answered, or the like of it."""
    answered = {one["code"]: one for one in PROBLEMS.values()}
    made = {
        "type": f"urn:gradient-verdict:problem:{failure.code}",
        "title": failure.code.replace("-", " ").capitalize(),
        "status": int(failure.status),
        "detail": failure.sentence,
        "code": failure.code,
        "request_id": "example-1",
        "errors": [],
        "facts": {},
    }
    return dict(answered.get(failure.code, made))
