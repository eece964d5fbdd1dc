"""Assignments: rubrics under names, and the answer sheets of a class to one of them."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response

from service.grading.batch import Assignment, BatchSpec
from service.grading.claims.base import ID
from service.grading.spec import Rubric
from service.http.accepted import ACCEPTED, link, located
from service.http.dependencies import TheAsker, TheJobs
from service.http.examples import BATCHES, RUBRICS
from service.http.limits import StrictRoute
from service.http.media import Responses
from service.jobs.job import Job

router = APIRouter(prefix="/v1/assignments/{id}", tags=["gradings"], route_class=StrictRoute)

Name = Annotated[str, Path(alias="id", pattern=ID, description="The name of the assignment, of your own making.")]
PUT: Responses = {200: {"links": {"gradings": link("create_gradings", "Grade the sheets of a class by it.")}}}


@router.put("", summary="Put an assignment", responses=PUT)
async def put_assignment(
    name: Name, rubric: Annotated[Rubric, Body(openapi_examples=RUBRICS)], jobs: TheJobs
) -> Assignment:
    """Keep a rubric under a name, in place of the one that was there; it is checked before.

    Jobs that were accepted before go on with the rubric they were accepted with.
    """
    return await jobs.assignments.put(name, rubric)


@router.get("", summary="Get an assignment")
async def get_assignment(name: Name, jobs: TheJobs) -> Assignment:
    """The rubric that is kept under this name."""
    return await jobs.assignments.get(name)


@router.delete("", summary="Delete an assignment", status_code=204)
async def delete_assignment(name: Name, jobs: TheJobs) -> None:
    """Forget the rubric; jobs that were accepted with it, and their results, stay."""
    await jobs.assignments.drop(name)


@router.post("/gradings", summary="Grade the answer sheets of a class", status_code=202, responses=ACCEPTED)
async def create_gradings(
    name: Name,
    batch: Annotated[BatchSpec, Body(openapi_examples=BATCHES)],
    jobs: TheJobs,
    asker: TheAsker,
    response: Response,
) -> Job:
    """Grade up to 10,000 answer sheets by the rubric of an assignment, in the background.

    What the rubric simulates is simulated once for all of them. Each sheet is graded as `POST /v1/gradings` grades it;
    the results come as JSON, as a table, or as files in the format that a platform reads.
    """
    return located(await jobs.grade(name, batch, asker), response)
