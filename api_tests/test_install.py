"""What `make` tells while it installs, and what it tells where that fails."""

import importlib.util
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
