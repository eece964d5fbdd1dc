"""`gradient-verdict check`: models judged, one or several, and how that ends."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from api_tests.cli.test_terminal import HARMLESS, VANISHING
from api_tests.http.asking import Json
from service.__main__ import main
from service.cli.checked import Checked
from service.simulation.results import SimulationReport

Check = Callable[..., tuple[int, str, str]]
MILD = {**VANISHING, "policy": {"kind": "adam", "vanishing_severe": -900}}


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """The exit status, and what `check` prints on standard output and standard error, in a folder with three files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    for name, body in {"bad": VANISHING, "good": HARMLESS, "mild": MILD}.items():
        Path(f"{name}.json").write_text(json.dumps(body), "utf-8")

    def ended(*arguments: str) -> tuple[int, str, str]:
        status = main(["check", *arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return ended


def lines(text: str) -> list[Checked]:
    return [Checked.model_validate_json(line) for line in text.splitlines()]


def test_one_model_is_shown_as_a_simulation_is(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "good.json"]) == 0
    shown = capsys.readouterr().out
    assert check("good.json") == (0, shown, "")


def test_several_models_have_a_row_each_and_those_that_fail_are_named(check: Check) -> None:
    status, shown, said = check("good.json", "bad.json")
    assert (status, said) == (3, "")
    rows = [line for line in shown.splitlines() if line.startswith("│ ")]
    assert [row.split()[1] for row in rows if row.split()[1].endswith(".json")] == ["good.json", "bad.json"]
    assert "failed: vanishing" in shown
    assert shown.endswith("Failed: bad.json (error)\n")


@pytest.mark.parametrize(
    ("models", "options", "status"),
    [
        (["good.json"], [], 0),
        (["bad.json"], [], 3),
        (["bad.json"], ["--fail-on", "never"], 0),
        (["bad.json"], ["--fail-on", "exploding,dead"], 0),
        (["bad.json"], ["--fail-on", "exploding, vanishing"], 3),
        (["bad.json"], ["--fail-on", "dead,risk=0.5"], 3),
        (["mild.json"], [], 0),
        (["mild.json"], ["--fail-on", "warning"], 3),
        (["good.json"], ["--fail-on", "risk=0"], 3),
        (["good.json", "bad.json"], [], 3),
        (["missing.json", "bad.json"], [], 2),
        (["missing.json", "good.json"], ["--fail-on", "never"], 2),
    ],
)
def test_the_status_says_what_is_refused_and_what_fails(
    check: Check, models: list[str], options: list[str], status: int
) -> None:
    assert check(*models, *options)[0] == status


def test_a_finding_that_is_ignored_fails_nothing(check: Check) -> None:
    _, out, _ = check("bad.json", "--json")
    (one,) = lines(out)
    assert one.report is not None
    errors = [finding.code for finding in one.report.findings if finding.severity == "error"]
    assert errors
    assert check("bad.json", "--fail-on", "error", "--ignore", ",".join(errors))[0] == 0


def test_json_has_a_line_for_each_model_with_its_report_or_its_refusal(check: Check) -> None:
    status, out, said = check("bad.json", "missing.json", "good.json", "--json")
    bad, missing, good = lines(out)
    assert status == 2
    assert [one.model for one in (bad, missing, good)] == ["bad.json", "missing.json", "good.json"]
    assert isinstance(bad.report, SimulationReport)
    assert bad.failed_on == ("error",)
    assert (missing.report, missing.refused) == (None, ("missing.json: No such file or directory",))
    assert said == "missing.json: No such file or directory\n"
    assert good.failed_on == good.refused == ()


def test_a_refusal_names_the_file_and_the_place_and_the_others_are_judged(check: Check, tmp_path: Path) -> None:
    (tmp_path / "wrong.json").write_text('{"network": {"features": 1, "layers": []}, "trials": 0}', "utf-8")
    status, shown, said = check("wrong.json", "good.json")
    assert status == 2
    assert said.splitlines()[0].startswith("wrong.json: /network/layers: ")
    assert said.splitlines()[1].startswith("wrong.json: /trials: The number must be at least 1.")
    assert "stable" in shown


def test_a_file_of_no_known_kind_is_refused_with_those_that_are_read(check: Check, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing", "utf-8")
    status, _, said = check("notes.txt")
    assert status == 2
    assert ".keras" in said
    assert "config.json" in said


def test_options_stand_in_place_of_what_a_specification_says(check: Check) -> None:
    chosen = ["--optimizer", "adam", "--loss", "absolute_error", "--trials", "3", "--samples", "7", "--preset", "keras"]
    _, out, _ = check("mild.json", "--json", *chosen)
    (one,) = lines(out)
    assert one.report is not None
    spec = one.report.spec
    assert (spec.loss.kind, spec.trials, spec.data.samples) == ("absolute_error", 3, 7)
    assert (spec.policy.kind, spec.policy.vanishing_severe) == ("adam", -900), "its own bands stay"
    _, out, _ = check("bad.json", "--json", "--optimiser", "adam")
    (one,) = lines(out)
    assert one.report is not None
    assert one.report.spec.policy.kind == one.report.verdict.failure_risk.optimiser == "adam"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--input", "32x"], "32x: sizes are expected, with x between them"),
        (["--input", "0x3"], "0x3: sizes are expected"),
        (["--trials", "0"], "0: a number from 1 to 10000 is expected"),
        (["--preset", "Torch"], "Torch: not among"),
        (["--optimiser", "lion"], "sgd"),
        (["--fail-on", "errors"], "nor error, warning, never"),
    ],
)
def test_an_option_with_a_wrong_value_is_refused_with_what_is_right(
    check: Check, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as refused:
        check("good.json", *options)
    assert refused.value.code == 2
    assert said in capsys.readouterr().err


def test_the_input_of_a_specification_stays_its_own(check: Check) -> None:
    status, _, said = check("good.json", "--input", "3x3")
    assert status == 2
    assert "a specification says its own" in said


def test_what_fails_is_mended_where_that_is_asked_for(check: Check) -> None:
    status, shown, _ = check("good.json", "bad.json", "--suggest")
    assert status == 3
    assert shown.count("repairs, simulated") == 1
    _, out, _ = check("good.json", "bad.json", "--suggest", "--json")
    good, bad = lines(out)
    assert good.prescriptions is None
    assert bad.prescriptions is not None
    assert bad.prescriptions.prescriptions


@pytest.mark.parametrize("options", [["--json", "--sarif", "-"], ["--junit", "-", "--sarif", "-"]])
def test_standard_output_takes_one_thing(check: Check, options: list[str]) -> None:
    status, out, said = check("good.json", *options)
    assert (status, out) == (2, "")
    assert "one of --json, --sarif and --junit" in said


def test_a_file_that_cannot_be_written_ends_with_status_2(check: Check) -> None:
    status, _, said = check("good.json", "--sarif", "no/such/folder.sarif")
    assert status == 2
    assert "no/such/folder.sarif: No such file or directory" in said


def spec_of(text: str) -> Json:
    found: Json = json.loads(text)
    return found


def test_a_specification_is_imported_as_it_stands_and_as_options_change_it(
    check: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", "good.json"]) == 0
    assert spec_of(capsys.readouterr().out) == HARMLESS
    assert main(["import", "good.json", "--optimiser", "adam", "-o", "new.json"]) == 0
    assert capsys.readouterr().out == ""
    assert spec_of((tmp_path / "new.json").read_text("utf-8")) == {**HARMLESS, "policy": {"kind": "adam"}}
    assert main(["import", "good.json", "-o", "no/such/folder.json"]) == 2
    assert "no/such/folder.json: No such file or directory" in capsys.readouterr().err
    assert main(["import", "missing.json"]) == 2
    assert capsys.readouterr().err == "missing.json: No such file or directory\n"


def test_suggestions_are_those_of_a_simulation(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "bad.json", "--suggest", "--json"]) == 0
    wanted = capsys.readouterr().out
    assert main(["suggest", "bad.json", "--json"]) == 0
    assert capsys.readouterr().out == wanted
    assert main(["suggest", "bad.json"]) == 0
    assert "repairs, simulated" in capsys.readouterr().out
    assert main(["suggest", "missing.json"]) == 2
