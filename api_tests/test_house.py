"""What `make house` counts: how little a newcomer must know, and that an extension really is one file.

Every folder of `api_tests/house` has an extension: its files below `service/`, and `proof.py`, tests that run in a copy
of the repository to which these files were added. There the laws that hold for every kind of the family run for the
new one, too. A file called `….py.added` is what is added to the file of that name, before its last statement, which
makes the union of the family. A kind of job is two files: itself, and its route.
"""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.house import (
    EXTENSIONS,
    FILES_BESIDE,
    FILES_OPENED,
    FOLDERS,
    LINES_TO_A_NAME,
    ROOT,
    House,
    files_to_write,
)

HOUSE = House(ROOT / "service")
COPIED = ("service", "api_tests", "examples", "pyproject.toml")
LAWS = {
    "activation": ("api_tests/nn/test_activations.py", "isru"),
    "initializer": ("api_tests/nn/test_initializers.py", "triangular and not closed_form"),  # which are a table there
    "loss": ("api_tests/nn/test_losses.py", "log_cosh"),
    "parameter_layer": ("api_tests/nn/test_nodes.py", "layer_scale"),
    "container_layer": ("api_tests/nn/test_nodes.py", "blend"),
    "chart": ("api_tests/charts/test_charts.py", "weight_norm"),
    "job": ("api_tests/jobs/test_kinds.py", "repeat"),
}
"""The tests that find a new kind by themselves, and how those for it are selected."""
TRIED = [name for name in EXTENSIONS if (ROOT / "api_tests" / "house" / name / "proof.py").exists()]
SMALL = {
    "main.py": "",
    "page/laboratory.js": "",
    "core/arrays.py": "import numpy.typing as npt\nArray = npt.NDArray[float]\nLOW, _high = 0, [n for n in range(3)]\n",
    "nn/tanh.py": '''
if True:
    ANY = 1
class Tanh:
    kind: Literal["tanh"] = "tanh"
    def f(self):
        inner = 1
async def LOW():
    """Three short words."""
''',
    "grading/formats/native.py": 'class Native:\n    name: ClassVar[str] = "native"\n',
    "charts/kinds/gain.py": 'class GainChart:\n    name = "gain"\n',
    "nn/shapes.py": '''
from service.core.arrays import Array as A
class _Base:
    """Of arrays (…, samples)."""
    def by_class(self, x: A) -> A: ...
class _Derived(_Base):
    """It says nothing of axes (but much, as it were, of others)."""
    def by_class(self, x: A) -> A: ...
    def own(self, x: A | None) -> None: ...
def _told(x: A) -> None:
    """What comes out, (trials, 2·n)."""
def _shaped(x: A) -> None:
    """Of any shape at all."""
def _commented(
    x: A,  # (n,)
) -> None: ...
def _coded(*, x: A) -> None:
    return (x, x)
def _of_numbers(x: float) -> A: ...
''',
}
"""A house with one of everything that is counted, and something beside it that is not."""


def copied(folder: Path) -> None:
    """Copy the repository to `folder`."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)


def extend(folder: Path, extension: str) -> None:
    """Add the files of `extension` to the copy in `folder`."""
    added = ROOT / "api_tests" / "house" / extension
    for file in files_to_write(extension):
        target = folder / file.relative_to(added)
        if file.suffix == ".added":
            add(file.read_text(encoding="utf-8"), target.with_suffix(""))
        else:
            shutil.copy(file, target)


def add(text: str, target: Path) -> None:
    """Put `text` before the last statement of the module `target`."""
    module = target.read_text(encoding="utf-8")
    lines, last = module.splitlines(keepends=True), ast.parse(module).body[-1].lineno - 1
    target.write_text("".join([*lines[:last], text, "\n\n", *lines[last:]]), encoding="utf-8")


def contents(root: Path) -> dict[str, bytes]:
    """Every file of what is copied, those left out that Python writes, by its path below `root`."""
    found = [one for name in COPIED for one in [root / name, *(root / name).rglob("*")] if one.is_file()]
    return {one.relative_to(root).as_posix(): one.read_bytes() for one in found if "__pycache__" not in one.parts}


def test_every_extension_is_as_few_files_as_it_shall_be_and_works_beside_all_others(tmp_path: Path) -> None:
    copied(tmp_path)
    here = before = contents(ROOT)
    for extension in TRIED:
        extend(tmp_path, extension)
        there = contents(tmp_path)
        differing = [name for name in here.keys() | there.keys() if here.get(name) != there.get(name)]
        assert len(differing) == EXTENSIONS[extension][2], (extension, differing)
        here = there
    proofs = [f"api_tests/house/{extension}/proof.py" for extension in TRIED]
    laws = sorted({tests for tests, _ in LAWS.values()})
    selected = " or ".join(["proof", *(f"({one})" for _, one in LAWS.values())])
    line = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *proofs, *laws, "-k", selected]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    after = contents(tmp_path)
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == {
        name for name in here.keys() | before.keys() if before.get(name) != here.get(name)
    }, "the tests write no file"


def test_the_script_prints_every_row_and_follows_a_request_into_its_worker_process() -> None:
    line = [sys.executable, "benchmarks/house.py", "-v"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    for words, *_ in EXTENSIONS.values():
        assert f"files to write for {words}" in done.stdout
    opened = done.stdout.partition("files opened:")[2].partition("\n\n")[0]
    assert {"http/", "simulation/", "processes/", "nn/"} <= {
        f"{name.strip().partition('/')[0]}/" for name in opened.splitlines()
    }


@pytest.fixture
def small(tmp_path: Path) -> House:
    for name, text in SMALL.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return House(tmp_path)


def test_public_names_are_those_that_a_reader_must_know(small: House) -> None:
    assert sorted(small.names()) == [
        ("ANY", "nn/tanh.py"),
        ("Array", "core/arrays.py"),
        ("LOW", "core/arrays.py"),
        ("LOW", "nn/tanh.py"),
    ]
    assert small.lines_to_a_name() == sum(text.count("\n") for text in SMALL.values()) / 4
    assert small.defined_twice() == {"LOW": ["core/arrays.py", "nn/tanh.py"]}


def test_rooms_are_folders_with_python(small: House) -> None:
    assert small.rooms() == (["charts", "core", "grading", "nn"], ["main.py"])


def test_a_function_of_arrays_that_names_no_shape_is_found(small: House) -> None:
    assert [one.rpartition(" ")[2] for one in small.without_shape()] == ["own", "_coded"]


def test_a_docstring_of_three_words_is_found(small: House) -> None:
    assert small.short_docstrings() == ["nn/tanh.py:8 Three short words."]


def test_a_public_name_has_lines_to_it() -> None:
    found = HOUSE.lines_to_a_name()
    assert found >= LINES_TO_A_NAME, f"{found:.1f} lines to each of {len(HOUSE.names())} public names"


def test_rooms_are_few() -> None:
    folders, beside = HOUSE.rooms()
    assert len(folders) <= FOLDERS, folders
    assert len(beside) <= FILES_BESIDE, beside


def test_one_request_opens_few_files() -> None:
    program = "from benchmarks.followed import followed; print(*sorted(followed().main))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    opened = done.stdout.split()
    assert len(opened) <= FILES_OPENED, opened


def test_functions_of_arrays_name_their_shapes_and_docstrings_say_something() -> None:
    assert HOUSE.without_shape() == []
    assert HOUSE.short_docstrings() == []
