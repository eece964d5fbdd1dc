"""What is read: the documentation page, the document, the catalog, the probes, and the name of a request."""

import json
import re
from collections import Counter
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api_tests.families import FAMILIES
from api_tests.http.asking import assert_problem, sent, spec
from service.charts.kinds import CHARTS
from service.core.kinds import members
from service.http.routes.catalog import Catalog

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["/docs", "/openapi.json", "/v1/catalog", "/healthz/live"]
ASSET = re.compile(r"""(?:src|href)\s*=\s*["']([^"']+)["']""")


async def test_the_documentation_page_fetches_everything_from_this_service(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert not re.findall(r"https?:|[\"'(=]\s*//", page.text)
    assets = ASSET.findall(page.text)
    assert {Path(asset).suffix for asset in assets} == {".js", ".css", ".png"}
    for asset in [*assets, "/openapi.json"]:
        answer = await client.get(asset)
        assert answer.status_code == 200, asset
        assert len(answer.content) > 100, asset
    assert "url: '/openapi.json'" in page.text
    assert "prefers-color-scheme: dark" in page.text


async def test_the_style_of_the_documentation_fetches_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    style = (await client.get("/docs/assets/swagger-ui.css")).text
    assert not re.findall(r"url\(\s*[\"']?(?:https?:)?//", style)
    assert "@import" not in style


async def test_the_served_document_is_the_committed_one(client: httpx.AsyncClient) -> None:
    committed = json.loads((ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8"))
    answer = await client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == committed | {"servers": answer.json()["servers"]}  # which are where it was asked for
    assert answer.json()["servers"][0]["url"] == str(client.base_url).rstrip("/")


async def test_the_catalog_lists_every_member_of_every_family(client: httpx.AsyncClient) -> None:
    found = Catalog.model_validate_json((await client.get("/v1/catalog")).content)
    listed = {family.family: [entry.kind for entry in family.kinds] for family in found.families}
    assert listed == {name: [kind.kind_name() for kind in members(family)] for name, family in FAMILIES.items()}
    assert {"tanh", "softmax", "exu"} <= set(listed["activations"])
    assert {"activation", "dense", "repeat"} <= set(listed["layers"])


async def test_every_entry_of_the_catalog_is_described(client: httpx.AsyncClient) -> None:
    found = Catalog.model_validate_json((await client.get("/v1/catalog")).content)
    for family in found.families:
        for entry in family.kinds:
            place = f"{family.family}/{entry.kind}"
            assert entry.summary, place
            assert all(parameter.description for parameter in entry.parameters), place
            assert all(parameter.value_type for parameter in entry.parameters), place
            assert len({parameter.name for parameter in entry.parameters}) == len(entry.parameters), place
            if family.family == "activations":
                assert entry.formula, place
                assert entry.derivative, place


async def test_the_catalog_lists_every_chart_in_the_order_of_the_page(client: httpx.AsyncClient) -> None:
    found = Catalog.model_validate_json((await client.get("/v1/catalog")).content).charts
    assert [chart.name for chart in found] == [*CHARTS]
    assert found[0].name == "gradient"  # what a chart is unless another one is asked for
    tabs = ["Gain per layer", "Signal", "Slope φ′", "Curve of φ", "Weight gradient"]
    assert [chart.tab for chart in found if chart.tab in tabs] == tabs
    assert {chart.name: chart.compares for chart in found}.items() >= {"gradient": False, "comparison": True}.items()
    assert all(chart.title and chart.how_to_read for chart in found)


async def test_a_default_in_the_catalog_is_json_within_the_bounds_beside_it(client: httpx.AsyncClient) -> None:
    found = Catalog.model_validate_json((await client.get("/v1/catalog")).content)
    for parameter in [one for family in found.families for entry in family.kinds for one in entry.parameters]:
        assert (parameter.default is None) == parameter.required, parameter.name
        value = json.loads(parameter.default or "null")
        if isinstance(value, int | float) and not isinstance(value, bool):
            assert parameter.minimum is None or value >= parameter.minimum, parameter.name
            assert parameter.maximum is None or value <= parameter.maximum, parameter.name
        if parameter.choices and value is not None:
            assert value in parameter.choices, parameter.name


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_what_is_not_answered_is_refused_with_what_is(service_url: str, path: str, method: str) -> None:
    answer = httpx.request(method, f"{service_url}{path}")
    assert answer.headers["x-request-id"]
    if method == "HEAD":
        assert answer.content == b""
    if answer.status_code != 200:
        assert answer.status_code == 405
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["allow"] in ("GET", "GET, HEAD")
        assert method not in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/healthz/live", "/healthz/ready"])
def test_a_running_service_is_well(service_url: str, path: str) -> None:
    answer = httpx.get(f"{service_url}{path}")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


HARMLESS = ["a", "7f3c", "A-b_c.d", "0" * 64]
HOSTILE = {
    "empty": b"",
    "a newline": b"a\nSet-Cookie: b=c",
    "a newline at the end": b"a\n",
    "a carriage return": b"a\r\nX-Other: b",
    "10,000 characters": b"a" * 10_000,
    "65 characters": b"a" * 65,
    "a blank": b"a b",
    "markup": b"<script>",
    "no ASCII": "é".encode(),
    "digits of another script": "٣".encode(),
    "a zero byte": b"a\x00b",
}


@pytest.mark.parametrize("name", HARMLESS)
async def test_a_harmless_name_of_a_request_is_kept(client: httpx.AsyncClient, name: str) -> None:
    headers = {"X-Request-ID": name}
    assert (await client.get("/healthz/live", headers=headers)).headers["x-request-id"] == name
    assert assert_problem(await client.get("/nowhere", headers=headers), 404, "not-found")["request_id"] == name


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_name_of_a_request_is_replaced(client: httpx.AsyncClient, name: bytes) -> None:
    answers = [await client.get(path, headers={b"X-Request-ID": name}) for path in ("/healthz/live", "/nowhere")]
    names = [answer.headers["x-request-id"] for answer in answers]
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in names)
    assert names[0] != names[1]
    assert_problem(answers[1], 404, "not-found")


def test_a_name_of_10_000_characters_is_replaced_over_a_socket(service_url: str) -> None:
    answer = httpx.post(f"{service_url}/v1/estimates", **sent(spec()) | {"headers": {"X-Request-ID": "a" * 10_000}})
    assert_problem(answer, 415, "unsupported-media-type")
    assert len(answer.headers["x-request-id"]) == 32


async def test_the_metrics_count_every_request_under_its_route(client: httpx.AsyncClient) -> None:
    async def counted() -> Counter[tuple[str, str, str]]:
        return Counter(
            {
                (sample.labels["method"], sample.labels["route"], sample.labels["status"]): int(sample.value)
                for family in text_string_to_metric_families((await client.get("/metrics")).text)
                for sample in family.samples
                if sample.name == "gradient_verdict_http_request_duration_seconds_count"
            }
        )

    before = await counted()
    for path in ("/v1/catalog", "/v1/catalog", f"/v1/simulations/{'0' * 64}", "/nowhere", "/nowhere/else"):
        await client.get(path)
    await client.request("BREW", "/v1/catalog")
    found = await counted()
    assert found - before == {
        ("GET", "/v1/catalog", "200"): 2,
        ("GET", "/v1/simulations/{digest}", "404"): 1,
        ("GET", "none", "404"): 2,
        ("other", "/v1/catalog", "405"): 1,
        ("GET", "/metrics", "200"): 1,
    }
    assert "BREW" not in str(found)


async def test_the_metrics_say_what_the_workers_do(client: httpx.AsyncClient) -> None:
    await client.post("/v1/simulations", **sent(spec()))
    values = {
        sample.name: sample.value
        for family in text_string_to_metric_families((await client.get("/metrics")).text)
        for sample in family.samples
    }
    assert values["gradient_verdict_busy_workers"] == values["gradient_verdict_waiting_simulations"] == 0
    assert values["gradient_verdict_kept_report_bytes"] > 1000


async def test_the_versions_are_those_of_the_document_and_of_reports(client: httpx.AsyncClient) -> None:
    version = (await client.get("/v1/version")).json()
    assert version["version"] == (await client.get("/openapi.json")).json()["info"]["version"]
    report = (await client.post("/v1/simulations", **sent(spec()))).json()
    assert version["engine_version"] == report["engine_version"]
