"""The risk of training: the score and the probability by hand-made numbers, and what is said of what they rest on."""

from dataclasses import replace
from math import exp, inf

import pytest

from service.simulation.risk import RiskNumbers, failure_risk
from service.simulation.vocabulary import Optimiser

SGD, ADAM = Optimiser
HEALTHY = RiskNumbers(ratio=0.0, collapse=0.0, depth=0, mask_noise=0.0, similarity_kept=1.0, head_loss=0.0, dense=True)
BOTH = pytest.mark.parametrize("optimiser", [SGD, ADAM])


def logistic(odds: float) -> float:
    return 1.0 / (1.0 + exp(-odds))


def probability(optimiser: Optimiser = SGD, **fields: float | bool | None) -> float:
    return failure_risk(optimiser, replace(HEALTHY, **fields)).probability  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "sgd", "adam"),
    [
        ({}, -6.75, -4.9),
        ({"ratio": 1.0}, 2.3 - 6.75, 1.03 - 4.9),
        ({"ratio": 2.5}, 5.75 - 6.75, 2.575 - 4.9),
        ({"ratio": -1.0}, 2.3 - 6.75, 0.62 - 4.9),
        ({"ratio": -2.5}, 5.75 - 6.75, 1.55 - 4.9),
        ({"collapse": 1.0}, 1.4 - 6.75, 0.44 - 4.9),
        ({"collapse": 3.0}, 4.2 - 6.75, 1.32 - 4.9),
        ({"depth": 1}, 0.13 - 6.75, 0.07 - 4.9),
        ({"depth": 10}, 1.3 - 6.75, 0.7 - 4.9),
        ({"mask_noise": 0.5}, 4.0 - 6.75, 2.5 - 4.9),
        ({"ratio": -1.5, "collapse": 0.8, "depth": 16, "mask_noise": 0.25}, 1.9, -1.04 + 0.37 + 0.322 - 0.57 + 0.0),
    ],
)
def test_a_stack_of_dense_layers_has_the_score_alone(fields: dict[str, float], sgd: float, adam: float) -> None:
    if len(fields) > 1:
        sgd = 2.3 * 1.5 + 1.4 * 0.8 + 0.13 * 16 + 8.0 * 0.25 - 6.75
        adam = 0.62 * 1.5 + 0.44 * 0.8 + 0.07 * 16 + 5.0 * 0.25 - 4.9
    assert probability(SGD, **fields) == pytest.approx(logistic(sgd), rel=1e-12)
    assert probability(ADAM, **fields) == pytest.approx(logistic(adam), rel=1e-12)
    ignored = {"similarity_kept": 0.3, "head_loss": 2.0}
    assert probability(SGD, **fields, **ignored) == pytest.approx(logistic(sgd), rel=1e-12)


@pytest.mark.parametrize(
    ("kept", "head_loss", "sgd", "adam"),
    [
        (0.0, 0.0, 1.77, 1.49),
        (1.0, 0.0, 1.77 - 7.7, 1.49 - 8.3),
        (0.25, 0.0, 1.77 - 1.925, 1.49 - 2.075),
        (0.0, 1.0, 1.77 + 0.89, 1.49 + 0.36),
        (0.5, 2.0, 1.77 - 3.85 + 1.78, 1.49 - 4.15 + 0.72),
    ],
)
def test_other_networks_have_what_is_kept_of_their_inputs_beside_it(
    kept: float, head_loss: float, sgd: float, adam: float
) -> None:
    others = {"dense": False, "similarity_kept": kept, "head_loss": head_loss}
    assert probability(SGD, **others) == pytest.approx(logistic(0.52 * -6.75 + sgd), rel=1e-12)
    assert probability(ADAM, **others) == pytest.approx(logistic(0.59 * -4.9 + adam), rel=1e-12)
    assert probability(SGD, **others, ratio=2.0) == pytest.approx(logistic(0.52 * (4.6 - 6.75) + sgd), rel=1e-12)


