"""Evidence is the report without what may be a hundred times as much, by the digest of that very specification."""

import pytest

from api_tests.networks import Json
from service.core.payload import Payload
from service.grading.measures import evidence, evidence_json
from service.grading.rubrics import plans_of
from service.grading.spec import GradingSpec, Rubric
from service.grading.tasks import graded
from service.simulation.estimate import Limits
from service.simulation.plan import plan
from service.simulation.results import SimulationReport
from service.simulation.simulate import report_json, simulate
from service.simulation.spec import SimulationSpec
from service.studies.tasks import Founded

EVERYTHING = ["gradients", "histograms", "opinions"]
NETWORK: Json = {
    "network": {
        "features": 2,
        "layers": [
            {"kind": "dense", "units": 2, "activation": {"kind": "tanh"}},
            {"kind": "dense", "units": 1, "activation": {"kind": "sigmoid"}},
        ],
    },
    "trials": 2,
}


def including(*what: str) -> Json:
    return {**NETWORK, "include": list(what)}


def rubric(*claims: Json) -> Rubric:
    return Rubric.model_validate({"id": "course", "claims": list(claims)})


def verdict(*what: str) -> Json:
    return {"id": "v", "kind": "verdict", "simulation": including(*what)}


def gradient(*what: str) -> Json:
    return {"id": "g", "kind": "gradient", "simulation": including(*what), "layer": 1}


def told(report: SimulationReport) -> Json:
    """All of a report but the time it took."""
    return report.model_dump(mode="json", exclude={"elapsed_seconds"})


@pytest.mark.parametrize("claims", [(verdict(*EVERYTHING), gradient()), (gradient(*EVERYTHING), verdict())])
def test_what_is_included_is_simulated_only_where_a_claim_looks_at_it(claims: tuple[Json, Json]) -> None:
    assert sorted(made.spec.include for made in plans_of(rubric(*claims))) == [[], ["gradients"]]


def test_claims_that_share_a_specification_have_what_one_of_them_needs() -> None:
    shared = plans_of(rubric(verdict("gradients"), gradient()))
    assert [made.spec.include for made in shared] == [["gradients"]]


def test_the_kept_report_is_that_of_the_specification_without_what_is_included() -> None:
    plain = simulate(SimulationSpec.model_validate(NETWORK))
    full = simulate(SimulationSpec.model_validate(including("gradients")))
    assert told(evidence(full)) == told(plain)
    assert evidence(plain) is plain
    digest, kept = evidence_json(report_json(plan(full.spec)))
    assert (digest, told(SimulationReport.model_validate_json(kept))) == (plain.digest, told(plain))


def test_a_grading_names_the_evidence_that_is_kept() -> None:
    answers = {"v": "stable", "g": [[0.0, 0.0], [0.0, 0.0]]}
    sent = GradingSpec.model_validate(
        {"rubric": {"id": "course", "claims": [verdict(*EVERYTHING), gradient("histograms")]}, "answers": answers}
    )
    limits = Limits(1e12, 1 << 32)
    found = graded(Payload.of(sent), limits, "native", 1e9)
    assert isinstance(found, Founded)
    named = {part.split('"')[0] for part in found.text.decode().split("/v1/simulations/")[1:]}
    assert named == set(found.reports) == {simulate(SimulationSpec.model_validate(NETWORK)).digest}
    for digest, report in found.reports.items():
        kept = SimulationReport.model_validate_json(report)
        assert (kept.digest, kept.spec.digest(), kept.gradients) == (digest, digest, None)
        assert all(layer.histograms is None for layer in kept.layers)
