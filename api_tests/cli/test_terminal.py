"""`python -m service` at a terminal and in a pipeline: what it prints and how it ends."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_tests.http.asking import MARKER, Json, resolve, sent, without_seconds
from api_tests.networks import blocks, stack
from service.__main__ import main
from service.simulation.layer_results import Spread
from service.simulation.results import SimulationReport
from service.simulation.wording import signed

ROOT = Path(__file__).resolve().parents[2]

VANISHING: Json = {"network": stack(8, 16, "sigmoid"), "trials": 4, "include": ["gradients"]}
EXPLODING: Json = {"network": stack(8, 16, "tanh", {"kind": "normal", "std": 2})}


def command(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """`python -m service` with `arguments`, from start to end."""
    line = [sys.executable, "-m", "service", *arguments]
    return subprocess.run(line, cwd=ROOT, input=given, capture_output=True, timeout=60, check=False)


def written(folder: Path, body: Any) -> str:
    """The path of a file with `body` in it."""
    path = folder / "spec.json"
    path.write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
    return str(path)


def decades(spread: Spread) -> str:
    """The median of `spread` as it is printed."""
    return "–" if spread.median is None else signed(spread.median)


@pytest.fixture(scope="module")
def report() -> SimulationReport:
    """What the command line says of VANISHING on its standard input."""
    ended = command("simulate", "-", "--json", given=json.dumps(VANISHING).encode())
    assert (ended.returncode, ended.stderr) == (0, b"")
    return SimulationReport.model_validate_json(ended.stdout)


def test_json_is_what_the_service_answers(service_url: str, tmp_path: Path) -> None:
    ended = command("simulate", written(tmp_path, VANISHING), "--json")
    answer = httpx.post(f"{service_url}/v1/simulations", **sent(VANISHING), timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert without_seconds(ended.stdout) == without_seconds(answer.content) + b"\n"


def test_people_get_the_verdict_its_reasons_and_a_row_for_every_layer(tmp_path: Path, report: SimulationReport) -> None:
    ended = command("simulate", written(tmp_path, VANISHING))
    assert (ended.returncode, ended.stderr) == (0, b"")
    text = ended.stdout.decode()
    assert "\x1b" not in text
    assert text.startswith("now vanishing, severe · with more layers vanishing · cause ")
    risk = report.verdict.failure_risk
    assert f"Risk that training fails with sgd: {risk.probability:.2g}." in text
    assert [word for word in ("δ", "weights", "slope", "separation") if f" {word} ┃" not in text] == []
    assert all(f"{word}: " in text.split("└")[1] for word in ("δ", "gain", "signal", "separation")), "the legend"
    assert report.verdict.reasons
    for reason in report.verdict.reasons:
        assert reason in " ".join(text.split())
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]
    assert len(rows) == len(report.layers) == 9
    for row, layer in zip(rows, report.layers, strict=True):
        assert row[:3] == [str(layer.index), f"dense {layer.activation}", str(layer.shape[0])]
        assert row[3] == decades(layer.log10_delta_norm)
        assert row[7] == decades(layer.log10_weight_gradient_norm)
        assert row[8] == decades(layer.log10_forward_rms)


def test_blocks_have_rows_of_their_layers_and_a_column_of_other_shares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, {"network": blocks(), "trials": 4})
    assert main(["simulate", path, "--json"]) == 0
    found = SimulationReport.model_validate_json(capsys.readouterr().out)
    assert main(["simulate", path]) == 0
    text = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]
    assert " other ┃" in text
    assert [row[1] for row in rows[1:4]] == ["dense relu", "dense linear", "residual"]
    assert len(rows) == len(found.layers) == 16
    shares = [layer.log10_gain.skip or layer.log10_gain.normalisation for layer in found.layers]
    assert [row[7] for row in rows] == ["–" if share is None else decades(share) for share in shares]
    assert main(["simulate", written(tmp_path, EXPLODING)]) == 0
    assert " other ┃" not in capsys.readouterr().out


def test_a_layer_inside_a_block_is_further_in_and_named_and_steps_have_a_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    block = {"kind": "residual", "name": "stage 1", "layers": [{"kind": "dense", "units": 4}]}
    lstm = {"kind": "recurrent", "units": 3, "name": "reader"}
    network = {"input": {"kind": "sequence", "steps": 5, "features": 4}, "layers": [block, lstm]}
    assert main(["simulate", written(tmp_path, {"network": network, "trials": 2})]) == 0
    text = capsys.readouterr().out
    rows = [line.split("│")[1:-1] for line in text.splitlines() if line.startswith("│")]
    assert [cells[1].rstrip() for cells in rows] == ["   dense linear", " stage 1: residual", " reader: recurrent"]
    assert [cells[2].strip() for cells in rows] == ["5×4", "5×4", "3"]
    assert [word for word in ("time", "tokens") if f" {word} ┃" not in text] == []


def test_findings_have_a_line_with_their_code_and_what_to_try(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, EXPLODING)
    assert main(["simulate", path, "--json"]) == 0
    found = SimulationReport.model_validate_json(capsys.readouterr().out)
    assert main(["simulate", path]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for finding in found.findings:
        assert f"{finding.code} {finding.severity}, {finding.name.replace('_', ' ')}" in text
        assert " ".join(f"Try: {finding.suggestion}".split()) in text
    for sentence in found.scale.sentences:
        assert sentence in text


HARMLESS: Json = {"network": stack(2, 8), "trials": 2}


@pytest.mark.parametrize(
    "ignored", [["--ignore", "GV101"], ["--ignore", "gv304 , GV101"], ["--ignore=GV302", "--ignore=GV101"]]
)
def test_findings_that_are_ignored_are_left_out_and_those_that_the_file_mutes_stay_muted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ignored: list[str]
) -> None:
    def codes(*options: str) -> list[str]:
        assert main(["simulate", written(tmp_path, {**VANISHING, "mute": ["GV111"]}), "--json", *options]) == 0
        return [one.code for one in SimulationReport.model_validate_json(capsys.readouterr().out).findings]

    loud = codes()
    assert "GV111" not in loud
    assert "GV101" in loud or "GV103" in loud
    left_out = {"GV111", *(one for one in ("GV101", "GV302", "GV304") if one.lower() in " ".join(ignored).lower())}
    assert codes(*ignored) == [one for one in loud if one not in left_out]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--ignore", "GV1"], "GV1: not among GV101, GV102"),
        (["--fail-on", "risk=1.5"], "risk=1.5: not among dead, exploding, vanishing, stable, nor risk="),
        (["--fail-on", "risk"], "risk: not among"),
        (["--fail-on", "risk="], "risk=: not among"),
        (["--fail-on", "risk=-1"], "risk=-1: not among"),
        (["--fail-on", "risk=a"], "risk=a: not among"),
    ],
)
def test_what_no_finding_and_no_verdict_is_called_is_refused_with_what_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["simulate", written(tmp_path, VANISHING), *options])
    assert refused.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("body", "labels", "status"),
    [
        (VANISHING, "vanishing", 3),
        (VANISHING, "dead, exploding , vanishing", 3),
        (VANISHING, "exploding,dead,stable", 0),
        (EXPLODING, "exploding", 3),
        (EXPLODING, "vanishing", 0),
        (VANISHING, "risk=0.5", 3),
        (VANISHING, "dead,risk=0.01", 3),
        (HARMLESS, "risk=0.5", 0),
        (HARMLESS, "risk=0", 3),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["for people", "as json"])
def test_labels_to_fail_on_decide_the_exit_status_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: Json, labels: str, status: int, form: list[str]
) -> None:
    path = written(tmp_path, body)
    assert main(["simulate", path, *form]) == 0
    silent = capsys.readouterr().out
    assert main(["simulate", path, *form, "--fail-on", labels]) == status
    failing = capsys.readouterr().out
    assert failing.partition('"elapsed_seconds"')[0] == silent.partition('"elapsed_seconds"')[0] != ""


def test_failing_is_an_exit_status_of_the_process_too() -> None:
    ended = command("simulate", "-", "--fail-on", "vanishing", given=json.dumps(VANISHING).encode())
    assert ended.returncode == 3
    assert ended.stdout


@pytest.mark.parametrize("labels", ["vanished", "stable,fine", "", "Stable"])
def test_an_unknown_label_is_refused_before_anything_is_simulated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], labels: str
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(["simulate", str(tmp_path / "missing.json"), "--fail-on", labels])
    assert ending.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "not among dead, exploding, vanishing, stable" in printed.err


def layer(**fields: Any) -> Json:
    return {"network": {"features": 1, "layers": [{"kind": "dense", "units": 1, **fields}]}}


REFUSED: dict[str, tuple[Any, str]] = {
    "a bad value": ({**VANISHING, "trials": "many"}, "/trials: "),
    "an unknown field": ({**VANISHING, "sead": 1}, "/sead: "),
    "a bad shape": (layer(weights={"kind": "explicit", "values": [[1, 2]]}), "/network/layers/0/weights/values: "),
    "too deep": ({"network": stack(6000, 1)}, "/network/layers: "),
    "a field given twice": (b'{"network": {"features": 1, "features": 1}}', "/network: "),
}


@pytest.mark.parametrize(("body", "start"), REFUSED.values(), ids=REFUSED)
def test_a_refused_specification_ends_with_status_2_and_the_pointer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: Any, start: str
) -> None:
    assert main(["simulate", written(tmp_path, body)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(start)
    assert len(printed.err) > len(start) + 10


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"units": MARKER}, "/network/layers/0/units"),
        ({"activation": {"kind": "elu", "alpha": "big"}}, "/network/layers/0/activation/alpha"),
        ({"a/b": 1}, "/network/layers/0/a~1b"),
    ],
)
def test_the_pointer_of_a_fault_in_a_layer_is_true(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fields: Json, pointer: str
) -> None:
    assert main(["simulate", written(tmp_path, layer(**fields))]) == 2
    printed = capsys.readouterr().err.partition(": ")[0]
    resolve(printed, layer(**fields))
    assert printed == pointer


def test_a_long_pointer_stays_in_one_piece(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = layer(bias={"kind": "explicit", "values": [1, 2]})
    for _ in range(8):
        body["network"]["layers"] = [{"kind": "repeat", "times": 1, "layers": body["network"]["layers"]}]
    assert main(["simulate", written(tmp_path, body)]) == 2
    assert f"/network{'/layers/0' * 9}/bias/values: " in capsys.readouterr().err


NOTHING = {"nothing": b"", "a bracket": b"{", "latin-1": b'"\xff"', "deep": b"[" * 100_000, "null": b"null"}


@pytest.mark.parametrize("body", NOTHING.values(), ids=NOTHING)
def test_what_is_no_specification_ends_with_status_2_and_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    assert main(["simulate", written(tmp_path, body)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.partition(": ")[2]) > 10


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_what_cannot_be_read_ends_with_status_2_and_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = tmp_path / name
    assert main(["simulate", str(path)]) == 2
    assert str(path) in "".join(capsys.readouterr().err.split("\n"))


def test_the_document_is_printed_as_it_is_committed() -> None:
    ended = command("openapi")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout == (ROOT / "openapi" / "openapi.json").read_bytes()