@BOTH
@pytest.mark.parametrize(
    ("name", "limit", "inside"),
    [
        ("ratio", 8.0, 7.9),
        ("ratio", -8.0, -7.9),
        ("collapse", 6.0, 5.9),
        ("collapse", 0.0, 0.1),
        ("depth", 32, 31),
        ("mask_noise", 0.0, 0.01),
    ],
)
def test_what_was_not_calibrated_on_is_cut(optimiser: Optimiser, name: str, limit: float, inside: float) -> None:
    outward = 1.0 if limit > inside else -1.0
    at_limit = probability(optimiser, **{name: limit})
    assert probability(optimiser, **{name: limit + outward}) == at_limit
    assert probability(optimiser, **{name: outward * inf}) == at_limit
    assert probability(optimiser, **{name: inside}) != at_limit


@BOTH
def test_the_spread_at_the_head_counts_from_zero_to_three_decades(optimiser: Optimiser) -> None:
    def risk(loss: float) -> float:
        return probability(optimiser, dense=False, similarity_kept=0.5, head_loss=loss)

    assert risk(-0.5) == risk(0.0) < risk(0.1) < risk(2.9) < risk(3.0) == risk(3.1) == risk(inf)


def test_the_score_is_cut_at_both_ends() -> None:
    # 8 decades and all of the rest come to 18.4 + 8.4 + 4.16 + 24 − 6.75, or 8.24 + 2.64 + 2.24 + 15 − 4.9
    worst = {"ratio": 8.0, "collapse": 6.0, "depth": 32, "mask_noise": 3.0}
    for optimiser in (SGD, ADAM):
        assert probability(optimiser, **worst) == pytest.approx(logistic(12.0), rel=1e-12)
    assert probability(SGD, ratio=8.0, depth=2) == pytest.approx(logistic(18.4 + 0.26 - 6.75), rel=1e-12)
    assert 18.4 + 0.26 - 6.75 < 12.0 < 18.4 + 0.39 - 6.75
    assert probability(SGD, ratio=8.0, depth=3) == pytest.approx(logistic(12.0), rel=1e-12)


@BOTH
@pytest.mark.parametrize("name", ["ratio", "collapse", "mask_noise"])
@pytest.mark.parametrize("dense", [True, False])
def test_what_is_null_counts_as_zero(optimiser: Optimiser, name: str, dense: bool) -> None:
    plain = probability(optimiser, dense=dense)
    assert probability(optimiser, dense=dense, **{name: None}) == plain
    assert probability(optimiser, dense=dense, **{name: 1.0}) > plain


@BOTH
def test_where_nothing_is_known_of_the_inputs_the_score_is_all_there_is(optimiser: Optimiser) -> None:
    unknown = {"dense": False, "similarity_kept": None, "head_loss": None}
    assert probability(optimiser, **unknown, ratio=1.0) == probability(optimiser, ratio=1.0)
    without_spread = probability(optimiser, dense=False, similarity_kept=0.5, head_loss=None)
    assert without_spread == probability(optimiser, dense=False, similarity_kept=0.5, head_loss=0.0)


def rests_on(**fields: float | bool | None) -> str:
    return " ".join(failure_risk(SGD, replace(HEALTHY, **fields)).rests_on)  # type: ignore[arg-type]


@BOTH
def test_a_risk_says_whose_it_is_and_what_it_was_calibrated_on(optimiser: Optimiser) -> None:
    found = failure_risk(optimiser, HEALTHY)
    assert (found.optimiser, found.version) == (optimiser, 1)
    assert "less than 60 %" in found.rests_on[0]
    assert (
        f"720 dense networks, which it tells apart with an AUC of {'0.985' if optimiser is SGD else '0.963'}"
        in (found.rests_on[1])
    )
    others = failure_risk(optimiser, replace(HEALTHY, dense=False)).rests_on[1]
    assert "eight families" in others
    assert ("0.932" if optimiser is SGD else "0.933") in others


def test_a_risk_says_what_was_cut_and_what_is_null() -> None:
    assert len(failure_risk(SGD, HEALTHY).rests_on) == 2
    assert "Of 33 hidden layers or steps 32 are counted" in rests_on(depth=33)
    assert "are counted" not in rests_on(depth=32)
    for ratio in (8.1, -8.1, inf, -inf):
        assert "counts as 8 decades" in rests_on(ratio=ratio)
    assert "counts as 8 decades" not in rests_on(ratio=8.0)
    assert "No depth ratio was measured" in rests_on(ratio=None)
    assert "input_similarity_kept is null" in rests_on(dense=False, similarity_kept=None)
    assert "input_similarity_kept" not in rests_on(dense=True, similarity_kept=None)
