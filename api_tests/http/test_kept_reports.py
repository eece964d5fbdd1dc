"""Reports by their digest, and their layers as CSV."""

import csv
from io import StringIO
from typing import Any, get_args

import httpx
import pytest
from pydantic import BaseModel

from api_tests.http.asking import assert_problem, sent, spec
from service.charts.tables import layers_csv
from service.core.settings import Settings
from service.http.examples import ANSWERS
from service.main import create_app
from service.simulation.layer_results import LayerStatistics
from service.simulation.results import SimulationReport

pytestmark = pytest.mark.anyio

PATH = "/v1/simulations"
ZEROS = {"kind": "dense", "units": 3, "weights": {"kind": "zeros"}}
DEAD = {"features": 2, "layers": [ZEROS, {"kind": "dense", "units": 1}]}


async def test_a_report_can_be_had_again_where_its_answer_says(client: httpx.AsyncClient) -> None:
    made = await client.post(PATH, **sent(spec(seed=11)))
    assert made.headers["location"] == f"{PATH}/{made.json()['digest']}"
    again = await client.get(made.headers["location"])
    assert again.headers["content-type"] == "application/json"
    assert again.content == made.content


@pytest.mark.parametrize("digest", ["0" * 64, "0" * 63, "x", "%00"])
@pytest.mark.parametrize("below", ["", "/layers.csv"])
async def test_an_unknown_digest_is_a_404_that_says_what_to_do(
    client: httpx.AsyncClient, digest: str, below: str
) -> None:
    problem = assert_problem(await client.get(f"{PATH}/{digest}{below}"), 404, "report-not-found")
    assert "POST" in problem["detail"]


@pytest.mark.parametrize("network", [spec()["network"], DEAD], ids=["plain", "dead"])
async def test_the_table_has_every_number_of_every_layer(client: httpx.AsyncClient, network: dict[str, object]) -> None:
    made = await client.post(PATH, **sent(spec(network, include=["histograms", "gradients"])))
    report = SimulationReport.model_validate_json(made.content)
    answer = await client.get(f"{made.headers['location']}/layers.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="layers-{report.digest[:8]}.csv"'
    rows = list(csv.DictReader(StringIO(answer.text, newline="")))
    assert [int(row["index"]) for row in rows] == [layer.index for layer in report.layers]
    for row, layer in zip(rows, report.layers, strict=True):
        assert list(row) == [*columns(LayerStatistics), *OUTLINE]
        assert row["shape"] == "x".join(map(str, layer.shape))
        found = layer.model_dump(mode="json", exclude={"histograms", "shape"})
        assert {name: row[name] for name in row if name not in ("shape", *OUTLINE)} == {
            name: "" if (value := at(found, path)) is None else str(value)
            for name, path in columns(LayerStatistics).items()
            if name != "shape"
        }
    assert "\r\n" in answer.text


OUTLINE = ("depth", "block", "alike")
"""What rows are grouped by: no fields of a layer."""


def columns(model: type[BaseModel], *before: str) -> dict[str, tuple[str, ...]]:
    """The columns of a record with the ways to their fields: those of a record inside stand behind its name."""
    found: dict[str, tuple[str, ...]] = {}
    for name, field in model.model_fields.items():
        inner = [one for one in (field.annotation, *get_args(field.annotation)) if isinstance(one, type)]
        records = [one for one in inner if issubclass(one, BaseModel)]
        if name not in ("histograms", "log10_state_gradient"):
            way = (*before, name)
            found |= columns(records[0], *way) if records else {"_".join(way): way}
    return found


def at(fields: Any, way: tuple[str, ...]) -> Any:
    """The value there; None below what is null."""
    for name in way:
        fields = None if fields is None else fields[name]
    return fields


def test_a_cell_that_has_a_comma_or_a_quote_is_quoted() -> None:
    example = SimulationReport.model_validate(ANSWERS["get_simulation"][1])
    odd = example.layers[0].model_copy(update={"path": '/network/layers/0,"'})
    table = layers_csv(example.model_copy(update={"layers": [odd]}))
    assert next(csv.DictReader(StringIO(table, newline="")))["path"] == odd.path


async def test_nothing_says_that_a_report_is_kept_where_none_is() -> None:
    app = create_app(Settings(cache_bytes=0, store_bytes=0, workers=1))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as forgetful:
        made = await forgetful.post(PATH, **sent(spec()))
        assert made.status_code == 200
        assert "location" not in made.headers
        assert made.headers["cache-status"] == "gradient-verdict; fwd=miss"
        assert_problem(await forgetful.get(f"{PATH}/{made.json()['digest']}"), 404, "report-not-found")
    await app.state.services.pool.end()
