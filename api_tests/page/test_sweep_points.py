"""What the page works out of a sweep by itself: the networks of points, their names in links, the critical line."""

from typing import Any

import pytest
from playwright.sync_api import expect

from api_tests.page.conftest import Open
from api_tests.page.test_hostile_input import FOLLOW
from service.simulation.plan import plan
from service.simulation.spec import SimulationSpec
from service.studies.axes import NAMED_AXES
from service.studies.sweep import Grid, SweepSpec

BASE = (
    "depth=3&width=4&activation=elu&activation.alpha=1.5&weights=orthogonal&bias=constant&bias.value=0.5&std=2&seed=7"
)
MODULES = """const modules = (...names) => Promise.all(names.map((name) => import(`/page/${name}.js`)));
const base = async () => {
  const [{ networkOf }, { kindsOf }] = await modules("queries", "choices");
  return networkOf(query, kindsOf(await (await fetch("/v1/catalog")).json()));
};"""
AXES = f"""async (query) => {{
  {MODULES}
  const [{{ NAMED, valuesOf }}, {{ specOf }}] = await modules("sweepaxes", "networks");
  const axes = Object.values(NAMED).map(({{ preset }}) => preset);
  return [specOf(await base()), axes, axes.map(valuesOf)];
}}"""
POINTS = f"""async ([query, axes, values]) => {{
  {MODULES}
  const [{{ networkAt }}, {{ specOf }}] = await modules("sweepaxes", "networks");
  const from = await base();
  return values.map((each) => specOf(networkAt(from, axes, each)));
}}"""
LINES = """async (cases) => {
  const { zeroLine } = await import("/page/sweepline.js");
  return cases.map(([rows, part]) => zeroLine((column, row) => rows[row][column], part));
}"""
CASES: list[tuple[list[list[float | None]], list[list[int]], str]] = [
    ([[-1, 1]], [[0, 2], [0, 1]], "M1 0L1 0.5M1 0.5L1 1"),
    ([[-3, 1]], [[0, 2], [0, 1]], "M1.25 0L1.25 0.5M1.25 0.5L1.25 1"),
    ([[-1, -2]], [[0, 2], [0, 1]], ""),
    ([[-1, None]], [[0, 2], [0, 1]], ""),
    ([[-1], [1]], [[0, 1], [0, 2]], "M0.5 1L0 1M1 1L0.5 1"),
    ([[-1, 1], [-1, 1]], [[0, 1], [0, 2]], ""),
]
"""Values by rows, the part of the map that is looked at, and the path."""
JOB = "0123456789abcdef" * 2
X = "x=depth&x.start=2&x.stop=9&x.count=8"
UNREADABLE = [
    f"!job={JOB}",
    f"!job=1&{X}",
    f"!job={JOB.upper()}&{X}",
    f"!job={JOB}&x=depth&x.start=2&x.stop=9&x.count=1e9",
    f"!job={JOB}&x=depth&x.start=0&x.stop=9&x.count=8",
    f"!job={JOB}&x=width&x.start=1&x.stop=9999&x.count=8",
    f"!job={JOB}&x=bias_variance&x.scale=log&x.start=0&x.stop=1&x.count=8",
    f"!job={JOB}&x=constructor&x.start=2&x.stop=9&x.count=8",
    f"!job={JOB}&x=activation&x.values=tanh+nothing",
    f"!job={JOB}&{X}&{X.replace('x', 'y')}",
    f"!job={JOB}&{X}&cell=8",
    f"!job={JOB}&{X}&depth=1e9",
    f"!job={JOB}&{X}&onclick=1",
]


def test_the_network_of_a_point_is_the_one_that_was_swept(open_page: Open) -> None:
    page = open_page().page
    base, axes, values = page.evaluate(AXES, BASE)
    assert {axis["name"] for axis in axes} == set(NAMED_AXES)
    for axis, named in zip(axes, values, strict=True):
        grid = Grid(SweepSpec.model_validate({"base": base, "axes": [axis]}))
        swept = [grid.values(index) for index in range(len(grid))]
        assert [each[axis["name"]] for each in swept] == pytest.approx(named) if "range" in axis else axis["values"]
        networks = page.evaluate(POINTS, [BASE, [axis], swept])
        assert [digest(network) for network in networks] == [digest(grid.specification(at)) for at in range(len(grid))]


def digest(document: Any) -> str:
    """The digest that a report of it has."""
    return plan(SimulationSpec.model_validate(document)).spec.digest()


def test_the_critical_line_is_where_the_prediction_changes_its_sign(open_page: Open) -> None:
    found = open_page().page.evaluate(LINES, [[rows, part] for rows, part, _ in CASES])
    assert found == [path for _, _, path in CASES]


def test_nothing_that_makes_no_sense_is_read_as_a_sweep(open_page: Open) -> None:
    page = open_page().page
    for sweep in UNREADABLE:
        page.evaluate(FOLLOW, "#1:0:depth=7")
        expect(page.locator("#note")).to_be_hidden()
        page.evaluate(FOLLOW, f"#1:0:{sweep}")
        expect(page.locator("#note")).to_contain_text("could not be read")
        expect(page.locator("#map")).to_be_hidden()
