"""What is deployed: the image's base, the limits of the compose file, and what watches over the service."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from service.core.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = YAML(typ="safe").load(ROOT / "docker-compose.yml")
SERVICES: dict[str, Any] = COMPOSE["services"]
OWN = [name for name, service in SERVICES.items() if service["image"] == "gradient-verdict"]
DIGEST = re.compile(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}")
GIB = 1 << 30
SIZES = {"k": 1 << 10, "m": 1 << 20, "g": GIB}
ANSWERS, DRAWS, HANDS_OUT_JOBS = GIB, GIB // 2, GIB // 2
"""What the processes take at most that have no limit of their own: a few times what was measured of each."""


def size(text: str) -> int:
    return int(text[:-1]) * SIZES[text[-1].lower()]


def needed(service: dict[str, Any]) -> int:
    """What all processes of a container may take together, and the files in its memory."""
    command = service.get("command", ["python", "-m", "service", "serve"])
    said = service["environment"]
    settings = Settings(**{
        name.removeprefix("GRADIENT_VERDICT_").lower(): value
        for name, value in said.items()
        if not str(value).startswith("${") and "DATABASE" not in name
    })  # fmt: skip
    serves, works = "serve" in command, "--no-worker" not in command
    simulating = serves * (settings.workers + settings.spare_workers) + works * settings.job_workers
    others = serves * (ANSWERS + DRAWS) + works * HANDS_OUT_JOBS
    files = sum(size(found[1]) for one in service["tmpfs"] if (found := re.search(r"size=(\w+)", one)))
    return simulating * settings.memory_bytes_per_worker + others + files


@pytest.mark.parametrize("name", OWN)
def test_a_container_has_the_memory_that_its_processes_may_take_together(name: str) -> None:
    assert needed(SERVICES[name]) <= size(SERVICES[name]["mem_limit"]) <= needed(SERVICES[name]) + GIB


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_write_nowhere_but_where_it_has_to_and_may_do_nothing_else(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["pids_limit"]
    assert service["mem_limit"]
    assert not service.get("privileged")
    assert all(one.startswith("127.0.0.1:") for one in service.get("ports", []))


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_container_logs_is_bounded(name: str) -> None:
    options = SERVICES[name]["logging"]["options"]
    assert size(options["max-size"]) * int(options["max-file"]) <= 100 << 20


@pytest.mark.parametrize("name", OWN)
def test_a_container_has_files_for_all_its_connections(name: str) -> None:
    assert SERVICES[name]["ulimits"]["nofile"]["soft"] >= 4096


def test_no_password_stands_in_the_compose_file() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if "PASSWORD" in variable:
                assert re.fullmatch(r"\$\{\w+:-\}", value), name
            assert not re.search(r"//\w+:(?!\$\{)[^@]*@", str(value)), name
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").split()
    assert ".env" in (ROOT / ".dockerignore").read_text("utf-8").split()


def test_what_listens_beyond_loopback_says_who_may_ask() -> None:
    for name in OWN:
        said = SERVICES[name]["environment"]
        assert {"GRADIENT_VERDICT_API_KEYS_FILE", "GRADIENT_VERDICT_ALLOW_ANONYMOUS"} <= said.keys()


def test_images_of_others_are_named_by_their_digest() -> None:
    docker = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (base,) = re.findall(r"^ARG PYTHON=(\S+)$", docker, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", docker, re.MULTILINE)) == {"${PYTHON}"}
    others = [service["image"] for service in SERVICES.values() if service["image"] != "gradient-verdict"]
    assert [one for one in [base, *others] if not DIGEST.fullmatch(one)] == []


DEPLOY = ROOT / "deploy"
DASHBOARDS = sorted((DEPLOY / "grafana").glob("*.json"))
RULES = YAML(typ="safe").load(DEPLOY / "prometheus" / "rules.yml")
OF_PROMETHEUS = {"up"}


@pytest.fixture(scope="module")
def counted(service_url: str) -> dict[str, str]:
    """Every metric that a query may name, with its type."""
    found: dict[str, str] = {}
    for family in text_string_to_metric_families(httpx.get(f"{service_url}/metrics", timeout=60).text):
        suffixes = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("_total",), "info": ("_info",)}
        for suffix in suffixes.get(family.type, ("",)):
            found[family.name + suffix] = family.type
    return found


def metrics_in(query: str) -> set[str]:
    """The names of metrics in a query: words that are no function, no label and no text."""
    without = re.sub(r'"[^"]*"|\{[^}]*\}|\b(by|without|on|le)\b\s*(\([^)]*\))?|\[[^\]]*\]', " ", query)
    return set(re.findall(r"\b[a-z][a-z0-9_]*\b(?!\s*\()", without)) - {"and", "or", "unless"}


def assert_known(query: str, counted: dict[str, str]) -> None:
    found = metrics_in(re.sub(r"label_values\((.*), \w+\)", r"\1", query))
    assert found, query
    assert found - counted.keys() - OF_PROMETHEUS == set(), query
    assert query.count("(") == query.count(")")
    for name in found:
        kind = counted.get(name, "gauge")
        rated = re.search(rf"(rate|increase)\({name}\b", query) is not None
        assert rated == (kind in ("counter", "histogram")), f"{name} is a {kind}: {query}"


def test_every_alert_asks_for_what_is_counted_and_says_what_to_do(counted: dict[str, str]) -> None:
    rules = [rule for group in RULES["groups"] for rule in group["rules"]]
    names = [rule["alert"] for rule in rules]
    assert len(set(names)) == len(names) >= 8
    for rule in rules:
        assert_known(rule["expr"], counted)
        assert rule["labels"]["severity"] in ("page", "warn")
        assert rule["annotations"].keys() == {"summary", "action"}
        assert re.fullmatch(r"\d+[sm]", rule.get("for", "1m"))


def test_codes_that_alerts_ask_for_are_codes_of_problems() -> None:
    known = "".join(path.read_text("utf-8") for path in (ROOT / "service").rglob("*.py"))
    for codes in re.findall(r'code=~?"([^"]+)"', (DEPLOY / "prometheus" / "rules.yml").read_text("utf-8")):
        assert [code for code in codes.split("|") if f'"{code}"' not in known] == []


def test_prometheus_is_told_of_the_alerts() -> None:
    config = YAML(typ="safe").load(DEPLOY / "prometheus" / "prometheus.yml")
    assert all((DEPLOY / "prometheus" / name).exists() for name in config["rule_files"])
    jobs = {one["job_name"] for one in config["scrape_configs"]}
    assert set(re.findall(r'job="([^"]+)"', (DEPLOY / "prometheus" / "rules.yml").read_text("utf-8"))) == jobs


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_of_a_dashboard_shows_what_is_counted(path: Path, counted: dict[str, str]) -> None:
    dashboard = json.loads(path.read_text("utf-8"))
    assert {"uid", "title", "panels", "schemaVersion", "templating"} <= dashboard.keys()
    panels = dashboard["panels"]
    assert len({one["id"] for one in panels}) == len(panels)
    assert_apart([one["gridPos"] for one in panels])
    for panel in panels:
        assert panel["title"]
        for target in panel.get("targets", []):
            assert_known(target["expr"], counted)
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            assert_known(variable["definition"], counted)


def test_every_metric_is_on_a_dashboard_or_in_an_alert(counted: dict[str, str]) -> None:
    shown = "".join(path.read_text("utf-8") for path in [*DASHBOARDS, DEPLOY / "prometheus" / "rules.yml"])
    own = {re.sub("_(bucket|count|sum)$", "", name) for name in counted if name.startswith("gradient_verdict_")}
    assert {name for name in own if name not in shown} <= {"gradient_verdict_processes"}


def assert_apart(places: list[dict[str, int]]) -> None:
    """That no panel lies upon another, and all are within 24 columns."""
    taken = [
        (x, y)
        for one in places
        for x in range(one["x"], one["x"] + one["w"])
        for y in range(one["y"], one["y"] + one["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert all(x < 24 for x, _ in taken)


def test_the_proxies_pass_events_on_and_do_not_believe_a_client_about_its_address() -> None:
    nginx = (DEPLOY / "proxy" / "nginx.conf").read_text("utf-8")
    assert nginx.count("{") == nginx.count("}")
    assert nginx.count("proxy_set_header X-Forwarded-For $remote_addr;") == nginx.count("proxy_pass ") == 2
    assert "proxy_buffering off;" in nginx
    assert re.search(r"client_max_body_size (\d+)m", nginx)[1] == str(Settings().import_bytes >> 20)  # type: ignore[index]
