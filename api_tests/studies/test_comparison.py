"""Comparisons: the same seeds, an order by risk, differences paired over trials."""

from typing import Any

import pytest
from pydantic import ValidationError

from api_tests.networks import Json, stack
from service.core.errors import BudgetExceeded, SpecError
from service.core.settings import Settings
from service.simulation.estimate import Limits
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec
from service.studies.comparison import Comparison, ComparisonSpec, compared, plans_of

LIMITS = Limits.of(Settings())


def comparison(networks: list[Json], **fields: Any) -> Comparison:
    spec = ComparisonSpec.model_validate({"networks": networks, "trials": 8, **fields})
    return compared([one.name for one in spec.networks], plans_of(spec, LIMITS)).comparison


def named(name: str, network: Json, **fields: Any) -> Json:
    return {"name": name, "spec": {"network": network, **fields}}


def test_the_network_with_the_least_risk_is_first() -> None:
    found = comparison(
        [
            named("small", stack(12, 32, "relu", {"kind": "normal", "std": 0.02})),
            named("he", stack(12, 32, "relu", "he_normal")),
            named("sigmoid", stack(12, 32, "sigmoid")),
        ]
    )
    assert [one.rank for one in found.networks] == [1, 2, 3]
    assert found.networks[0].name == "he"
    risks = [one.failure_risk for one in found.networks]
    assert risks == sorted(risks)


def test_equal_risks_are_ordered_by_the_size_of_the_ratio() -> None:
    hopeless = [named(str(std), stack(20, 16, "relu", {"kind": "normal", "std": std})) for std in (0.001, 0.05, 0.01)]
    assert [one.name for one in comparison(hopeless).networks] == ["0.05", "0.01", "0.001"]


def test_every_network_has_the_seed_and_the_trials_of_the_comparison() -> None:
    network = stack(4, 8)
    found = comparison([named("a", network, seed=3, trials=2), named("b", network, seed=4)], seed=9)
    alone = simulate(SimulationSpec.model_validate({"network": network, "seed": 9, "trials": 8}))
    assert {one.digest for one in found.networks} == {alone.digest}
    assert found.networks[0].ratio == alone.verdict.judged_ratio
    (difference,) = found.differences
    assert difference.difference.median == 0.0
    assert not difference.distinct


def test_differences_are_paired_and_narrower_than_the_ratios_apart() -> None:
    """The same normal numbers times another standard deviation: the difference is all but the same in every trial."""
    one = stack(10, 16, "linear", {"kind": "normal", "std": 0.2})
    other = stack(10, 16, "linear", {"kind": "normal", "std": 0.25})
    (difference,) = comparison([named("one", one), named("other", other)]).differences
    assert difference.difference.median == pytest.approx(
        9 * 0.09691001300805642 * (1 if difference.of == "other" else -1), abs=1e-9
    )
    assert difference.difference.std == pytest.approx(0.0, abs=1e-9)
    assert difference.distinct


def test_every_two_networks_are_compared_those_of_the_first_before_the_rest() -> None:
    found = comparison([named(str(depth), stack(depth, 8)) for depth in (3, 6, 9)])
    first, second, third = (one.name for one in found.networks)
    assert [(one.of, one.less) for one in found.differences] == [(first, second), (first, third), (second, third)]


def test_a_network_without_chance_is_compared_with_every_trial_of_another() -> None:
    fixed = {
        "network": stack(3, 2, "linear", {"kind": "identity"}),
        "data": {"samples": 2, "inputs": [[1.0, 2.0], [0.5, 1.0]], "targets": [[1.0], [2.0]]},
    }
    fixed["data"] = {
        "inputs": {"kind": "explicit", "values": [[1.0, 2.0], [0.5, 1.0]]},
        "targets": {"kind": "explicit", "values": [[1.0], [2.0]]},
    }
    fixed["network"]["layers"][-1]["weights"] = {"kind": "ones"}
    (difference,) = comparison([{"name": "fixed", "spec": fixed}, named("drawn", stack(3, 2))]).differences
    assert difference.difference.count == 8


def test_a_patch_edits_the_base_as_it_is_written() -> None:
    base = {"network": stack(4, 8)}
    patch = [{"op": "replace", "path": "/network/layers/0/times", "value": 7}]
    found = comparison([{"name": "base", "patch": []}, {"name": "deeper", "patch": patch}], base=base)
    digests = {one.name: one.digest for one in found.networks}
    for name, depth in (("base", 4), ("deeper", 7)):
        alone = SimulationSpec.model_validate({"network": stack(depth, 8), "trials": 8})
        assert digests[name] == simulate(alone).digest


def test_the_chart_is_that_of_all_different_networks() -> None:
    found = comparison([named("a", stack(3, 8)), named("b", stack(4, 8)), named("c", stack(4, 8))])
    digests = [one.digest for one in found.networks]
    path, _, query = found.chart.partition("?")
    assert path == f"/v1/simulations/{digests[0]}/chart.svg"
    assert query.split("&")[0] == "chart=comparison"
    assert {one.removeprefix("with=") for one in query.split("&")[1:]} == set(digests) - {digests[0]}


ONE = {"name": "one", "spec": {"network": stack(2, 4)}}
REFUSED: list[tuple[Json, str]] = [
    ({"networks": [ONE]}, "too_short"),
    ({"networks": [ONE, ONE]}, "name_twice"),
    ({"networks": [ONE, {"name": "two"}]}, "spec_or_patch"),
    ({"networks": [ONE, {**ONE, "name": "two", "patch": []}]}, "spec_or_patch"),
    ({"networks": [ONE, {"name": "two", "patch": []}]}, "patch_without_base"),
    ({"networks": [{**ONE, "name": str(number)} for number in range(13)]}, "too_long"),
]


@pytest.mark.parametrize(("body", "code"), REFUSED)
def test_what_cannot_be_compared_is_refused_by_its_code(body: Json, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ComparisonSpec.model_validate(body)
    assert code in {error["type"] for error in caught.value.errors()}


BASE = {"network": stack(2, 4)}
MISFITS: list[tuple[Json, str]] = [
    ({"name": "x", "spec": {"network": stack(2, 4), "loss": {"kind": "cross_entropy"}}}, "/networks/1/spec/network"),
    ({"name": "x", "patch": [{"op": "replace", "path": "/nowhere", "value": 1}]}, "/networks/1/patch/0"),
    ({"name": "x", "patch": [{"op": "replace", "path": "/network/layers/0/times", "value": -1}]}, "/networks/1/patch"),
    ({"name": "x", "patch": [{"op": "add", "path": "/loss", "value": {"kind": "cross_entropy"}}]}, "/networks/1/patch"),
]


@pytest.mark.parametrize(("network", "pointer"), MISFITS)
def test_a_network_that_does_not_fit_together_is_pointed_at(network: Json, pointer: str) -> None:
    spec = ComparisonSpec.model_validate({"base": BASE, "networks": [{"name": "base", "patch": []}, network]})
    with pytest.raises(SpecError) as caught:
        plans_of(spec, LIMITS)
    assert (caught.value.pointer or "").startswith(pointer)


def test_networks_that_cost_too_much_together_are_refused() -> None:
    networks = [named(str(width), stack(4, width)) for width in (64, 65)]
    spec = ComparisonSpec.model_validate({"networks": networks})
    with pytest.raises(BudgetExceeded):
        plans_of(spec, Limits(1e8, LIMITS.bytes))
