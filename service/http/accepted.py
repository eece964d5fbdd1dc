"""What is answered to work that was accepted: where its job is, and what can be had of it."""

from fastapi import Response

from service.http.media import Responses
from service.jobs.job import Job


def link(operation: str, description: str) -> dict[str, object]:
    """A link of the document to an operation on what was answered, which has an `id`."""
    return {"operationId": operation, "description": description, "parameters": {"id": "$response.body#/id"}}


ACCEPTED: Responses = {
    202: {
        "headers": {"Location": {"description": "Where the job is.", "schema": {"type": "string"}}},
        "links": {
            "job": link("get_job", "How far the job is."),
            "results": link("list_job_results", "Its results, while it is running too."),
        },
    }
}


def located(job: Job, response: Response) -> Job:
    """`job`, whose place the header `Location` of `response` tells."""
    response.headers["Location"] = job.links.self
    return job
