"""What is deployed: the image's base, the limits of the compose file, and what watches over the service."""

import re
from pathlib import Path
from typing import Any

import pytest
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
    simulating = serves * (settings.workers + getattr(settings, "spare_workers", 1)) + works * settings.job_workers
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
