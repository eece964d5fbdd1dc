"""A vector in a request is kept as the matrix it stands for: one network has one name, and one way to be written."""

from typing import Any

import pytest

from service.core.pointers import Edit
from service.core.settings import Settings
from service.grading.claims.change import ChangeClaim
from service.nn.initializers.matrices import ExplicitInitializer
from service.simulation.estimate import Limits
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec
from service.studies.comparison import ComparisonSpec, plans_of
from service.studies.sweep import Grid, SweepSpec

Json = dict[str, Any]


def given(values: Any, **fields: Any) -> Json:
    return {"kind": "explicit", "values": values, **fields}


def spec(bias: Json | None = None, inputs: Any = None) -> Json:
    layer = {"kind": "dense", "units": 3, "bias": bias or {"kind": "zeros"}}
    data = {"inputs": given(inputs or [[0.5], [1.0]]), "targets": given([[1.0, 2.0, 3.0]] * 2)}
    return {"network": {"features": 1, "layers": [layer]}, "data": data}


def digest(body: Json) -> str:
    return plan(SimulationSpec.model_validate(body)).digest


BIAS = [0.1, -0.2, 0.3]


@pytest.mark.parametrize(
    "written", [given(BIAS), given([BIAS]), given(BIAS, shape=[3]), given([[0.1], [-0.2], [0.3]], shape=[1, 3])]
)
def test_a_bias_has_one_name_however_it_is_written(written: Json) -> None:
    made = plan(SimulationSpec.model_validate(spec(written)))
    assert made.digest == digest(spec(given([BIAS])))
    bias = made.spec.model_dump(mode="json")["network"]["layers"][0]["bias"]
    assert (bias["values"], bias["shape"]) == ([BIAS], None)


def test_data_of_one_feature_are_a_column() -> None:
    made = plan(SimulationSpec.model_validate(spec(inputs=[0.5, 1.0])))
    assert made.digest == digest(spec(inputs=[[0.5], [1.0]]))
    assert made.spec.model_dump(mode="json")["data"]["inputs"]["values"] == [[0.5], [1.0]]
    assert made.samples == 2


def test_values_of_a_kernel_are_rows_along_its_last_axis() -> None:
    numbers = [float(number) for number in range(12)]
    written = [
        numbers,
        [numbers],
        [numbers[:6], numbers[6:]],
        [numbers[start : start + 2] for start in range(0, 12, 2)],
    ]
    kept = {ExplicitInitializer(values=values, shape=[3, 2, 2]).model_dump_json() for values in written}
    assert len(kept) == 1
    assert ExplicitInitializer.model_validate_json(kept.pop()).values == written[-1]


@pytest.mark.parametrize(("bias", "place"), [(BIAS, "1"), ([BIAS], "1"), ([BIAS], "0/1")])
def test_an_edit_counts_in_the_vector_or_in_the_matrix(bias: Any, place: str) -> None:
    pointer, wanted = f"/network/layers/0/bias/values/{place}", digest(spec(given([0.1, 7.0, 0.3])))
    edit = Edit(op="replace", path=pointer, value=7.0)
    base = SimulationSpec.model_validate(spec(given(bias)))
    claim: Json = {"kind": "change", "simulation": base, "patch": [edit]}
    assert plan(ChangeClaim.model_construct(**claim).after()).digest == wanted
    swept = SweepSpec.model_validate({"base": base, "axes": [{"name": "b", "pointer": pointer, "values": [7.0]}]})
    assert Grid(swept).digest(0) == wanted
    networks = [{"name": "a", "patch": [edit]}, {"name": "b", "spec": spec(given([0.1, 7.0, 0.3]))}]
    compared = plans_of(ComparisonSpec.model_validate({"base": base, "networks": networks}), Limits.of(Settings()))
    assert compared[0].digest == compared[1].digest


def test_a_row_is_put_into_a_matrix() -> None:
    edit = Edit(op="replace", path="/network/layers/0/bias/values/0", value=BIAS)
    base = SimulationSpec.model_validate(spec(given([[1.0, 1.0, 1.0]])))
    after = ChangeClaim.model_construct(kind="change", simulation=base, patch=[edit]).after()
    assert plan(after).digest == digest(spec(given([BIAS])))


def test_an_edit_at_values_that_are_not_there_is_refused_as_before() -> None:
    edit = Edit(op="replace", path="/network/layers/0/gain/values/0", value=7.0)
    claim: Json = {"kind": "change", "simulation": SimulationSpec.model_validate(spec()), "patch": [edit]}
    assert ChangeClaim.model_construct(**claim).flaws() == [
        ("/patch/0", "There is nothing at this place to be edited.")
    ]
