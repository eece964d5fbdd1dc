"""The rooms of the house: who may import whom, what may stand where, and how large a file may be."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SERVICE = Path(__file__).resolve().parent.parent / "service"

# Every room with the third parties it may import; its own rooms are all that stand above it.
ROOMS: dict[str, set[str]] = {
    "core": {
        "ml_dtypes",
        "numpy",
        "pydantic",
        "pydantic_core",
        "pydantic_settings",
        "pythonjsonlogger",
        "scipy",
        "typing_extensions",
    },
    "formulas": {"flint", "numpy"},
    "nn": {"numpy", "pydantic", "pydantic_core", "typing_extensions"},
    "theory": {"flint", "numpy", "pydantic", "pydantic_core"},
    "processes": {"anyio"},
    "simulation": {"numpy", "pydantic", "pydantic_core"},
    "studies": {"pydantic", "pydantic_core"},
    "grading": {"flint", "pydantic", "pydantic_core", "typing_extensions"},
    "charts": {"altair", "anyio", "jinja2", "numpy", "platformdirs", "vl_convert"},
    "imports": {"numpy", "pydantic", "typing_extensions"},
    "store": {"alembic", "anyio", "platformdirs", "pydantic", "sqlalchemy"},
    "jobs": {"anyio", "dbos", "pydantic", "sqlalchemy"},
    "http": {
        "anyio",
        "brotli",
        "fastapi",
        "fastapi_offline",
        "h11",
        "opentelemetry",
        "prometheus_client",
        "pydantic",
        "pydantic_core",
        "starlette",
        "typing_extensions",
        "uvicorn",
        "zstandard",
    },
    "cli": {"anyio", "pydantic", "rich"},
}
ROOTS = {"__init__.py", "__main__.py", "main.py"}
"""The files beside the rooms: what puts all together, and what starts it."""
FORBIDDEN = {
    "formulas": set(ROOMS) - {"core", "formulas"},
    "theory/mean_field.py": {"simulation"},
    "nn": {"theory"},
}
LIMITS = {"lines of a file": 300, "lines of a function": 40, "arguments": 5, "nesting": 2}
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.AsyncFor, ast.AsyncWith, ast.Match)
FILES = sorted(SERVICE.rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def name_of(file: Path) -> str:
    return file.relative_to(SERVICE).as_posix()


def room_of(file: Path) -> str:
    return file.relative_to(SERVICE).parts[0]


class Running(ast.NodeTransformer):
    """Drops what is imported for the type checker alone."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]
        return self.generic_visit(node)


@cache
def imports_of(file: Path) -> frozenset[str]:
    tree = Running().visit(ast.parse(file.read_text(encoding="utf-8")))
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return frozenset(plain | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)})


def functions() -> Iterator[tuple[Path, Function]]:
    for file in FILES:
        for node in ast.walk(tree_of(file)):
            if isinstance(node, Function):
                yield file, node


def test_every_file_is_in_a_room() -> None:
    assert {room_of(file) for file in FILES} == set(ROOMS) | ROOTS


def test_a_room_imports_only_from_rooms_above_it() -> None:
    rooms, found = list(ROOMS), []
    for file in FILES:
        room = room_of(file)
        above = set(rooms if room in ROOTS else rooms[: rooms.index(room) + 1]) - FORBIDDEN.get(room, set())
        own = {module.split(".")[1] for module in imports_of(file) if module.startswith("service.")}
        allowed = above | ({"main"} if name_of(file) == "__main__.py" else set())
        found += [f"{name_of(file)} imports {sorted(own - allowed)}"] if own - allowed else []
    assert not found, "\n".join(found)


def test_a_room_imports_only_its_third_parties() -> None:
    known, found = set(sys.stdlib_module_names) | {"service"}, []
    for file in FILES:
        foreign = {module.split(".")[0] for module in imports_of(file)} - known
        strange = foreign - ROOMS.get(room_of(file), {"uvicorn"})
        found += [f"{name_of(file)} imports {sorted(strange)}"] if strange else []
    assert not found, "\n".join(found)


def test_statuses_stand_in_two_files() -> None:
    """The table of what is answered, and what the document says of it."""
    files = [file for file in FILES if "HTTPStatus" in file.read_text(encoding="utf-8")]
    assert [name_of(file) for file in files] == ["http/failures.py", "http/problems.py"]


def test_files_and_functions_are_small() -> None:
    found = [
        f"{name_of(file)}: {lines} lines"
        for file in FILES
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > LIMITS["lines of a file"]
    ]
    for file, function in functions():
        arguments = [one for one in [*function.args.args, *function.args.kwonlyargs] if one.arg not in ("self", "cls")]
        sizes = {
            "lines of a function": (function.end_lineno or 0) - function.lineno + 1,
            "arguments": len(arguments),
            "nesting": nesting(function),
        }
        found += [f"{name_of(file)}: {function.name}: {n} {what}" for what, n in sizes.items() if n > LIMITS[what]]
    assert not found, "\n".join(found)


def nesting(node: ast.AST) -> int:
    """How many blocks stand inside one another; an elif is beside its if, an inner function starts anew."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, nesting(child) + (isinstance(child, BLOCKS) and not is_elif))
    return deepest


def test_nothing_is_evaluated_and_no_exception_is_swallowed() -> None:
    found = []
    for file in FILES:
        for node in ast.walk(tree_of(file)):
            evaluated = isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("eval", "exec", "compile")
            broad = isinstance(node, ast.ExceptHandler) and (
                node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException")
            )
            if evaluated or broad or isinstance(node, ast.Assert):
                found.append(f"{name_of(file)}:{node.lineno}")
    assert not found, "\n".join(found)


def test_no_sentence_has_the_name_of_a_private_function_for_a_word() -> None:
    texts = [
        (name_of(file), node.lineno, node.value)
        for file in FILES
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert not [found for found in texts if " " in found[2] and re.search(r"(?<![\w`.])_[a-z]", found[2])]


def test_no_import_runs_in_a_circle() -> None:
    edges = {
        module_of(file): {one for one in imports_of(file) if one.startswith("service.")} - {module_of(file)}
        for file in FILES
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join([*trail, module])
        if module not in done:
            for imported in edges.get(module, set()):
                visit(imported, (*trail, module))
            done.add(module)

    for module in edges:
        visit(module, ())


def module_of(file: Path) -> str:
    parts = file.relative_to(SERVICE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
