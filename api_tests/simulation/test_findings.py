"""Findings: one table of codes, silent for networks that learn, and the right one for each that does not."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from api_tests.networks import Json, report, stack
from api_tests.simulation.healthy_and_broken import BROKEN, HEALTHY, PIXELS, dense, large, vectors
from service.simulation.finding_wording import FINDINGS
from service.simulation.findings import EVIDENCE, findings_of
from service.simulation.plan import plan
from service.simulation.results import Finding, SimulationReport
from service.simulation.scale import ScaleEntry
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Cause, FindingCode, FindingSeverity, Flag, Label, Severity

TABLE = """
GV101 gain
GV102 saturation
GV103 small_slope
GV104 chaos
GV105 normalisation
GV106 signal_collapse
GV107 dead_units
GV108 zero_weights
GV109 forward_overflow
GV110 underflow
GV111 input_collapse
GV112 rank_collapse
GV113 mask_noise
GV114 unexplained
GV201 initial_loss
GV202 output_saturation
GV203 first_layer_saturation
GV204 gradient_imbalance
GV205 no_usual_rate
GV206 step_kills_units
GV207 unscaled_inputs
GV301 too_deep_for_width
GV302 tiny_gradient
GV303 huge_gradient
GV304 small_update
GV305 large_update
GV306 symmetric_units
GV307 small_batch
GV401 precision_underflow
GV402 failure_risk
GV403 seed_dependent
"""
"""A code is never given to anything else: this table only grows."""


def of(spec: Json) -> SimulationReport:
    return simulate(SimulationSpec.model_validate(spec))


def severities(found: list[Finding]) -> dict[str, FindingSeverity]:
    return {one.name: one.severity for one in found}


def test_codes_are_never_renumbered() -> None:
    assert [f"{code} {code.name.lower()}" for code in FindingCode] == TABLE.split("\n")[1:-1]


def test_every_cause_flag_and_entry_of_the_scale_is_a_finding_with_words_and_evidence() -> None:
    assert {one.name for family in (Cause, Flag, ScaleEntry) for one in family} <= set(FindingCode.__members__)
    assert FINDINGS.keys() == EVIDENCE.keys() == set(FindingCode)
    assert all(text.endswith(".") for entry in FINDINGS.values() for text in entry)


@pytest.mark.parametrize("name", HEALTHY)
def test_a_network_that_learns_has_nothing_above_info(name: str) -> None:
    found = of(HEALTHY[name])
    assert {one.severity for one in found.findings} <= {FindingSeverity.INFO}, found.findings
    assert found.scale.sentences == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_network_that_does_not_learn_has_the_finding_that_says_why(name: str) -> None:
    code, spec = BROKEN[name]
    found = severities(of(spec).findings)
    assert found.get(code, FindingSeverity.INFO) is not FindingSeverity.INFO, found


def test_findings_come_with_the_most_severe_first_and_once() -> None:
    found = of(BROKEN["ReLU under too large weights"][1]).findings
    codes, orders = [one.code for one in found], [list(FindingSeverity).index(one.severity) for one in found]
    assert len(set(codes)) == len(codes)
    assert orders == sorted(orders, reverse=True)
    assert [codes[at : at + 2] for at in range(len(codes) - 1) if orders[at] == orders[at + 1]] == [
        sorted(codes[at : at + 2]) for at in range(len(codes) - 1) if orders[at] == orders[at + 1]
    ]


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_muted_is_left_out_and_nothing_else(name: str) -> None:
    _, spec = BROKEN[name]
    loud = of({**spec, "trials": 2}).findings
    muted = loud[0].code if loud else FindingCode.GAIN
    silent = of({**spec, "trials": 2, "mute": [muted]}).findings
    assert [one.code for one in silent] == [one.code for one in loud if one.code is not muted]


def test_a_code_that_no_finding_has_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValidationError) as refused:
        SimulationSpec.model_validate({"network": stack(2, 4), "mute": ["GV999"]})
    assert "GV101" in str(refused.value)
    assert "GV403" in str(refused.value)


def test_what_is_muted_is_part_of_the_specification_whatever_its_order() -> None:
    def digest(*codes: str) -> str:
        return plan(SimulationSpec.model_validate({"network": stack(2, 4), "mute": codes})).digest

    assert digest("GV301", "GV101") == digest("GV101", "GV301", "GV101") != digest()


def test_a_finding_says_where_by_how_much_and_beyond_what() -> None:
    found = {one.name: one for one in of(vectors(dense(32, "tanh"), dense(32), features=196, **PIXELS)).findings}
    first = found["first_layer_saturation"]
    assert first.path == "/network/layers/0"
    assert first.number is not None
    assert first.number > first.limit == 0.3
    inputs = found["unscaled_inputs"]
    assert inputs.number == pytest.approx(64.2, rel=0.01)
    assert inputs.limit == 3.0


def test_a_gradient_of_exactly_zero_is_no_larger_one_of_another_layer() -> None:
    layers = [{"kind": "dense", "units": 4, "weights": {"kind": "zeros"}}, {"kind": "dense", "units": 1}]
    layers.insert(0, {"kind": "dense", "units": 4})
    found = {one.name: one for one in of({"network": {"features": 4, "layers": layers}, "trials": 2}).findings}
    tiny = found["tiny_gradient"]
    assert (tiny.path, tiny.number, tiny.limit) == ("/network/layers/0", None, -7.0)


def changed(found: SimulationReport, **fields: Any) -> SimulationReport:
    """The report with other fields of its verdict."""
    return found.model_copy(update={"verdict": found.verdict.model_copy(update=fields)})


def again(found: SimulationReport) -> dict[str, FindingSeverity]:
    made = plan(found.spec)
    return severities(findings_of(made, found.verdict, found.scale, found.layers, found.precision))


def at_risk(found: SimulationReport, probability: float) -> SimulationReport:
    risk = found.verdict.failure_risk.model_copy(update={"probability": probability})
    return changed(found, failure_risk=risk)


def test_a_stable_network_that_is_expected_to_fail_is_warned_of_from_a_risk_of_one_half_on() -> None:
    found = report(stack(2, 4), trials=2)
    assert "failure_risk" not in again(at_risk(found, 0.499))
    assert again(at_risk(found, 0.5))["failure_risk"] is FindingSeverity.WARNING
    unstable = changed(at_risk(found, 0.9), label=Label.VANISHING, severity=Severity.MILD, cause=Cause.GAIN)
    assert again(unstable) == {"gain": FindingSeverity.WARNING}


@pytest.mark.parametrize(
    ("severity", "risk", "expected"),
    [
        (Severity.MILD, 0.9, FindingSeverity.WARNING),
        (Severity.SEVERE, 0.499, FindingSeverity.WARNING),
        (Severity.SEVERE, 0.5, FindingSeverity.ERROR),
    ],
)
def test_an_error_is_severe_and_expected_to_fail(severity: Severity, risk: float, expected: FindingSeverity) -> None:
    found = at_risk(report(stack(2, 4), trials=2), risk)
    for cause, name in ((Cause.CHAOS, "chaos"), (None, "unexplained")):
        assert again(changed(found, label=Label.EXPLODING, severity=severity, cause=cause))[name] is expected


@pytest.mark.parametrize("flag", [Flag.INPUT_COLLAPSE, Flag.RANK_COLLAPSE, Flag.MASK_NOISE, Flag.TOO_DEEP_FOR_WIDTH])
def test_what_may_do_no_harm_warns_where_the_risk_is_high(flag: Flag) -> None:
    found = changed(report(stack(2, 4), trials=2), flags=[flag])
    assert again(at_risk(found, 0.499))[flag.value] is FindingSeverity.INFO
    assert again(at_risk(found, 0.5))[flag.value] is FindingSeverity.WARNING


def test_seeds_that_decide_are_worth_knowing() -> None:
    found = changed(report(stack(2, 4), trials=2), seed_dependent=True)
    assert again(found) == {"seed_dependent": FindingSeverity.INFO}


@pytest.mark.parametrize(
    ("times", "expected"),
    [(3.0, None), (3.001, FindingSeverity.INFO), (10.0, FindingSeverity.INFO), (10.01, "warning")],
)
def test_an_initial_loss_is_worth_knowing_above_3_times_chance_and_warns_above_10(
    times: float, expected: str | None
) -> None:
    found = report(stack(2, 4), trials=2)
    scale = found.scale.model_copy(update={"initial_loss": times * (found.scale.chance_loss or 0.0)})
    assert again(found.model_copy(update={"scale": scale})).get("initial_loss") == expected


def test_inputs_are_named_where_something_else_is_wrong_and_they_are_large() -> None:
    found = report(stack(2, 4), trials=2)

    def named(rms: float, saturation: float) -> bool:
        scale = found.scale.model_copy(update={"input_rms": rms, "output_saturation": saturation})
        return "unscaled_inputs" in again(found.model_copy(update={"scale": scale}))

    assert not named(3.0, 0.6)
    assert named(3.01, 0.6)
    assert not named(1e6, 0.4)


WITH_WEIGHTS = {"network": stack(12, 32, weights=large(0.01)), "trials": 2}


@pytest.mark.parametrize(
    ("code", "where"),
    [
        ("gain", lambda found: min(found.layers, key=lambda one: one.log10_backward_gain.median or 0.0)),
        ("tiny_gradient", lambda found: min(found.layers, key=lambda one: one.log10_weight_gradient_rms.median or 0.0)),
    ],
)
def test_a_finding_points_to_the_layer_that_shows_it_most(code: str, where: Callable[[SimulationReport], Any]) -> None:
    found = of(WITH_WEIGHTS)
    assert {one.name: one.path for one in found.findings}[code] == where(found).path


def test_a_pattern_of_codes_is_three_digits_behind_gv() -> None:
    assert all(re.fullmatch(r"GV[1-4]\d\d", code) for code in FindingCode)
