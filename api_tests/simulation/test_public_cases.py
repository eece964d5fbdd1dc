"""Nine networks that people had trouble with in public, and what the report says of each."""

import json
from functools import cache
from pathlib import Path

import pytest

from service.simulation.results import SimulationReport
from service.simulation.scale import ScaleEntry, wrong_entries
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec
from service.simulation.vocabulary import Cause, Label, Severity

CASES = {
    one["id"]: one for one in json.loads((Path(__file__).with_name("public_cases.json")).read_text(encoding="utf-8"))
}

VANISHING = Label.VANISHING, Severity.SEVERE
EXPLODING = Label.EXPLODING, Severity.SEVERE
STABLE = Label.STABLE, Severity.NONE
INPUTS = "The inputs have a root mean square of "
SCALE = list[ScaleEntry]

# By the case: label, cause, what is wrong with the scale, how the first sentence begins, and a sentence there is.
EXPECTED: dict[str, tuple[tuple[Label, Severity], Cause | None, SCALE, str, str]] = {
    "02": (VANISHING, Cause.GAIN, [], "The gradient vanishes severely: from the last of 20", "too small"),
    "03": (VANISHING, Cause.GAIN, [], "The gradient vanishes severely: from the last of 10", "too small"),
    "04": (
        EXPLODING,
        Cause.CHAOS,
        [ScaleEntry.FIRST_LAYER_SATURATION],
        "The gradient explodes severely: from the last of 10",
        "of the units of the first hidden layer are saturated",
    ),
    "06": (
        STABLE,
        None,
        [ScaleEntry.STEP_KILLS_UNITS, ScaleEntry.INITIAL_LOSS],
        "The first step of gradient descent at its usual rate of 0.01 kills ",
        "The loss before training is ",
    ),
    "07": (
        STABLE,
        None,
        [ScaleEntry.INITIAL_LOSS, ScaleEntry.OUTPUT_SATURATION],
        "The loss before training is ",
        INPUTS,
    ),
    "08": (
        STABLE,
        None,
        [ScaleEntry.OUTPUT_SATURATION, ScaleEntry.FIRST_LAYER_SATURATION],
        "",
        "of the outputs are saturated",
    ),
    "10": (
        STABLE,
        None,
        [ScaleEntry.STEP_KILLS_UNITS, ScaleEntry.INITIAL_LOSS, ScaleEntry.OUTPUT_SATURATION],
        "The first step of gradient descent at its usual rate of 0.01 kills ",
        INPUTS,
    ),
    "15": (STABLE, None, [ScaleEntry.FIRST_LAYER_SATURATION], "", INPUTS),
    "18": (
        STABLE,
        None,
        [ScaleEntry.NO_USUAL_RATE, ScaleEntry.INITIAL_LOSS],
        "No rate from 1e-4 to 1 lowers the loss in the first step of gradient descent; the largest rate that does is "
        "1e-07.",
        INPUTS,
    ),
}


@cache
def judged(case: str) -> SimulationReport:
    return simulate(SimulationSpec.model_validate(CASES[case]["spec"]))


def test_every_case_has_an_expectation() -> None:
    assert CASES.keys() == EXPECTED.keys()


@pytest.mark.parametrize("case", EXPECTED)
def test_label_cause_and_what_is_wrong_with_the_scale(case: str) -> None:
    found, (label, cause, entries, _, _) = judged(case), EXPECTED[case]
    assert (found.verdict.label, found.verdict.severity) == label
    assert found.verdict.cause is cause
    assert wrong_entries(found.scale) == entries
    assert {one.name for one in found.findings if one.code[2] == "2"} >= {entry.value for entry in entries}


@pytest.mark.parametrize("case", EXPECTED)
def test_the_first_sentence_says_what_hurts_and_another_where_from(case: str) -> None:
    found, (label, _, _, begins, there) = judged(case), EXPECTED[case]
    first, *_ = reasons = found.verdict.reasons
    assert first.startswith(begins)
    assert any(there in reason for reason in reasons)
    if label is STABLE:
        assert first == found.scale.sentences[0]
        assert "stable" not in first


def test_the_numbers_are_those_of_the_people_who_had_the_trouble() -> None:
    assert judged("02").verdict.judged_ratio.median == pytest.approx(-7.4, abs=0.2)
    assert judged("03").verdict.judged_ratio.median == pytest.approx(-5.86, abs=0.1)
    assert judged("04").scale.first_layer_saturation == pytest.approx(0.89, abs=0.02)
    killing = judged("06").scale
    assert killing.initial_loss is not None
    assert killing.initial_loss > 1000.0
    assert killing.chance_loss == pytest.approx(1.0, abs=0.15)
    for case, saturated in (("07", 0.9), ("10", 0.9)):
        found = judged(case).scale
        assert found.chance_loss == pytest.approx(2.3026, abs=1e-4)
        assert found.initial_loss is not None
        assert found.initial_loss > 100.0
        assert found.output_saturation is not None
        assert found.output_saturation > saturated
    assert judged("15").scale.first_layer_saturation == pytest.approx(0.67, abs=0.03)
    data = CASES["18"]["spec"]["data"]["inputs"]["values"]
    curvature = 2.0 * sum(one * one for one in data) / len(data)
    stable = judged("18").scale.first_step.largest_stable_rate
    assert stable is not None
    assert stable <= 2.0 / curvature <= stable * 10.0**0.5
