"""Gradings: a rubric and answers in, every claim judged out, in the format that a platform reads."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response

from service.grading.formats import FORMATS, Format, FormatName
from service.grading.preview import Preview, preview
from service.grading.results import Grading
from service.grading.rubrics import RubricReport, rubric_report
from service.grading.spec import GradingSpec, PreviewSpec, Rubric
from service.http.dependencies import TheArchive
from service.http.examples import GRADINGS, PREVIEWS, RUBRICS
from service.http.limits import StrictRoute


def _media_type(one: Format) -> str:
    """Of every format one of its own, so that each has a schema of its own."""
    own = f"application/vnd.gradient-verdict.{one.name.replace('_', '-')}+json"
    return own if one.media_type == "application/json" and one.name != "native" else one.media_type


router = APIRouter(tags=["gradings"], route_class=StrictRoute)

NATIVE = FormatName("native")
MEDIA_TYPES = {name: _media_type(one) for name, one in FORMATS.items()}
OTHERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {}} for kind in sorted(set(MEDIA_TYPES.values()) - {"application/json"})}}
}


@router.post("/v1/gradings", summary="Grade answers", response_model=Grading, responses=OTHERS)
async def create_grading(
    spec: Annotated[GradingSpec, Body(openapi_examples=GRADINGS)],
    archive: TheArchive,
    wanted: Annotated[FormatName, Query(alias="format", description="The format of the answer.")] = NATIVE,
) -> Response:
    """Judge every claim of a rubric: correct, partial, incorrect, invalid, undecided or missing, with the reason.

    Formulas are compared exactly where their class allows it, bounds with certified suprema, verdicts and rankings with
    simulations, whose reports are kept for good as evidence. What cannot be decided goes to a person, never to wrong.
    With `format`, the answer is what Gradescope, PrairieLearn and other platforms read.
    """
    return Response(await archive.grade(spec, wanted), media_type=MEDIA_TYPES[wanted])


@router.post("/v1/rubrics/validate", summary="Validate a rubric")
def validate_rubric(rubric: Annotated[Rubric, Body(openapi_examples=RUBRICS)]) -> RubricReport:  # in a thread
    """Name every claim that contradicts itself or that nobody could meet, before students do."""
    return rubric_report(rubric)


@router.post("/v1/previews", summary="Preview an answer")
async def create_preview(spec: Annotated[PreviewSpec, Body(openapi_examples=PREVIEWS)]) -> Preview:
    """How a formula is understood, as LaTeX, before it is handed in; or where it cannot be read, and why."""
    return preview(spec)
