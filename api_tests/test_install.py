"""What `make` tells while it installs, and what it tells where that fails."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "requirements" / "install.py"


@pytest.fixture(scope="module")
def install() -> ModuleType:
    spec = importlib.util.spec_from_file_location("install", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_packages_are_counted_as_they_arrive_and_as_they_are_installed(install: ModuleType, tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text(
        'numpy==2.4.0 \\\n    --hash=sha256:0\npsycopg[binary]==3.3 ; python_version > "3"\nno_such==1\n', "utf-8"
    )
    progress = install.Progress(lock)
    assert str(progress) == "0 of at most 3 packages are here"
    progress.read("Collecting numpy==2.4.0 (from -r some.lock (line 1))\n")
    progress.read("  Downloading numpy-2.4.0.whl (16 MB)\n")
    assert str(progress) == "1 of at most 3 packages are here"
    progress.read("Installing collected packages: NumPy, python_flint, no_such\n")
    assert str(progress) == "2 of 3 packages are installed"


def test_the_words_of_pip_are_told_where_it_fails(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text("no requirement\n", "utf-8")  # which pip refuses before it asks anywhere
    line = [sys.executable, str(SCRIPT), str(lock)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "Invalid requirement" in done.stderr


LEFT_OUT = [
    *(
        "alembic",
        "altair",
        "dbos",
        "fastapi",
        "fastapi_offline",
        "httpx",
        "jinja2",
        "platformdirs",
        "prometheus_client",
    ),
    *("psycopg", "scipy", "sqlalchemy", "starlette", "uvicorn", "vl_convert"),
]
"""What `requirements/check.lock` has not."""
WITHOUT = (
    f"import sys; sys.modules.update(dict.fromkeys({LEFT_OUT})); from service.__main__ import main; sys.exit(main())"
)


SPEC = """{"network": {"features": 16, "layers": [
  {"kind": "dense", "units": 16, "activation": {"kind": "gelu"}, "weights": {"kind": "truncated_normal", "std": 0.25}},
  {"kind": "dense", "units": 16, "activation": {"kind": "expression", "formula": "erf(z) + sigmoid(z)"}},
  {"kind": "dense", "units": 1}]}, "loss": {"kind": "squared_error"}}"""


@pytest.mark.parametrize("options", [[], ["--json"], ["--suggest"]])
def test_a_verdict_needs_only_what_the_light_install_has(options: list[str]) -> None:
    line = [sys.executable, "-c", WITHOUT, "simulate", "-", *options]
    done = subprocess.run(line, input=SPEC, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "stable" in done.stdout


def test_a_file_of_keras_is_checked_by_what_the_light_install_has(tmp_path: Path) -> None:
    layers = [
        {"class_name": "Dense", "config": {"units": 8, "activation": "gelu", "batch_input_shape": [None, 6]}},
        {"class_name": "Dense", "config": {"units": 1, "activation": "sigmoid"}},
    ]
    file = tmp_path / "model.json"
    file.write_text(json.dumps({"class_name": "Sequential", "config": layers, "keras_version": "2.2.0"}), "utf-8")
    line = [sys.executable, "-c", WITHOUT, "check", str(file)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "stable" in done.stdout
    page = f"from service.imports.check import check; print(check({str(file)!r})._repr_html_())"
    line = [sys.executable, "-c", f"{WITHOUT.partition('from service')[0]}{page}"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "<table>" in done.stdout
    assert "<img" not in done.stdout


def test_the_light_install_has_the_versions_of_the_whole_one_and_names_no_host() -> None:
    folder = SCRIPT.parent
    light, whole = (set((folder / name).read_text("utf-8").splitlines()) for name in ("check.lock", "runtime.lock"))
    assert light - whole == set()
    names = {line.partition("==")[0].replace("-", "_") for line in light}
    assert names.isdisjoint(LEFT_OUT)
    assert "://" not in (folder / "check.lock").read_text("utf-8")
