"""How much a newcomer must know: `make house` prints one table, and with `-v` the files and functions behind it.

Every row has what it was when `service/` was cut into 35 rooms, what it shall be, and what it is now:

- **files opened**: one `POST /v1/simulations` of `examples/course/deep_stanh_sigmoid.json` is followed from the request
  to the bytes of the report, in the service and in its worker process, after another request has loaded everything.
  A file is opened where one of its functions runs. The second figure counts those, too, that run in threads.
- **files to write for …**: the hand-written files, new or edited, of an extension, as `api_tests/test_house.py` tries
  it in a copy of the repository: the files below `api_tests/house/<extension>/service`.
- **lines to a public name**: lines of `service/**/*.py` for each function, class or constant that is defined at the top
  of a module and has no leading underscore. Members of a family, which are looked up by their kind, are not counted.
- **folders with Python, and files beside them**: what stands directly below `service/`.
- **names defined twice**: the same public name at the top of two modules.
- **functions that name no shape**: functions that take arrays, and neither a tuple of axes nor the word "shape" stands
  in their docstring, that of their class, or a comment of theirs. A method that overrides is described where it is
  declared.
- **docstrings of three words or fewer**: of classes and functions.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.followed import Traced, followed  # noqa: E402 - the root is on the path only now

FILES_OPENED, LINES_TO_A_NAME, FOLDERS, FILES_BESIDE = 72, 32, 14, 3
"""The limits beyond which `api_tests/test_house.py` fails; a request of one who may be anybody passes many doors."""
EXTENSIONS = {
    "activation": ("an activation", "1", 1),
    "initializer": ("an initialiser", "1", 1),
    "loss": ("a loss", "1", 1),
    "claim": ("a claim", "1", 1),
    "grading_format": ("a grading format", "1", 1),
    "parameter_layer": ("a layer with parameters", "5, or impossible", 1),
    "container_layer": ("a layer that contains others", "5, or impossible", 1),
    "chart": ("a chart", "5–6", 1),
    "job": ("a kind of job, and its route", "about 12", 2),
}
"""What is tried by the folder that has its files, in words, with the number of files that it was and shall be."""
Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
# A tuple of axes, (trials, samples, features), (n,), (…, 2·n) or (trials, *shape); or the word.
_SHAPE = re.compile(r"\(\s*[*\w…]+(?:\s*[-+·*/]\s*\w+)?\s*,(?:\s*[*\w…]+(?:\s*[-+·*/]\s*\w+)?\s*,?)*\s*\)|\bshapes?\b")


@dataclass(frozen=True)
class House:
    """The Python files below the folder `service`, read and never run."""

    service: Path

    @cached_property
    def texts(self) -> dict[str, str]:
        """The text of every file, by its path below the folder."""
        files = sorted(self.service.rglob("*.py"))
        return {file.relative_to(self.service).as_posix(): file.read_text(encoding="utf-8") for file in files}

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        """The syntax tree of every file."""
        return {name: ast.parse(text) for name, text in self.texts.items()}

    def rooms(self) -> tuple[list[str], list[str]]:
        """The folders directly below that hold Python, and the Python files beside them."""
        parts = [Path(name).parts for name in self.texts]
        return sorted({one[0] for one in parts if len(one) > 1}), [one[0] for one in parts if len(one) == 1]

    def names(self) -> list[tuple[str, str]]:
        """Every public name at the top of a module, without the members of families: the name and its file."""
        return [(name, file) for file, tree in self.trees.items() for name in _public(tree, file)]

    def lines_to_a_name(self) -> float:
        """How many lines of text there are for each public name."""
        return sum(text.count("\n") for text in self.texts.values()) / len(self.names())

    def defined_twice(self) -> dict[str, list[str]]:
        """Public names that are defined in more than one file, with these files."""
        files = defaultdict(list)
        for name, file in self.names():
            files[name].append(file)
        return {name: where for name, where in sorted(files.items()) if len(where) > 1}

    def without_shape(self) -> list[str]:
        """The functions that take arrays and name no shape, as `file:line name`."""
        classes = {
            node.name: node for tree in self.trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
        }
        found = []
        for file, tree in self.trees.items():
            arrays, lines = self._array_names(file), self.texts[file].splitlines()
            for owner, function in _functions(tree):
                text = "\n".join(lines[function.lineno - 1 : function.end_lineno])
                named = _names_shape(text, ast.get_docstring(owner) if owner else None)
                if _takes(function, arrays) and not named and not _overrides(owner, function, classes):
                    found.append(f"{file}:{function.lineno} {function.name}")
        return found

    def short_docstrings(self) -> list[str]:
        """The docstrings of three words or fewer, as `file:line docstring`."""
        nodes = ((file, node) for file, tree in self.trees.items() for node in ast.walk(tree))
        said = [
            (f"{file}:{node.lineno}", ast.get_docstring(node)) for file, node in nodes if isinstance(node, Definition)
        ]
        return [f"{where} {text}" for where, text in said if text and len(text.split()) <= 3]

    def _array_names(self, file: str) -> set[str]:
        """What arrays are called in `file`: NumPy's own names, aliases of it made here, and those imported."""
        tree, names = self.trees[file], {"NDArray", "ndarray"}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("service."):
                source = f"{(node.module or '').removeprefix('service.').replace('.', '/')}.py"
                known = _aliases(self.trees[source]) if source in self.trees else set()
                names |= {one.asname or one.name for one in node.names if one.name in known}
        return names | _aliases(tree)


