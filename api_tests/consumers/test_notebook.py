"""The notebook for models of PyTorch and Keras runs from its first cell to its last, and shows what it says."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from api_tests.consumers.platform_packages import CONSUMERS, installed, ran
from api_tests.examples.course import ROOT

NOTEBOOK = ROOT / "examples" / "notebook" / "check_a_model.ipynb"
KERAS = ROOT / ".tools" / "keras"
# Jupyter is among the consumers, PyTorch in .venv with the service's packages, Keras in an environment of its own.
KERNEL = """import sys
from runpy import run_module
sys.path += {folders!r}
run_module("ipykernel_launcher", run_name="__main__")
"""

pytestmark = [
    installed,
    pytest.mark.skipif(not (KERAS / ".installed").exists(), reason="`make consumers` installs Keras"),
]


def packages_of(environment: Path) -> str:
    """The folder of its packages."""
    code = "import site; print(site.getsitepackages()[0])"
    done = subprocess.run([environment / "bin" / "python", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def executed(home: Path, url: str | None) -> list[dict[str, Any]]:
    """The cells of code of the notebook with their outputs, executed in the folder `home`."""
    folders = [str(ROOT), packages_of(KERAS), packages_of(CONSUMERS)]
    spec = home / "kernels" / "own"
    spec.mkdir(parents=True)
    argv = [str(ROOT / ".venv" / "bin" / "python"), "-c", KERNEL.format(folders=folders), "-f", "{connection_file}"]
    private = {"KERAS_BACKEND": "torch"} | ({"GRADIENT_VERDICT_URL": url} if url else {})
    said = {"argv": argv, "display_name": "own", "language": "python", "env": private}
    (spec / "kernel.json").write_text(json.dumps(said), "utf-8")
    shutil.copy(NOTEBOOK, home)
    code = f"""import nbformat, nbclient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
specs = KernelSpecManager(kernel_dirs=[{str(home / "kernels")!r}])
notebook = nbformat.read({NOTEBOOK.name!r}, as_version=4)
kernel = AsyncKernelManager(kernel_name="own", kernel_spec_manager=specs)
nbclient.NotebookClient(notebook, km=kernel, timeout=600).execute()
nbformat.validate(notebook)
nbformat.write(notebook, "done.ipynb")
"""
    ran(home, "python", "-c", code)
    cells = json.loads((home / "done.ipynb").read_text("utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def shown(cells: list[dict[str, Any]], kind: str) -> str:
    """All outputs of a media type, and what is printed as text."""
    outputs = [output for cell in cells for output in cell["outputs"]]
    parts = [output.get("data", {}).get(kind, []) for output in outputs]
    printed = [output["text"] for output in outputs if output["output_type"] == "stream" and kind == "text/plain"]
    return "\n".join("".join(part) for part in [*parts, *printed])


@pytest.mark.parametrize("by_service", [False, True])
def test_the_notebook_runs_and_shows_verdicts_of_both_programs(
    by_service: bool, service_url: str, tmp_path: Path
) -> None:
    cells = executed(tmp_path, service_url if by_service else None)
    html, text = shown(cells, "text/html"), shown(cells, "text/plain")
    assert re.findall(r"<span[^>]*>([a-z, ]+)</span>", html) == ["vanishing, severe", "stable", "stable"]
    assert html.count('<img class="on-dark"') == 3
    assert "is not installed here" not in text
    assert "vanishing, severe, risk that training fails with adam" in text
    assert "(failed on vanishing, risk=0.5)" in text
    assert "nn.init." in text  # the line of a repair
    assert shown(cells[-1:], "text/plain").strip().startswith("stable, risk that training fails with adam")


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [(cell["outputs"], cell["execution_count"]) for cell in code] == [([], None)] * len(code)
