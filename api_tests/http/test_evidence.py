"""What hangs below a report: charts, its page, and its gradients as arrays."""

import csv
import json
from io import BytesIO, StringIO
from typing import Any

import httpx
import numpy as np
import pytest

from api_tests.http.asking import assert_problem, sent, spec
from api_tests.networks import blocks
from service.charts.chart import Theme
from service.charts.kinds import CHARTS

PATH = "/v1/simulations"
OVERFLOWING = {
    "features": 2,
    "layers": [
        *3 * [{"kind": "dense", "units": 2, "weights": {"kind": "normal", "std": 1e99}}],
        {"kind": "dense", "units": 1, "weights": {"kind": "normal", "std": 1e99}},
    ],
}
TYPES = {"json": "application/json", "svg": "image/svg+xml", "png": "image/png"}


def ask(url: str, **more: Any) -> httpx.Response:
    """The answer; the first chart may have to wait until its process is there."""
    return httpx.get(url, timeout=60, **more)


def made(url: str, **fields: Any) -> str:
    """Where the report on a small network is."""
    answer = httpx.post(f"{url}{PATH}", **sent(spec(**fields)))
    assert answer.status_code == 200, answer.text
    return f"{url}{answer.headers['location']}"


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_is_had_in_every_format(service_url: str, chart: str, theme: Theme) -> None:
    here = made(service_url)
    answers = {kind: ask(f"{here}/chart.{kind}?chart={chart}&theme={theme}") for kind in TYPES}
    for kind, answer in answers.items():
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == TYPES[kind]
        assert answer.headers["cache-control"] == "public, max-age=3600"
    assert f'aria-label="{answers["json"].json()["description"]}"' in answers["svg"].text
    assert answers["png"].content.startswith(b"\x89PNG")


def test_the_gradient_on_a_light_ground_is_meant_unless_said_otherwise(service_url: str) -> None:
    here = made(service_url)
    plain, said = (ask(f"{here}/chart.svg{query}") for query in ("", "?chart=gradient&theme=light"))
    assert plain.content == said.content
    assert ask(f"{here}/chart.svg?theme=dark").content != plain.content


def test_a_comparison_shows_the_reports_that_are_named(service_url: str) -> None:
    here, *others = (made(service_url, seed=seed) for seed in (1, 2, 3))
    digests = [other.rpartition("/")[2] for other in others]
    answer = ask(f"{here}/chart.json", params={"chart": "comparison", "with": digests})
    assert sorted({row["letter"] for row in answer.json()["datasets"]["layers"]}) == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("chart=pie", 422, "invalid-request"),
        ("theme=grey", 422, "invalid-request"),
        ("chart=comparison" + 12 * f"&with={'0' * 64}", 422, "invalid-request"),
        (f"chart=comparison&with={'0' * 64}", 404, "report-not-found"),
        ("chart=comparison&with=../x", 404, "report-not-found"),
    ],
)
def test_a_chart_that_cannot_be_had_is_refused_with_the_reason(
    service_url: str, query: str, status: int, code: str
) -> None:
    assert_problem(ask(f"{made(service_url)}/chart.svg?{query}"), status, code)


@pytest.mark.parametrize("name", ["chart.json", "chart.svg", "chart.png", "report.html", "layers.csv", "gradients.npz"])
def test_nothing_hangs_below_an_unknown_digest(service_url: str, name: str) -> None:
    assert_problem(ask(f"{service_url}{PATH}/{'0' * 64}/{name}"), 404, "report-not-found")


def test_the_page_is_html_that_may_do_nothing(service_url: str) -> None:
    answer = ask(f"{made(service_url)}/report.html")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert answer.text.startswith("<!doctype html>")
    assert "<script" not in answer.text


def test_a_number_that_a_layer_does_not_have_leaves_its_cells_empty(service_url: str) -> None:
    dense = {"kind": "dense", "units": 4}
    layers = [dense, {"kind": "residual", "layers": [dense]}, {"kind": "layer_norm"}, dense]
    body = {"network": {"features": 4, "layers": layers}, "trials": 2}
    report = httpx.post(f"{service_url}{PATH}", **sent(body), timeout=60).json()
    names, *rows = csv.reader(StringIO(ask(f"{service_url}{PATH}/{report['digest']}/layers.csv").text, newline=""))
    assert {len(row) for row in rows} == {len(names)} == {len(set(names))}
    column = names.index("log10_gain_skip_median")
    skips = [layer["log10_gain"]["skip"] for layer in report["layers"]]
    assert [row[column] == "" for row in rows] == [skip is None for skip in skips]
    assert {skip is None for skip in skips} == {True, False}


@pytest.mark.parametrize("network", [spec()["network"], OVERFLOWING, blocks()], ids=["plain", "overflowing", "blocks"])
def test_the_arrays_are_the_gradients_of_the_report(service_url: str, network: dict[str, Any]) -> None:
    here = made(service_url, network=network, include=["gradients"])
    report = json.loads(ask(here).content)
    arrays = np.load(BytesIO(ask(f"{here}/gradients.npz").content), allow_pickle=False)
    expected = {
        f"{layer['index']}/{name}": np.array(values, dtype=float)
        for layer, gradients in zip(report["layers"], report["gradients"], strict=True)
        for name, values in [
            *((name, gradients[name]) for name in ("delta", "derivative")),
            *(
                (one["name"], np.reshape(np.array(one["values"], dtype=float), one["shape"]))
                for one in gradients["parameters"]
            ),
        ]
        if values is not None
    }
    assert set(arrays.files) == set(expected)
    for name, values in expected.items():
        assert arrays[name].dtype == np.float64
        np.testing.assert_array_equal(arrays[name], values)
    assert ("1/gain" in arrays.files) == (network == blocks())


def test_a_report_without_gradients_has_no_arrays_and_says_how_to_get_them(service_url: str) -> None:
    problem = assert_problem(ask(f"{made(service_url)}/gradients.npz"), 404, "gradients-not-included")
    assert '"include": ["gradients"]' in problem["detail"]