def _public(tree: ast.Module, file: str) -> set[str]:
    found: set[str] = set()
    for node in _statements(tree.body):
        if isinstance(node, Definition):
            found |= set() if _is_member(node, file) else {node.name}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    return {name for name in found if not name.startswith("_")}


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, and those that it executes under a condition."""
    for node in body:
        yield from _statements([*node.body, *node.orelse]) if isinstance(node, ast.If) else [node]


def _is_member(node: Definition, file: str) -> bool:
    """Whether it is a class with `kind: Literal["its_name"] = "its_name"`, or a format or a chart with its name."""
    tag = "name" if file.startswith(("grading/formats/", "charts/kinds/")) else "kind"
    given = [field.target for field in node.body if isinstance(field, ast.AnnAssign) and field.value is not None]
    given += [target for field in node.body if isinstance(field, ast.Assign) for target in field.targets]
    return isinstance(node, ast.ClassDef) and any(getattr(target, "id", "") == tag for target in given)


def _aliases(tree: ast.Module) -> set[str]:
    """The names at the top of a module that stand for a type of arrays."""
    made = [node for node in tree.body if isinstance(node, ast.Assign) and _mentions(node.value, {"NDArray"})]
    return {one.id for node in made for one in node.targets if isinstance(one, ast.Name)}


def _mentions(node: ast.AST, names: set[str]) -> bool:
    return any(getattr(one, "id", getattr(one, "attr", None)) in names for one in ast.walk(node))


def _functions(tree: ast.AST, owner: ast.ClassDef | None = None) -> Iterator[tuple[ast.ClassDef | None, Function]]:
    """Every function, with the class that it is a method of."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield owner, node
        yield from _functions(node, node if isinstance(node, ast.ClassDef) else None)


def _takes(function: Function, arrays: set[str]) -> bool:
    arguments = [*function.args.args, *function.args.kwonlyargs, *function.args.posonlyargs]
    return any(one.annotation is not None and _mentions(one.annotation, arrays) for one in arguments)


def _overrides(owner: ast.ClassDef | None, function: Function, classes: dict[str, ast.ClassDef]) -> bool:
    """Whether a base of the class, or a base of that, defines a method of the same name."""
    bases = [classes[name] for base in owner.bases if (name := getattr(base, "id", "")) in classes] if owner else []
    declared = any(isinstance(one, Function) and one.name == function.name for base in bases for one in base.body)
    return declared or any(_overrides(base, function, classes) for base in bases if base is not owner)


def _names_shape(function: str, docstring: str | None) -> bool:
    """Whether a docstring or a comment in the text of a function, or the docstring of its class, names a shape."""
    said = [*re.findall(r'"""(.*?)"""', function, re.DOTALL), *re.findall(r"#(.*)", function), docstring or ""]
    return any(_SHAPE.search(one) for one in said)


def files_to_write(extension: str) -> list[Path]:
    """The hand-written files of an extension that is tried; none where it is not."""
    folder = ROOT / "api_tests" / "house" / extension
    return [file for file in sorted((folder / "service").rglob("*")) if file.is_file() and file.suffix != ".pyc"]


def rows(house: House, traced: Traced) -> list[tuple[str, str, str, str]]:
    """The rows of the table: what, what it was, what it shall be, what it is now."""
    names, (folders, beside) = len(house.names()), house.rooms()
    threads = len(traced.main | traced.threads)
    tried = {name: str(len(files_to_write(name)) or "not tried yet") for name in EXTENSIONS}
    return [
        ("what", "was", "shall be", "is now"),
        (
            "files opened by one POST /v1/simulations",
            "51",
            f"≤ {FILES_OPENED}",
            f"{len(traced.main)}, with threads {threads}",
        ),
        *(
            (f"files to write for {words}", was, str(most), tried[name])
            for name, (words, was, most) in EXTENSIONS.items()
        ),
        ("lines to a public name", "20", f"≥ {LINES_TO_A_NAME}", f"{house.lines_to_a_name():.1f}, {names} names"),
        ("folders with Python", "20", f"≤ {FOLDERS}", str(len(folders))),
        ("files beside them", "16", f"≤ {FILES_BESIDE}", str(len(beside))),
        ("names defined twice", "76", "", str(len(house.defined_twice()))),
        ("functions that take arrays and name no shape", "43", "0", str(len(house.without_shape()))),
        ("docstrings of three words or fewer", "96", "0", str(len(house.short_docstrings()))),
    ]


def main() -> None:
    """Print the table and the names that are defined twice; with `-v` everything else that was counted."""
    house, traced = House(ROOT / "service"), followed()
    table = rows(house, traced)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    listed = {"names defined twice": [f"{name}: {', '.join(where)}" for name, where in house.defined_twice().items()]}
    if "-v" in sys.argv[1:]:
        listed["files opened"] = sorted(traced.main)
        listed["files opened in threads alone"] = sorted(traced.threads - traced.main)
        listed["functions that take arrays and name no shape"] = house.without_shape()
        listed["docstrings of three words or fewer"] = house.short_docstrings()
    for title, lines in listed.items():
        print(f"\n{title}:", *lines, sep="\n  ")


if __name__ == "__main__":
    main()
