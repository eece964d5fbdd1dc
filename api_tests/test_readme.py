"""What the README promises is what happens."""

import json
import re
from pathlib import Path

import httpx
import pytest

from service.core.settings import Settings

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_request_of_the_readme_gets_the_answer_of_the_readme(service_url: str) -> None:
    body = re.search(r"-d '(.*?)'", README, re.DOTALL)
    shown = re.search(r"```json\n(.*?)```", README, re.DOTALL)
    assert body
    assert shown
    response = httpx.post(f"{service_url}/v1/simulations", json=json.loads(body[1]))
    verdict = response.json()["verdict"]
    for name, value in json.loads(shown[1]).items():
        found = verdict[name]
        if isinstance(value, dict):
            assert found == {key: pytest.approx(number, rel=1e-3) for key, number in value.items()}
        elif isinstance(value, float):
            assert found == pytest.approx(value, rel=1e-3)
        else:
            assert found == value


def test_the_activation_of_the_readme_is_described_as_in_the_readme(service_url: str) -> None:
    body = re.search(r"profile -H 'Content-Type: application/json' -d '(.*?)'", README)
    quoted = re.findall(r"^> (.*)$", README, re.MULTILINE)
    assert body
    assert quoted
    response = httpx.post(f"{service_url}/v1/activations/profile", json=json.loads(body[1]))
    assert response.json()["summary"].startswith(" ".join(quoted))


def test_every_setting_is_in_the_readme() -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row.split("|")[1])}
    assert documented == {name.removeprefix("GRADIENT_VERDICT_") for name in Settings().environment()}
