"""The networks that people train: each has the parameters that its paper or framework has, and fits the budget."""

import json
import re
from pathlib import Path

import pytest

from api_tests.examples.course import ROOT, Json
from service.core.settings import Settings
from service.simulation.estimate import Limits, estimate
from service.simulation.plan import Plan, plan
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

_NETWORKS = ROOT / "examples" / "networks"
_FILES = sorted(path.stem for path in _NETWORKS.glob("*.json"))
_SMALL = ("bilstm", "dcgan_discriminator", "lstm_forecaster", "mlp", "siren", "unet")
"""Those that are simulated here, in a second or two each."""
_ROW = re.compile(r"\| \[(\w+)\]\(\1\.json\) \| [^|]+ \| ([\d,]+) \| ([\w, ]+) \| [^|]+ \| [^|]+ \|")


def _json_of(name: str) -> Json:
    found: Json = json.loads((_NETWORKS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def _plan_of(spec: Json) -> Plan:
    return plan(SimulationSpec.model_validate(spec))


def _table() -> dict[str, tuple[int, str]]:
    """Parameters and verdict of every file, as the README says."""
    text = Path(_NETWORKS / "README.md").read_text(encoding="utf-8")
    return {name: (int(count.replace(",", "")), verdict) for name, count, verdict in _ROW.findall(text)}


def test_every_file_has_its_row_in_the_table() -> None:
    assert [*sorted(_table())] == _FILES


@pytest.mark.parametrize("name", _FILES)
def test_a_network_has_the_parameters_that_the_table_says(name: str) -> None:
    assert _plan_of(_json_of(name)).parameters == _table()[name][0]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("resnet18_224", 11_689_512), ("resnet50_224", 25_557_032), ("vit_base", 86_567_656 - 2 * 768)],
)
def test_it_has_as_many_as_the_original(name: str, parameters: int) -> None:
    """Here, ViT has no class token and no position for it."""
    assert _plan_of(_json_of(name)).parameters == parameters


def test_gpt2_has_as_many_as_the_original_without_its_head_and_with_it() -> None:
    spec = _json_of("gpt2_small")
    spec["network"]["input"]["steps"] = 1024
    assert _plan_of(spec).parameters == 163_037_184
    head = spec["network"]["layers"].pop()
    assert head["name"] == "lm_head"
    spec["loss"] = {"kind": "squared_error"}
    assert _plan_of(spec).parameters == 124_439_808


@pytest.mark.parametrize("name", _FILES)
def test_it_is_within_the_budget_of_what_is_answered_at_once(name: str) -> None:
    found = estimate(_plan_of(_json_of(name)), Limits.of(Settings()))
    assert found.within_budget, f"{found.floating_point_operations:.3g} operations, {found.bytes / 2**30:.3g} GiB"


@pytest.mark.parametrize("name", _SMALL)
def test_a_small_one_is_judged_as_the_table_says(name: str) -> None:
    verdict = simulate(SimulationSpec.model_validate(_json_of(name)), 1).verdict
    severity = "" if verdict.severity == "none" else f", {verdict.severity.value}"
    assert f"{verdict.label.value}{severity}" == _table()[name][1]
