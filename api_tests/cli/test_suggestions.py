"""`simulate --suggest`: what mends a network, printed with the lines to write."""

import json
from pathlib import Path

import pytest

from api_tests.networks import stack
from service.__main__ import main
from service.studies.prescriptions.results import Prescriptions

SPEC = {"network": stack(8, 16, "relu", {"kind": "normal", "std": 0.02}), "trials": 4, "data": {"samples": 16}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "spec.json"
    written.write_text(json.dumps(SPEC), encoding="utf-8")
    return written


def test_repairs_stand_below_the_verdict_with_the_lines_to_write(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", str(path), "--suggest"]) == 0
    shown = capsys.readouterr().out
    assert shown.index("vanishes" if "vanishes" in shown else "vanishing") < shown.index("repairs, simulated")
    assert "as it is" in shown
    assert "1 PyTorch: nn.init." in shown
    assert "1 Keras: kernel_initializer=" in shown


def test_repairs_as_json_are_those_of_the_service(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(path), "--suggest", "--json"]) == 0
    found = Prescriptions.model_validate_json(capsys.readouterr().out)
    assert found.prescriptions[0].sentence == found.summary
