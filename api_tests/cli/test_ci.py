"""`action.yml` and `.pre-commit-hooks.yaml`: their commands are read out of the files, and run."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from api_tests.cli.test_terminal import HARMLESS, ROOT, VANISHING

EXPRESSION = re.compile(r"\$\{\{ *inputs\.([\w-]+) *\}\}")
ACTION: Any = YAML(typ="safe").load(ROOT / "action.yml")
STEPS: dict[str, Any] = {step["name"]: step for step in ACTION["runs"]["steps"]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checked-out repository with models, and a place with the program, both of which the runner would have."""
    tools = tmp_path / "tools"
    repository = tmp_path / "repository"
    (repository / "nets" / "deep").mkdir(parents=True)
    for name, body in {"bad net": VANISHING, "deep/good": HARMLESS}.items():
        (repository / "nets" / f"{name}.json").write_text(json.dumps(body), "utf-8")
    tools.mkdir()
    program = tools / "gradient-verdict"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m service "$@"\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tools), os.environ["PATH"]]))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(repository))
    monkeypatch.chdir(repository)


def executed(step: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The script of a step, as the runner runs it."""
    line = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", STEPS[step]["run"]]
    return subprocess.run(line, env=os.environ | environment, capture_output=True, text=True, timeout=120, check=False)


def checked(**inputs: str) -> subprocess.CompletedProcess[str]:
    """The step that checks, with the inputs of the action, by their names with underscores, and its defaults."""
    given = {name: one.get("default", "") for name, one in ACTION["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    environment = {
        name: EXPRESSION.sub(lambda match: given[match[1]], value) for name, value in STEPS["Check"]["env"].items()
    }
    return executed("Check", **environment)


def test_every_input_is_used_and_every_one_that_is_used_is_an_input() -> None:
    used = set(EXPRESSION.findall(json.dumps(STEPS)))
    assert used == set(ACTION["inputs"])


def test_models_are_globs_one_a_line_and_a_reviewer_is_told() -> None:
    ended = checked(models="nets/**/*.json\nnets/bad net.json\n", sarif="found.sarif", junit="found.xml")
    assert ended.returncode == 3
    assert "3 models" in ended.stdout
    assert ended.stderr.count("::error file=nets/bad net.json,line=1,title=") == 2
    assert Path("found.sarif").exists()
    assert Path("found.xml").exists()


def test_inputs_become_options() -> None:
    inputs = {"optimiser": "adam", "ignore": "GV304", "fail_on": "risk=0", "arguments": "--trials\n2\n--json"}
    ended = checked(models="nets/deep/good.json", **inputs)
    assert ended.returncode == 3
    spec = json.loads(ended.stdout)["report"]["spec"]
    assert (spec["trials"], spec["policy"]["kind"], spec["mute"]) == (2, "adam", ["GV304"])


def test_what_fails_is_mended_where_that_is_an_input() -> None:
    assert "%0APyTorch: " in checked(models="nets/bad net.json", suggest="true").stderr
    assert "%0APyTorch: " not in checked(models="nets/bad net.json").stderr


@pytest.mark.parametrize(
    ("inputs", "status"),
    [
        ({"models": "nets/bad net.json", "fail_on": "never"}, 0),
        ({"models": "nets/deep/good.json"}, 0),
        ({"models": "nets/deep/good.json", "input": "3x3"}, 2),
        ({"models": "nets/missing.json"}, 2),
        ({"models": "nets/*.onnx"}, 1),
    ],
)
def test_the_step_ends_as_the_program_does(inputs: dict[str, str], status: int) -> None:
    assert checked(**inputs).returncode == status


def test_a_python_that_is_new_enough_is_found_and_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "output"
    output.touch()
    assert executed("Find Python", GITHUB_OUTPUT=str(output)).returncode == 0
    assert output.read_text("utf-8") in ("name=python\n", "name=python3\n")
    output.write_text("", "utf-8")
    for name in ("python", "python3"):
        old = tmp_path / "tools" / name
        old.write_text("#!/bin/sh\nexit 1\n", "utf-8")
        old.chmod(0o755)
    assert executed("Find Python", GITHUB_OUTPUT=str(output)).returncode == 0
    assert output.read_text("utf-8") == ""
    assert "steps.python.outputs.name == ''" in STEPS["Set up Python"]["if"]


def test_what_is_installed_is_locked_and_comes_before_other_programs(tmp_path: Path) -> None:
    """The commands of the step, with a `python` that only tells what it is asked."""
    place = tmp_path / "gradient-verdict" / "bin"
    place.mkdir(parents=True)
    told, path = tmp_path / "told", tmp_path / "path"
    fake = place / "python"
    fake.write_text(f'#!/bin/sh\necho "$@" >> {told}\n', "utf-8")
    fake.chmod(0o755)
    environment = {"PYTHON": str(fake), "PROJECT": str(ROOT), "RUNNER_TEMP": str(tmp_path), "GITHUB_PATH": str(path)}
    assert executed("Install", **environment).returncode == 0
    made, locked, project = told.read_text("utf-8").splitlines()
    assert made == f"-m venv --system-site-packages {tmp_path}/gradient-verdict"
    assert f"--require-hashes -r {ROOT}/requirements/check.lock" in locked
    assert (ROOT / "requirements" / "check.lock").exists()
    assert f"--no-deps {ROOT}" in project
    assert path.read_text("utf-8") == f"{place}\n"


def test_the_action_is_one_by_its_schema() -> None:
    checker = Path(sys.executable).parent / "check-jsonschema"
    if not checker.exists():
        pytest.skip("check-jsonschema is not installed")
    line = [str(checker), "--builtin-schema", "vendor.github-actions", "action.yml"]
    ended = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout


def test_the_hook_checks_the_files_it_is_for() -> None:
    (hook,) = YAML(typ="safe").load(ROOT / ".pre-commit-hooks.yaml")
    files = ["a/model.keras", "model.h5", "b.onnx", "c.pt2", "notes.json", "net.py"]
    assert [one for one in files if re.search(hook["files"], one)] == files[:4]
    line = [*shlex.split(hook["entry"]), "nets/bad net.json", "nets/deep/good.json"]
    assert subprocess.run(line, capture_output=True, timeout=120, check=False).returncode == 3
