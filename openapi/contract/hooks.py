"""What Schemathesis must know of this service: which refusals of a schema-valid request have a reason.

A schema cannot say that rows are of one length, that a formula can be read, or what a simulation costs. The service
says so by these codes; any other refusal of what the schema allows is a failure.
"""

import schemathesis

REASONS = {
    "bands-crossed",
    "budget-exceeded",
    "depth-exceeded",
    "derivative-too-long",
    "empty-interval",
    "finite-number",
    "flawed-rubric",
    "gradients-too-large",
    "id-twice",
    "incompatible-choice",
    "input-needed",
    "invalid-activation",
    "invalid-formula",
    "low-above-high",
    "misplaced-axis",
    "name-twice",
    "not-positive",
    "not-understood",
    "not-unicode",
    "one-input",
    "patch-without-base",
    "ragged-matrix",
    "shape-mismatch",
    "spec-or-patch",
    "too-long-values",
    "too-many-points",
    "unequal-axes",
    "unequal-lengths",
    "values-of-shape",
    "values-or-range",
    "width-exceeded",
}


@schemathesis.check
def refused_with_reason(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """A request that the schema allows is accepted, or refused for a reason no schema can state."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 422:
        return
    problem = response.json()
    if "error" in problem:  # as Lambda Feedback reads it
        codes = {problem["error"]["error_thrown"]["code"]}
    else:
        codes = {problem["code"], *(error["code"] for error in problem["errors"])} - {"invalid-request"}
    assert codes <= REASONS, f"refused for {', '.join(sorted(codes - REASONS))}: {response.text}"


@schemathesis.check
def code_is_documented(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """The code of a problem is one of those that the document lists for its operation and status."""
    if response.headers.get("content-type", [""])[0] != "application/problem+json":
        return
    schema = case.operation.schema.raw_schema
    answers = case.operation.definition.raw["responses"]
    answer = answers.get(str(response.status_code), {})
    if "$ref" in answer:
        answer = schema["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        code = response.json()["code"]
        assert code in answer["x-problem-codes"], f"{code} is not among the codes of {response.status_code}"
