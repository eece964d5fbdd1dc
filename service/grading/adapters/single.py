"""One answer to one claim, as platforms send it → a grading of one claim, or of a rubric where they send one."""

from typing import Any

from pydantic import ValidationError

from service.core.errors import FlawedRubric
from service.grading.spec import GradingSpec

ANSWER = "answer"


def grading_spec(told: Any, answer: Any, reference: Any = None) -> GradingSpec:
    """What a teacher told the platform, with the student's answer; FlawedRubric where that is no claim.

    `told` has a `rubric`, of which `answer` has the answers by their ids, or a `claim`, or neither: then the answer is
    a formula, and `reference` the expected one.
    """
    known = told if isinstance(told, dict) else {}
    if "rubric" in known:
        body = {"rubric": known["rubric"], "answers": answer if isinstance(answer, dict) else {}}
    else:
        claim = known.get("claim", {"kind": "expression", "expected": reference})
        named = {"id": ANSWER, **claim} if isinstance(claim, dict) else claim
        name = named.get("id", ANSWER) if isinstance(named, dict) else ANSWER
        body = {"rubric": {"id": "external", "claims": [named]}, "answers": {name: answer}}
    try:
        return GradingSpec.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = "/".join(map(str, first["loc"]))
        raise FlawedRubric(f"What the platform was told to grade cannot be read at {place}: {first['msg']}.") from None
