"""Answers that look right to whoever does not look closely, and rubrics that would take for ever."""

from typing import Any

import pytest

from api_tests.grading.judging import Json, flaws, graded, judged
from api_tests.networks import stack
from service.grading.claims.change import ChangeClaim
from service.grading.rubrics import check_rubric, rubric_report
from service.grading.spec import Rubric
from service.simulation.simulate import simulate

RIGHT = "tanh(z)+z*(1-tanh(z)^2)"
STANH: Json = {"kind": "expression", "derivative_of": {"kind": "stanh"}}


@pytest.mark.parametrize(
    "answer",
    [
        f"{RIGHT}+sin(exp(exp(exp(z^2+9))))",
        f"({RIGHT})*(2+sin(exp(exp(z^2+9))))",
        f"{RIGHT}+100*cos(exp(exp(z^2+9)))",
        f"where(sin(exp(exp(z^2+9)))>0,0,{RIGHT})",
        f"{RIGHT}+tanh(sin(exp(exp(9+z^2))))",
        f"{RIGHT}+where(tan(z)>5,1,0)",
        f"{RIGHT}+max(0,sin(z)-0.999)",
    ],
)
def test_noise_that_cannot_be_seen_through_is_never_right(answer: str) -> None:
    assert judged(STANH, answer).status in ("undecided", "incorrect")


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        ("tan(z)", "where(z>20,0,tan(z))"),
        ("tan(z)", "tan(z)+max(0,z-20)"),
        ("tan(z)", "tan(z)*where(abs(z-12.3)<0.5,2,1)"),
        ("sqrt(sin(z))", "sqrt(sin(z))*where(z>100,0,1)"),
        ("z^2", "where(sin(z)>0.99999,7,z^2)"),
    ],
)
def test_what_switches_where_nobody_looks_is_never_right(expected: str, answer: str) -> None:
    assert judged({"kind": "expression", "expected": expected}, answer).status in ("undecided", "incorrect")


@pytest.mark.parametrize(("expected", "answer"), [("tan(z)", "sin(z)/cos(z)"), ("sin(2z)", "2sin(z)cos(z)")])
def test_what_is_seen_everywhere_though_not_proven_is_right(expected: str, answer: str) -> None:
    found = judged({"kind": "expression", "expected": expected}, answer)
    assert (found.status, found.code) == ("correct", "agrees_numerically")


def test_no_slip_is_named_where_nothing_can_be_seen() -> None:
    assert judged(STANH, "sin(exp(exp(exp(z))))").code not in ("constant_factor", "equivalent", "agrees_numerically")


def test_a_patch_gives_the_same_network_however_often_it_is_asked() -> None:
    dense = {"kind": "dense", "units": 2}
    edits = [
        {"op": "replace", "path": "/network/layers", "value": [dense, dense]},
        {"op": "add", "path": "/network/layers/-", "value": dense},
    ]
    claim = ChangeClaim.model_validate(
        {"id": "a", "kind": "change", "simulation": {"network": stack(1, 2)}, "patch": edits}
    )
    before = claim.model_dump_json()
    assert [len(claim.after().network.layers) for _ in range(3)] == [3, 3, 3]
    assert claim.model_dump_json() == before


TOP: Json = {"kind": "ranking", "expected": [["a"], ["b"], ["c"]], "credit": "top"}


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        ([["a", "b", "c"]], 0.0),
        ([["c", "b", "a"]], 0.0),
        (["a", "c", "b"], 1.0),
        (["a", ["b", "c"]], 1.0),
        (["b", "a", "c"], 0.0),
    ],
)
def test_the_first_has_to_be_alone_in_front(answer: Any, points: float) -> None:
    assert judged(TOP, answer).points == points


def test_not_all_can_be_the_first() -> None:
    assert flaws({**TOP, "top": 3}) == [("/top", "Of 3 items fewer than that can be the first.")]


@pytest.mark.parametrize(
    ("quantity", "side", "answer", "status"),
    [
        ("abs_derivative", "upper", "-0.1 <= f'(z) <= 1.19968", "partial"),
        ("abs_derivative", "upper", "-1.2 <= f'(z) <= 1.19968", "correct"),
        ("abs_derivative", "upper", "0 <= f'(z) <= 1.19968", "partial"),
        ("derivative", "both", "0 <= |f'(z)| <= 1.2", "correct"),
        ("derivative", "both", "|f'(z)| <= 1.2", "correct"),
        ("derivative", "both", "|f'(z)| <= 1.1", "incorrect"),
        ("derivative", "both", "f'(z) <= 1.2", "invalid"),
    ],
)
def test_a_chain_is_judged_by_what_it_states(quantity: str, side: str, answer: str, status: str) -> None:
    claim = {"kind": "bound", "activation": {"kind": "stanh"}, "quantity": quantity, "side": side}
    assert judged(claim, answer).status == status


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_only_the_seed_tells_apart_may_be_called_equal(seed: int) -> None:
    network = {"network": stack(20, 16, "tanh", "lecun_normal"), "seed": seed}
    edit = {"op": "replace", "path": "/network/layers/0/layers/0/weights", "value": {"kind": "lecun_uniform"}}
    claim = {"kind": "change", "simulation": network, "patch": [edit]}
    assert judged(claim, "equally", simulate=simulate).status == "correct"


def test_a_rubric_of_too_many_layers_is_refused_at_once() -> None:
    deep = {
        "network": {
            "features": 1,
            "layers": [{"kind": "repeat", "times": 4900, "layers": [{"kind": "dense", "units": 1}]}],
        }
    }
    claims = [{"id": f"r{k}", "kind": "ranking", "of": {f"n{i}": deep for i in range(16)}} for k in range(16)]
    rubric = Rubric.model_validate({"id": "r", "claims": claims})
    report = rubric_report(rubric)
    assert [flaw.pointer for flaw in report.flaws] == ["/rubric/claims"]
    with pytest.raises(Exception, match="layers are graded at once"):
        check_rubric(rubric)


def test_a_factor_of_weights_of_the_wrong_shape_is_a_flaw_with_its_place() -> None:
    wrong = {"kind": "dense", "units": 2, "weights": {"kind": "explicit", "values": [[1, 2], [3, 4], [5, 6]]}}
    network = {"network": {"features": 2, "layers": [wrong]}}
    ((pointer, _),) = flaws({"kind": "gradient", "simulation": network, "quantity": "backward_factor"})
    assert pointer == "/simulation/network/layers/0/weights/values"


def test_who_is_told_the_score_alone_is_not_told_the_slip() -> None:
    found = judged({"kind": "expression", "expected": "z^2", "feedback": "score_only"}, "-z^2")
    assert (found.code, found.message, found.method, found.counterexample) == ("incorrect", "", None, None)


@pytest.mark.parametrize(
    "answer", ["+".join(f"abs(z-{k})" for k in range(50)), "*".join(f"tanh(z-{k})" for k in range(40))]
)
def test_what_would_take_too_long_goes_to_a_person_and_costs_no_other_claim(answer: str) -> None:
    bound = {"id": "b", "kind": "bound", "derivative_from": "a"}
    found = graded([{"id": "a", **STANH}, bound], {"a": answer, "b": "1"})
    assert [one.code for one in found.checks] == ["too_costly", "too_costly"]
    assert found.status == "needs_review"


def test_a_difference_beyond_all_doubles_is_one_too() -> None:
    expected = "where(z > 8, exp(exp(z)), z)"
    found = judged({"kind": "expression", "expected": expected}, "where(z > 8, 2exp(exp(z)), z)")
    assert (found.status, found.code) == ("incorrect", "one_branch_wrong")
