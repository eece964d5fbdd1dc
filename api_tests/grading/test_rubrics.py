"""What a rubric refers to and simulates: planned once, and pointed at where it cannot be."""

from typing import Any

import pytest

from api_tests.grading.judging import Json, flaws
from api_tests.grading.networks_for_claims import variant
from service.core.errors import SpecError
from service.grading import rubrics
from service.grading.spec import GradingSpec, Rubric

MISFIT: Json = {**variant(1), "data": {"inputs": {"kind": "explicit", "values": [[1.0, 2.0]]}}}
PATCH = [{"op": "add", "path": "/data", "value": MISFIT["data"]}]


def test_a_network_that_several_claims_name_is_planned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[Any] = []
    plan = rubrics.plan
    monkeypatch.setattr(rubrics, "plan", lambda spec: planned.append(spec) or plan(spec))
    claims = [{"id": f"v{n}", "kind": "verdict", "simulation": variant(n % 2)} for n in range(6)]
    assert len(rubrics.plans_of(Rubric.model_validate({"id": "r", "claims": claims}))) == len(planned) == 2


@pytest.mark.parametrize(("claim", "pointer"), [
    ({"kind": "verdict", "simulation": MISFIT}, "/simulation/data/inputs/values"),
    ({"kind": "ranking", "of": {"a": variant(1), "b": MISFIT}}, "/of/b/data/inputs/values"),
    ({"kind": "change", "simulation": variant(1), "patch": PATCH}, "/patch"),  # what it points into was never sent
])  # fmt: skip
def test_a_network_that_does_not_fit_is_pointed_at_in_its_claim(claim: Json, pointer: str) -> None:
    assert [found for found, _ in flaws({"kind": "number", "expected": 1, "absolute_tolerance": 1}, claim)] == [pointer]
    asked = Rubric.model_validate({"id": "r", "claims": [{"id": "a", **claim}]})
    with pytest.raises(SpecError) as raised:
        rubrics.plans_of(asked)
    assert raised.value.pointer == f"/rubric/claims/0{pointer}"


def test_a_bound_belongs_to_a_formula_and_to_no_other_claim() -> None:
    bound: Json = {"kind": "bound", "derivative_from": "a"}
    assert flaws({"kind": "expression", "expected": "z"}, bound) == []
    number: Json = {"kind": "number", "expected": 1, "absolute_tolerance": 1}
    assert [pointer for pointer, _ in flaws(number, bound)] == ["/derivative_from"]


@pytest.mark.parametrize(("claim", "name"), [({"id": "mine"}, "mine"), ({}, "answer")])
def test_the_answer_to_a_platforms_claim_is_that_claims(claim: Json, name: str) -> None:
    told = {"claim": {"kind": "number", "expected": 1, "absolute_tolerance": 1, **claim}}
    spec = GradingSpec.from_platform(told, "2")
    assert (spec.answers, [one.id for one in spec.rubric.claims]) == ({name: "2"}, [name])
